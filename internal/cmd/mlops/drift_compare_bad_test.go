package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

const badRows = 400

// lines are rows of a table: a header where there is one, then one line for each row.
func lines(header string, rows int, line func(row int) string) []byte {
	var text bytes.Buffer
	if header != "" {
		text.WriteString(header + "\n")
	}
	for row := range rows {
		text.WriteString(line(row) + "\n")
	}
	return text.Bytes()
}

func goodCSV(rows int) []byte {
	return lines("x,y", rows, func(row int) string { return fmt.Sprintf("%d,%s", row*37%101, []string{"red", "green", "blue"}[row%3]) })
}

func goodJSON(rows int) []byte {
	return lines("", rows, func(row int) string {
		return fmt.Sprintf(`{"x":%d,"y":"%s"}`, row*37%101, []string{"red", "green", "blue"}[row%3])
	})
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	writer := gzip.NewWriter(&to)
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

func zstandard(t *testing.T, content []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return encoder.EncodeAll(content, nil)
}

type badRow struct {
	X float64 `parquet:"x"`
	Y string  `parquet:"y"`
}

func parquetOf(t *testing.T, x func(row int) float64, y string) []byte {
	t.Helper()
	var to bytes.Buffer
	writer := parquet.NewGenericWriter[badRow](&to, parquet.Compression(&parquet.Zstd))
	for row := range badRows {
		if _, err := writer.Write([]badRow{{X: x(row), Y: y}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

func numberOf(row int) float64 { return float64(row * 37 % 101) }

// broken changes a byte in the middle.
func broken(content []byte) []byte {
	changed := bytes.Clone(content)
	for i := range 8 {
		changed[len(changed)/2+i] ^= 0x5a
	}
	return changed
}

func csvWith(cell func(row int) string) []byte {
	return lines("x,y", badRows, func(row int) string { return cell(row) + ",red" })
}

// every is a cell that is bad in one of so many rows.
func every(n int, bad string) func(int) string {
	return func(row int) string {
		if row%n == 0 {
			return bad
		}
		return strconv.Itoa(row * 37 % 101)
	}
}

// What is wrong with a file is a fault or a note in the report, or an error that names the file and, in text, the line.
func TestDriftCompareBadInput(t *testing.T) {
	good := goodCSV(badRows)
	wide := func(shift int) []byte {
		names, cells := make([]string, 10_000), make([]string, 10_000)
		for i := range names {
			names[i] = "f" + strconv.Itoa(i)
		}
		return lines(strings.Join(names, ","), 120, func(row int) string {
			for i := range cells {
				cells[i] = strconv.Itoa((row*7919 + i*31 + shift) % 1009)
			}
			return strings.Join(cells, ",")
		})
	}
	tests := map[string]struct {
		name, referenceName string
		reference, current  []byte
		wantError           []string // parts of the error
		verdict             string
		want                string // a part of the report
	}{
		"NaN":                     {name: "b.csv", reference: good, current: csvWith(every(2, "NaN")), verdict: "data_quality", want: "50 % of x is null"},
		"infinities":              {name: "b.csv", reference: good, current: csvWith(every(4, "-Inf")), verdict: "data_quality", want: "25 % of x is no number"},
		"infinities in Parquet":   {name: "b.parquet", reference: good, current: parquetOf(t, func(row int) float64 { return []float64{math.Inf(1), numberOf(row)}[row%2] }, "red"), verdict: "data_quality", want: "50 % of x is no number"},
		"NaN in Parquet":          {name: "b.parquet", reference: good, current: parquetOf(t, func(row int) float64 { return []float64{math.NaN(), numberOf(row)}[row%2] }, "red"), verdict: "data_quality", want: "50 % of x is null"},
		"empty column":            {name: "b.csv", reference: good, current: csvWith(func(int) string { return "" }), verdict: "data_quality", want: "100 % of x is null"},
		"empty in the reference":  {name: "b.csv", reference: csvWith(func(int) string { return "" }), current: good, want: "x is a text column: not compared"},
		"one row":                 {name: "b.csv", reference: good, current: goodCSV(1), verdict: "insufficient"},
		"one row of reference":    {name: "b.csv", reference: goodCSV(1), current: good, verdict: "insufficient"},
		"all null":                {name: "b.jsonl", reference: good, current: lines("", badRows, func(int) string { return `{"x":null,"y":null}` }), verdict: "data_quality", want: "100 % of x is null"},
		"nothing but null":        {name: "b.jsonl", referenceName: "a.jsonl", reference: lines("", badRows, func(int) string { return `{"x":null}` }), current: goodJSON(badRows)},
		"mixed types":             {name: "b.csv", reference: good, current: csvWith(every(10, "ten")), verdict: "data_quality", want: "10 % of x is no number"},
		"numbers as strings":      {name: "b.jsonl", referenceName: "a.jsonl", reference: lines("", badRows, func(row int) string { return fmt.Sprintf(`{"x":"%d","y":"red"}`, row*37%101) }), current: goodJSON(badRows), want: `"type": "number"`},
		"10,000 features":         {name: "b.csv", reference: wide(0), current: wide(5), want: `"f9999"`},
		"10,001 keys":             {name: "b.jsonl", reference: good, current: lines("", 10_001, func(row int) string { return fmt.Sprintf(`{"k%d":1}`, row) }), wantError: []string{"b.jsonl", "line 10001", "more than 10000 columns"}},
		"an empty file":           {name: "b.csv", reference: good, wantError: []string{"b.csv", "empty"}},
		"truncated gzip":          {name: "b.csv.gz", reference: good, current: half(gzipped(t, good)), wantError: []string{"b.csv.gz", "line", "gzip stream ends in the middle"}},
		"corrupt gzip":            {name: "b.csv.gz", reference: good, current: broken(gzipped(t, good)), wantError: []string{"b.csv.gz", "gzip stream is broken"}},
		"truncated gzip of JSON":  {name: "b.jsonl.gz", reference: good, current: half(gzipped(t, goodJSON(badRows))), wantError: []string{"b.jsonl.gz", "line", "gzip stream ends in the middle"}},
		"truncated zstd":          {name: "b.jsonl.zst", reference: good, current: half(zstandard(t, goodJSON(5000))), wantError: []string{"b.jsonl.zst", "zstd stream ends in the middle"}},
		"corrupt zstd":            {name: "b.csv.zst", reference: good, current: broken(zstandard(t, goodCSV(5000))), wantError: []string{"b.csv.zst", "zstd stream is broken"}},
		"truncated Parquet":       {name: "b.parquet", reference: good, current: parquetOf(t, numberOf, "red")[:500], wantError: []string{"b.parquet", "not a whole Parquet file"}},
		"corrupt Parquet":         {name: "b.parquet", reference: good, current: corruptPages(parquetOf(t, numberOf, "red")), wantError: []string{"b.parquet", `column "`, "damaged"}},
		"Parquet within gzip":     {name: "b.parquet.gz", reference: good, current: gzipped(t, parquetOf(t, numberOf, "red")), wantError: []string{"b.parquet.gz", "compressed as a whole"}},
		"invalid UTF-8 in CSV":    {name: "b.csv", reference: good, current: []byte("x,y\n1,red\n2,\xff\n"), wantError: []string{"b.csv", "line 3", "UTF-8"}},
		"invalid UTF-8 in header": {name: "b.csv", reference: good, current: []byte("x,\xff\n1,red\n"), wantError: []string{"b.csv", "line 1", "UTF-8"}},
		"invalid UTF-8 in JSON":   {name: "b.jsonl", reference: good, current: []byte("{\"x\":1}\n{\"y\":\"\xff\"}\n"), wantError: []string{"b.jsonl", "line 2", "UTF-8"}},
		"invalid UTF-8 in Parquet": {name: "b.parquet", reference: good, current: parquetOf(t, numberOf, "\xff"),
			wantError: []string{"b.parquet", `column "y"`, "UTF-8"}},
		"nested JSON":     {name: "b.jsonl", reference: good, current: []byte("{\"x\":1}\n{\"x\":{\"z\":1}}\n"), wantError: []string{"b.jsonl", "line 2", `"x"`}},
		"array":           {name: "b.jsonl", reference: good, current: []byte("[{\"x\":1}]\n"), wantError: []string{"b.jsonl", "line 1", "not an object"}},
		"duplicated keys": {name: "b.jsonl", reference: good, current: []byte("{\"x\":1}\n{\"x\":1,\"x\":2}\n"), wantError: []string{"b.jsonl", "line 2", `"x" twice`}},
		"a number that is none": {name: "b.jsonl", reference: good, current: []byte("{\"x\":1-2}\n"),
			wantError: []string{"b.jsonl", "line 1"}},
		"an open quote": {name: "b.csv", reference: good, current: []byte("x,y\n1,\"red\n2,blue\n"), wantError: []string{"b.csv", "line"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if test.referenceName == "" {
				test.referenceName = "a.csv"
			}
			reference, current := filepath.Join(dir, test.referenceName), filepath.Join(dir, test.name)
			for path, content := range map[string][]byte{reference: test.reference, current: test.current} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			text, err := compare(t, "--reference", reference, "--current", current, "--format", "json")
			if test.wantError != nil {
				if err == nil {
					t.Fatalf("no error, but\n%.2000s", text)
				}
				for _, part := range test.wantError {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("the error lacks %q: %v", part, err)
					}
				}
				return
			}
			if err != nil {
				if name == "nothing but null" { // there is nothing to compare, and that is said
					return
				}
				t.Fatal(err)
			}
			var report struct{ Verdict string }
			if err := json.Unmarshal([]byte(text), &report); err != nil {
				t.Fatal(err)
			}
			if test.verdict != "" && report.Verdict != test.verdict || !strings.Contains(text, test.want) {
				t.Errorf("verdict %s, want %s, and %q in the report:\n%.2000s", report.Verdict, test.verdict, test.want, text)
			}
			for _, format := range []string{"table", "html"} {
				if len(test.current) > 1<<20 { // one is enough of what is large
					continue
				}
				if _, err := compare(t, "--reference", reference, "--current", current, "--format", format); err != nil {
					t.Errorf("%s: %v", format, err)
				}
			}
		})
	}
}

// corruptPages changes every page of a file whose footer stays whole.
func corruptPages(content []byte) []byte {
	changed := bytes.Clone(content)
	for i := 4; i < len(changed)/2; i += 3 {
		changed[i] ^= 0x5a
	}
	return changed
}

// Millions of levels are text or a category, and never the end of the program.
func TestDriftCompareManyLevels(t *testing.T) {
	dir := t.TempDir()
	few, many, most := filepath.Join(dir, "few.csv"), filepath.Join(dir, "many.csv"), filepath.Join(dir, "most.csv")
	level := func(row int) string { return "v" + strconv.Itoa(row) + "," + strconv.Itoa(row%97) }
	for path, rows := range map[string]int{few: 1000, many: 300_000, most: 5_000_000} {
		if err := os.WriteFile(path, lines("name,x", rows, level), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := compare(t, "--reference", many, "--current", few, "--format", "json")
	if err != nil || !strings.Contains(text, "name is a text column: not compared") {
		t.Fatalf("%v\n%.2000s", err, text)
	}
	text, err = compare(t, "--reference", few, "--current", most, "--format", "json", "--type", "name=category")
	if err != nil || !strings.Contains(text, `"name": "name"`) {
		t.Fatalf("%v\n%.2000s", err, text)
	}
}

func half(content []byte) []byte { return content[:len(content)/2] }
