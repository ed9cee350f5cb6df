package blob_test

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
)

// What the store does in a second against Azurite in memory, which is one Node thread: the store's own part is a small one.
func BenchmarkStore(b *testing.B) {
	server := azurite.Shared(b)
	store, err := blob.Open(server.Container(b), nil, blob.Options{AccountKey: server.Key})
	if err != nil {
		b.Fatal(err)
	}
	document := bytes.Repeat([]byte("x"), 512)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
	var number atomic.Int64
	key := func(under string) string { return fmt.Sprintf("%s/%012d.json", under, number.Add(1)) }
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(store.Create(b.Context(), "read.json", document))
	must(store.CreateFrom(b.Context(), "data/large", bytes.NewReader(large)))
	for n := range 5000 {
		must(store.Create(b.Context(), fmt.Sprintf("listed/%012d.json", n), nil))
	}
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			must(store.Create(b.Context(), key("one"), document))
		}
	})
	b.Run("create, 8 at once", func(b *testing.B) {
		b.SetParallelism(4)
		b.RunParallel(func(next *testing.PB) {
			for next.Next() {
				must(store.Create(b.Context(), key("eight"), document))
			}
		})
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_, err := store.Read(b.Context(), "read.json")
			must(err)
		}
	})
	b.Run("list 5000", func(b *testing.B) {
		for b.Loop() {
			entries, err := store.List(b.Context(), "listed/", "", 0)
			must(err)
			if len(entries) != 5000 {
				b.Fatalf("%d entries", len(entries))
			}
		}
	})
	b.Run("list one", func(b *testing.B) {
		for b.Loop() {
			_, err := store.List(b.Context(), "listed/", "", 1)
			must(err)
		}
	})
	b.Run("create 16 MiB in blocks", func(b *testing.B) {
		b.SetBytes(int64(len(large)))
		for b.Loop() {
			must(store.CreateFrom(b.Context(), key("data"), bytes.NewReader(large)))
		}
	})
	b.Run("open 16 MiB", func(b *testing.B) {
		b.SetBytes(int64(len(large)))
		for b.Loop() {
			stream, err := store.Open(b.Context(), "data/large")
			must(err)
			_, err = io.Copy(io.Discard, stream)
			must(err)
			must(stream.Close())
		}
	})
}
