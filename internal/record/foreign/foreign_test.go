package foreign_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record/foreign"
)

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// told are the records of a deployment, each with its labels, in a few words.
func told(t *testing.T, store *memstore.Store) string {
	t.Helper()
	var records []record.Record
	join := record.NewJoin()
	_, err := record.Scan(context.Background(), store, "delay", time.Time{}, time.Time{}, func(r record.Record) error {
		join.Want(r)
		r.Data, r.Response = slices.Clone(r.Data), slices.Clone(r.Response)
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := join.Read(context.Background(), store, "delay"); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range records {
		lines = append(lines, fmt.Sprintf("%s v%d %s -> %s = %s %s", r.EventTime.Format("02T15:04"), r.ModelVersion, r.Data, r.Response, join.Labels(r), r.Body))
	}
	return strings.Join(lines, "\n")
}

const scored = `at,miles,origin,p,late,id
2001-02-12T08:00:00Z,502,TXL,0.25,true,c-1
2001-02-12T09:30:00Z,503.5,"S""F",0.5,,
2001-02-12T08:10:00Z,,007,,false,c-3
`

func columns() foreign.Import {
	return foreign.Import{Deployment: "delay", TimestampColumn: "at", PredictionColumn: "p", LabelColumn: "late", CorrelationColumn: "id", ModelVersion: 4}
}

func TestTablesBecomeRecords(t *testing.T) {
	store := memstore.New()
	path := file(t, "scored.csv", scored)
	result, err := columns().Files(t.Context(), store, []string{path})
	if err != nil || result.Records != 3 || result.Rows != 3 || result.Labels != 2 || result.Segments != 3 || !strings.HasPrefix(result.Instance, "import-") {
		t.Fatalf("%+v, %v", result, err)
	}
	want := `12T08:00 v4 [{"at":"2001-02-12T08:00:00Z","miles":502,"origin":"TXL"}] -> [{"prediction":0.25}] = [true] 
12T08:10 v4 [{"at":"2001-02-12T08:10:00Z","miles":null,"origin":"007"}] ->  = [false] 
12T09:30 v4 [{"at":"2001-02-12T09:30:00Z","miles":503.5,"origin":"S\"F"}] -> [{"prediction":0.5}] = [] `
	if got := told(t, store); got != want {
		t.Errorf("the records are\n%s\nwant\n%s", got, want)
	}
	keys := fmt.Sprint(store.Keys(""))
	again, err := columns().Files(t.Context(), store, []string{path})
	if err != nil || again.Segments != 0 || again.Existing != 3 || fmt.Sprint(store.Keys("")) != keys {
		t.Errorf("a second import: %+v, %v", again, err)
	}
	// Other settings make other records.
	other := columns()
	other.ModelVersion = 5
	if more, err := other.Files(t.Context(), store, []string{path}); err != nil || more.Segments != 3 || more.Instance == result.Instance {
		t.Errorf("with another version: %+v, %v", more, err)
	}
}

// An import that was cut off is finished by the next one.
func TestImportGoesOnWhereItWasCutOff(t *testing.T) {
	path := file(t, "scored.csv", scored)
	whole := memstore.New()
	if _, err := columns().Files(t.Context(), whole, []string{path}); err != nil {
		t.Fatal(err)
	}
	for cut := range 3 {
		store := memstore.New()
		writes := 0
		store.Before = func(verb, _ string) error {
			if verb == memstore.VerbCreate {
				if writes++; writes == cut+1 {
					return errors.New("killed")
				}
			}
			return nil
		}
		if _, err := columns().Files(t.Context(), store, []string{path}); err == nil {
			t.Fatal("it was not cut off")
		}
		if _, err := columns().Files(t.Context(), store, []string{path}); err != nil || fmt.Sprint(store.Keys("")) != fmt.Sprint(whole.Keys("")) {
			t.Errorf("cut at %d: %v, %v", cut, store.Keys(""), err)
		}
	}
}

// What one project prints, another one takes.
func TestOwnRecordsAreTaken(t *testing.T) {
	from := memstore.New()
	if _, err := columns().Files(t.Context(), from, []string{file(t, "scored.csv", scored)}); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, key := range from.Keys("") {
		content, err := from.Read(t.Context(), key)
		if err == nil {
			content, err = record.Decompress(content)
		}
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(content)
	}
	path := file(t, "printed.jsonl", strings.ReplaceAll(lines.String(), `"delay"`, `"elsewhere"`))
	to := memstore.New()
	result, err := foreign.Import{Deployment: "delay"}.Files(t.Context(), to, []string{path})
	if err != nil || result.Records != 3 || result.Labels != 2 {
		t.Errorf("%+v, %v", result, err)
	}
	if got, want := told(t, to), told(t, from); got != want {
		t.Errorf("the records are\n%s\nwant\n%s", got, want)
	}
}

func azure(collection, id, correlationID, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/subscriptions/S","type":"azureml.inference.%s","datacontenttype":"application/json","time":"2026-01-02T03:04:05Z","data":%s,"correlationid":%q,"modelversion":"3","collectdatatype":"pandas.core.frame.DataFrame"}`+"\n",
		id, collection, data, correlationID)
}

func TestAzureRecordsAreJoined(t *testing.T) {
	inputs := file(t, "inputs.jsonl", azure("model_inputs", "i1", "c-1", `[{"at":"2001-02-12T08:00:00Z","miles":502}]`)+
		azure("model_inputs", "i2", "c-2", `[{"miles":1},{"miles":2}]`)+
		strings.Replace(azure("model_inputs", "i3", "c-3", `"https://elsewhere"`), `"correlationid"`, `"datainblob":"true","correlationid"`, 1))
	outputs := file(t, "outputs.jsonl", azure("model_outputs", "o1", "c-1", `[{"probability":0.25}]`)+
		azure("model_outputs", "o9", "c-9", `[{"probability":0.5}]`)+azure("notes", "n", "c-1", `[{"x":1}]`))
	store := memstore.New()
	result, err := foreign.Import{Deployment: "delay", TimestampColumn: "at"}.Files(t.Context(), store, []string{inputs, outputs})
	if err != nil || result.Records != 3 || result.Rows != 3 || result.Passed != 2 {
		t.Errorf("%+v, %v", result, err)
	}
	want := `12T08:00 v3 [{"at":"2001-02-12T08:00:00Z","miles":502}] -> [{"probability":0.25}] = [] 
02T03:04 v3 [{"miles":1},{"miles":2}] ->  = [] 
02T03:04 v3  ->  = [] not captured: it is too large`
	if got := told(t, store); got != want {
		t.Errorf("the records are\n%s\nwant\n%s", got, want)
	}
}

// What cannot be taken is named, with its line, and nothing is written.
func TestBadFilesAreNamed(t *testing.T) {
	good := azure("model_inputs", "i1", "c-1", `[{"miles":502}]`)
	own, err := json.Marshal(record.Record{
		Schema: record.Schema, ID: "r", Deployment: "delay", Instance: "a", EventTime: time.Unix(0, 0).UTC(), Sequence: 1, Data: json.RawMessage(`[3]`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		given         foreign.Import
		file, content string
		want          string
	}{
		"no time column named":   {foreign.Import{Deployment: "delay"}, "a.csv", scored, "--timestamp-column"},
		"no such time column":    {foreign.Import{Deployment: "delay", TimestampColumn: "when"}, "a.csv", scored, `no column "when"; there is at, miles`},
		"no such label column":   {foreign.Import{Deployment: "delay", TimestampColumn: "at", LabelColumn: "x"}, "a.csv", scored, `no column "x"`},
		"a time that is none":    {columns(), "a.csv", scored + "soon,1,A,0.5,,c\n", `1 cells of "at" are no time (rows 4 ...)`},
		"an id that is none":     {columns(), "a.csv", scored + "2001-02-12T08:00:00Z,1,A,0.5,,a b\n", `row 4: invalid: column "id"`},
		"an empty file":          {columns(), "a.csv", "", "a.csv"},
		"half a line":            {foreign.Import{Deployment: "delay"}, "a.jsonl", good + `{"type":"azureml`, "line 2"},
		"rows that are none":     {foreign.Import{Deployment: "delay"}, "a.jsonl", good + azure("model_inputs", "i", "c", `[1]`), "line 2"},
		"a line without id":      {foreign.Import{Deployment: "delay"}, "a.jsonl", azure("model_inputs", "", "c", `[]`), "lacks id"},
		"only other collections": {foreign.Import{Deployment: "delay"}, "a.jsonl", azure("notes", "i", "c", `[]`), "no record was found"},
		"own rows that are none": {foreign.Import{Deployment: "delay"}, "a.jsonl", string(own) + "\n", "line 1"},
		"a bad name":             {foreign.Import{Deployment: "Delay!"}, "a.csv", scored, "deployment"},
	} {
		store := memstore.New()
		_, err := test.given.Files(t.Context(), store, []string{file(t, test.file, test.content)})
		if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if keys := store.Keys(""); len(keys) > 0 {
			t.Errorf("%s: it wrote %v", name, keys)
		}
	}
	if _, err := columns().Files(t.Context(), memstore.New(), []string{"/nowhere.csv"}); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("a missing file: %v", err)
	}
	dry := columns()
	dry.DryRun = true
	store := memstore.New()
	if result, err := dry.Files(t.Context(), store, []string{file(t, "a.csv", scored)}); err != nil || result.Records != 3 || len(store.Keys("")) > 0 {
		t.Errorf("a dry run: %+v, %v, wrote %v", result, err, store.Keys(""))
	}
}

// Segments of a large file are cut by size, not by what memory there is, and sequences have no gap.
func TestLargeFilesAreCut(t *testing.T) {
	var content strings.Builder
	content.WriteString("at,text\n")
	for i := range 3000 {
		fmt.Fprintf(&content, "2001-02-12T%02d:00:00Z,%s\n", i%2, strings.Repeat("x", 4000))
	}
	store := memstore.New()
	result, err := foreign.Import{Deployment: "delay", TimestampColumn: "at"}.Files(t.Context(), store, []string{file(t, "a.csv", content.String())})
	if err != nil || result.Segments < 4 || result.Segments > 8 {
		t.Fatalf("%+v, %v", result, err)
	}
	seen := map[int64]bool{}
	_, err = record.Scan(t.Context(), store, "delay", time.Time{}, time.Time{}, func(r record.Record) error {
		seen[r.Sequence] = true
		return nil
	})
	if err != nil || len(seen) != 3000 || !seen[1] || !seen[3000] {
		t.Errorf("%d sequences, %v", len(seen), err)
	}
}
