package main

import "testing"

func BenchmarkRecordLines(b *testing.B) {
	for _, shuffled := range []bool{false, true} {
		content := recordLinesOf(shuffled)
		b.Run(map[bool]string{false: "in one order", true: "in any order"}[shuffled], func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if err := readRecords(content); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
