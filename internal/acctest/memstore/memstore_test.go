package memstore_test

import (
	"errors"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestCreateOnce(t *testing.T) {
	store := memstore.New()
	if err := store.Create(t.Context(), "a/1.json", []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), "a/1.json", []byte("two")); !errors.Is(err, mlops.ErrExists) {
		t.Fatalf("second create: %v", err)
	}
	data, err := store.Read(t.Context(), "a/1.json")
	if err != nil || string(data) != "one" {
		t.Fatalf("read: %q, %v", data, err)
	}
	if _, err := store.Open(t.Context(), "a/2.json"); !errors.Is(err, mlops.ErrNotFound) {
		t.Fatalf("open of nothing: %v", err)
	}
	if err := store.Create(t.Context(), "A/../b", nil); !errors.Is(err, mlops.ErrInvalid) {
		t.Fatalf("bad key: %v", err)
	}
	if got := store.CallCounts(); got[memstore.VerbCreate] != 2 || got[memstore.VerbRead] != 2 {
		t.Fatalf("calls: %v", got)
	}
}

func TestListFromCursor(t *testing.T) {
	store := memstore.New()
	for _, key := range []string{"a/3", "a/1", "b/1", "a/2"} {
		store.Put(key, []byte(key))
	}
	entries, err := store.List(t.Context(), "a/", "a/1", 1)
	if err != nil || len(entries) != 1 || entries[0].Key != "a/2" || entries[0].Size != 3 {
		t.Fatalf("list: %v, %v", entries, err)
	}
}

func TestHooks(t *testing.T) {
	store := memstore.New()
	broken := errors.New("broken")
	store.Before = func(_, key string) error {
		if key == "before" {
			return broken
		}
		return nil
	}
	store.After = func(_, key string) error {
		if key == "after" {
			return broken
		}
		return nil
	}
	for _, key := range []string{"before", "after"} {
		if err := store.Create(t.Context(), key, nil); !errors.Is(err, broken) {
			t.Fatalf("%s: %v", key, err)
		}
	}
	if keys := store.Keys(""); len(keys) != 1 || keys[0] != "after" {
		t.Fatalf("a call that failed before has no effect, a lost reply has: %v", keys)
	}
}
