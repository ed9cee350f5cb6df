package dataset_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// writeCorpus publishes two versions of today and retires the second, as files of a folder.
func writeCorpus(t *testing.T, to string) {
	store := memstore.New()
	for i := range 2 {
		asked := request(store, writeFile(t, "a.csv", header+flightRows(i, 10)))
		asked.NewWriter = func() string { return "corpus" }
		if _, err := dataset.Publish(t.Context(), asked); err != nil {
			t.Fatal(err)
		}
	}
	if err := dataset.Retire(t.Context(), store, "flights", 2); err != nil {
		t.Fatal(err)
	}
	for _, key := range store.Keys("") {
		data, err := store.Read(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Versions that were ever published can be read for ever. The corpus only grows: when a document changes, a new folder joins.
// MLOPS_WRITE_CORPUS=<folder> writes what today's publisher makes.
func TestCorpus(t *testing.T) {
	if to := os.Getenv("MLOPS_WRITE_CORPUS"); to != "" {
		writeCorpus(t, to)
	}
	folders, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) { checkCorpus(t, os.DirFS(folder)) })
	}
}

func checkCorpus(t *testing.T, files fs.FS) {
	store := memstore.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		store.Put(path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	versions, err := dataset.Versions(t.Context(), store, "flights")
	if want := []dataset.Version{{Number: 1}, {Number: 2, Retired: true}}; err != nil || !slices.Equal(versions, want) {
		t.Fatalf("versions: %v, %v", versions, err)
	}
	first, found, err := dataset.Latest(t.Context(), store, "flights")
	if err != nil || !found || first.Number != 1 || first.Rows != 10 || first.Training.Rows != 8 || first.Training.From.IsZero() || first.SplitRule == "" {
		t.Fatalf("latest: %+v, %v", first, err)
	}
	profile, err := dataset.Profile(t.Context(), store, first)
	if err != nil || profile.Rows != 8 || profile.Columns["miles"].Number == nil || profile.Columns["late"].Category == nil {
		t.Fatalf("profile: %+v, %v", profile, err)
	}
	second, err := dataset.Read(t.Context(), store, "flights", 2)
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	left, excluded, err := dataset.HoldoutWithout(t.Context(), store, first.Holdout, []mlops.Split{first.Training, second.Training}, &rows)
	if err != nil || left != 1 || excluded != 1 {
		t.Fatalf("holdout: %d left, %d excluded, %v", left, excluded, err)
	}
}
