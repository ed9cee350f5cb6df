package foreign_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record/foreign"
)

func gzipped(t *testing.T, content string) string {
	t.Helper()
	var to bytes.Buffer
	writer := gzip.NewWriter(&to)
	if _, err := writer.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return to.String()
}

// Lines and tables are taken as well where they are compressed, whatever the file is called; cut or damaged, nothing of them is.
func TestCompressedFilesAreTaken(t *testing.T) {
	zstandard := func(content string) string { return string(record.NewCompressor().Compress(nil, []byte(content))) }
	var lines strings.Builder
	random := rand.New(rand.NewPCG(5, 5)) //nolint:gosec // seeded on purpose
	for i := range 3000 {
		lines.WriteString(azure("model_inputs", fmt.Sprint("i", i), fmt.Sprint("c-", i), fmt.Sprintf(`[{"miles":%v}]`, random.Float64())))
	}
	for name, test := range map[string]struct {
		given         foreign.Import
		file, content string
	}{
		"lines": {foreign.Import{Deployment: "delay"}, "a.jsonl", lines.String()},
		"table": {columns(), "a.csv", scored},
	} {
		plain := memstore.New()
		if _, err := test.given.Files(t.Context(), plain, []string{file(t, test.file, test.content)}); err != nil {
			t.Fatal(err)
		}
		want := told(t, plain)
		for extension, content := range map[string]string{".gz": gzipped(t, test.content), ".zst": zstandard(test.content)} {
			for _, named := range []string{test.file + extension, test.file} {
				store := memstore.New()
				if _, err := test.given.Files(t.Context(), store, []string{file(t, named, content)}); err != nil || told(t, store) != want {
					t.Errorf("%s as %s: %v, other records: %t", name, named, err, told(t, store) != want)
				}
			}
			damaged := []byte(content)
			for i := range 8 {
				damaged[len(damaged)/2+i] ^= 0x5a
			}
			for what, bad := range map[string]string{"ends in the middle": content[:len(content)/2], "is broken": string(damaged)} {
				store := memstore.New()
				_, err := test.given.Files(t.Context(), store, []string{file(t, test.file+extension, bad)})
				if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), test.file+extension) || name == "lines" && !strings.Contains(err.Error(), ", line ") {
					t.Errorf("%s%s that %s: %v", name, extension, what, err)
				}
				if keys := store.Keys(""); len(keys) > 0 {
					t.Errorf("%s%s that %s: wrote %v", name, extension, what, keys)
				}
			}
		}
	}
}
