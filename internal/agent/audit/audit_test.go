package audit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// written is a project with a log of six events, sealed after the fourth.
func written(t *testing.T) (*memstore.Store, *project.Project) {
	store := memstore.New()
	in := project.Open(platform.Platform{Store: store}, "0.1.0")
	now := time.Date(2001, 2, 1, 3, 0, 0, 0, time.UTC)
	in.Now = func() time.Time { return now }
	state := mlops.NewState("delay")
	for i := range 6 {
		var err error
		if state, err = in.AppendModel(t.Context(), state, mlops.Event{Type: mlops.RequestAnswered, Reason: fmt.Sprint("number ", i+1)}); err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			heads := map[string]eventlog.Head{"logs/delay": {Sequence: state.Sequence, SHA256: state.SHA256}}
			for range 2 { // the second time the hour is sealed already
				if err := audit.Seal(t.Context(), in, heads); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return store, in
}

const fourth = "logs/delay/000000000004.json"

func TestVerify(t *testing.T) {
	tests := map[string]struct {
		tamper func(t *testing.T, store *memstore.Store)
		key    string
		says   string
	}{
		"untouched": {func(*testing.T, *memstore.Store) {}, "", ""},
		"an event is changed": {func(t *testing.T, store *memstore.Store) {
			edit(t, store, "logs/delay/000000000002.json")
		}, "logs/delay/000000000002.json", "changed"},
		"the last event that was sealed is changed, and all behind it are gone": {func(t *testing.T, store *memstore.Store) {
			edit(t, store, fourth)
			drop(t, store, "logs/delay/000000000005.json", "logs/delay/000000000006.json")
		}, fourth, "not what was sealed"},
		"the log is cut short": {func(t *testing.T, store *memstore.Store) {
			drop(t, store, fourth, "logs/delay/000000000005.json", "logs/delay/000000000006.json")
		}, fourth, "cut off"},
		"an event is missing": {func(t *testing.T, store *memstore.Store) {
			drop(t, store, "logs/delay/000000000005.json")
		}, "logs/delay/000000000005.json", "missing"},
		"the whole log is gone": {func(t *testing.T, store *memstore.Store) {
			drop(t, store, store.Keys("logs/")...)
		}, fourth, "cut off"},
		"garbage": {func(_ *testing.T, store *memstore.Store) {
			store.Put("logs/delay/000000000006.json", []byte("{"))
		}, "logs/delay/000000000006.json", "not JSON"},
		"the seal is garbage": {func(_ *testing.T, store *memstore.Store) {
			store.Put(store.Keys("audit/")[0], []byte("{"))
		}, "audit/2001/02/01/03.json", "not JSON"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store, in := written(t)
			test.tamper(t, store)
			report, err := audit.Verify(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if test.key == "" {
				if !report.Intact() || report.Logs != 1 || report.Events != 6 || report.Seals != 1 {
					t.Errorf("%+v, want one log of six events and one seal, intact", report)
				}
				return
			}
			for _, found := range report.Breaks {
				if found.Key == test.key && strings.Contains(found.Message, test.says) {
					return
				}
			}
			t.Errorf("breaks %+v, want one at %s that says %q", report.Breaks, test.key, test.says)
		})
	}
}

func edit(t *testing.T, store *memstore.Store, key string) {
	t.Helper()
	data, err := store.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	store.Put(key, bytes.Replace(data, []byte("number"), []byte("numbed"), 1))
}

func drop(t *testing.T, store *memstore.Store, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

// Seals that have a store of their own are written there alone and compared from there; those of before count, too.
func TestSealsInAStoreOfTheirOwn(t *testing.T) {
	store, in := written(t)
	seals := memstore.New()
	in.Seals = seals
	state, err := in.Model(t.Context(), "delay")
	if err != nil {
		t.Fatal(err)
	}
	in.Now = func() time.Time { return time.Date(2001, 2, 1, 4, 0, 0, 0, time.UTC) }
	if err := audit.Seal(t.Context(), in, map[string]eventlog.Head{"logs/delay": {Sequence: state.Sequence, SHA256: state.SHA256}}); err != nil {
		t.Fatal(err)
	}
	if len(seals.Keys("")) != 1 || len(store.Keys("audit/")) != 1 {
		t.Errorf("sealed at %v and %v", seals.Keys(""), store.Keys("audit/"))
	}
	if report, err := audit.Verify(t.Context(), in); err != nil || !report.Intact() || report.Seals != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	drop(t, store, "logs/delay/000000000006.json", "audit/2001/02/01/03.json")
	if report, err := audit.Verify(t.Context(), in); err != nil || report.Intact() || !strings.Contains(report.Breaks[0].Message, "cut off: audit/2001/02/01/04.json") {
		t.Errorf("%+v, %v", report, err)
	}
}
