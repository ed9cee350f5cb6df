package audit_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/corpus"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Seals that were ever written are compared with their logs for ever, also once they have fields that are not known today.
// The corpus only grows. MLOPS_WRITE_CORPUS=<folder> writes today's.
func TestCorpus(t *testing.T) {
	if to := corpus.WriteTo(); to != "" {
		store, _ := written(t)
		corpus.Save(t, store, to)
	}
	folders, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, folder := range folders {
		store := corpus.Load(t, folder)
		for how, grow := range map[string]func([]byte) []byte{
			"as written":       func(data []byte) []byte { return data },
			"as written later": func(data []byte) []byte { return corpus.Later(t, data, audit.Sealed{}) },
		} {
			key := "audit/2001/02/01/03.json"
			data, err := store.Read(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			store.Put(key, grow(data))
			var sealed audit.Sealed
			if err := json.Unmarshal(grow(data), &sealed); err != nil || sealed.Schema != audit.SealSchema || sealed.Writer == "" || sealed.Time.Year() != 2001 ||
				len(sealed.Heads) != 1 || sealed.Heads["logs/delay"].Sequence != 4 || len(sealed.Heads["logs/delay"].SHA256) != 64 {
				t.Errorf("%s, %s: %+v, %v", folder, how, sealed, err)
			}
			report, err := audit.Verify(t.Context(), project.Open(platform.Platform{Store: store}, "0.1.0"))
			if err != nil || !report.Intact() || report.Events != 6 || report.Seals != 1 {
				t.Errorf("%s, %s: %+v, %v; want it intact", folder, how, report, err)
			}
		}
	}
}
