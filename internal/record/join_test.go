package record

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

func newLabel(sequence int64, correlationID string, came time.Time, row int64, value string) LabelRecord {
	return LabelRecord{
		Schema: LabelSchema, SpecVersion: SpecVersion, ID: fmt.Sprint("l-", sequence), Source: "deployments/delay", Type: LabelType, Time: came,
		DataContentType: DataContentType, CorrelationID: correlationID, EventTime: came, Deployment: "delay", Instance: "delay-1",
		Data: []Label{{Row: &row, Value: json.RawMessage(value)}}, Sequence: sequence,
	}
}

func putLabel(t *testing.T, store *memstore.Store, l LabelRecord) {
	t.Helper()
	encoded, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	store.Put(LabelKey(l.Deployment, l.Instance, l.EventTime, l.Sequence), AppendLine(nil, encoded, l.Sequence))
}

// The last label of a row counts, whatever the order in which segments are read; labels before the first request are not
// looked for.
func TestJoinTakesTheLastLabel(t *testing.T) {
	store := memstore.New()
	request := newRecord(1, noon)
	request.CorrelationID, request.Rows, request.Data = "c", 3, json.RawMessage(`[{},{},{}]`)
	putLabel(t, store, newLabel(9, "c", noon.Add(time.Hour), 0, `"first"`))
	putLabel(t, store, newLabel(8, "c", noon.Add(2*time.Hour), 0, `"last"`))
	putLabel(t, store, newLabel(3, "c", noon.Add(2*time.Hour), 0, `"at once, but a smaller id"`))
	putLabel(t, store, newLabel(4, "c", noon.Add(-48*time.Hour), 1, `"before it was asked"`))
	putLabel(t, store, newLabel(5, "other", noon.Add(time.Hour), 1, `"of another"`))
	join := NewJoin()
	join.Want(request)
	if err := join.Read(context.Background(), store, "delay"); err != nil {
		t.Fatal(err)
	}
	labels := join.Labels(request)
	if len(labels) != 3 || string(labels[0]) != `"last"` || labels[1] != nil || join.Counts != (JoinCounts{Requests: 1, Labels: 1, Replaced: 2}) {
		t.Errorf("joined %s, %+v", labels, join.Counts)
	}
	if _, held := join.Take(request); !held {
		t.Error("the request does not have its labels")
	}
	if _, held := join.Take(request); held {
		t.Error("they were given twice")
	}
}

// Labels stand in the label column, and a row without one is missing.
func TestBuilderTakesLabels(t *testing.T) {
	builder := NewBuilder(flights)
	if err := builder.Add(answered(`[{"distance":1},{"distance":2},{"distance":3},{"distance":4}]`, `[]`)); err != nil {
		t.Fatal(err)
	}
	if err := builder.SetLabels([]json.RawMessage{json.RawMessage(`true`), nil, json.RawMessage(`"maybe"`), nil}); err != nil {
		t.Fatal(err)
	}
	columns := builder.Columns()
	late := input(t, columns, "late")
	if !slices.Equal(late.Null, []bool{false, true, true, true}) || late.Text[0] != "true" || columns.TypeErrors["late"] != 1 || columns.Missing["late"] != 2 {
		t.Errorf("the labels are %+v, %v, %v", late, columns.TypeErrors, columns.Missing)
	}
}

// Label records that were ever written are read for ever. MLOPS_WRITE_CORPUS_LABEL=<file> writes one of today.
func TestCorpusOfLabels(t *testing.T) {
	want := newLabel(7, "c-1", noon, 2, `"late"`)
	want.Data = append(want.Data, Label{Value: json.RawMessage(`true`)}, Label{Value: json.RawMessage(`0.5`)})
	if path := os.Getenv("MLOPS_WRITE_CORPUS_LABEL"); path != "" {
		encoded, err := want.Encode()
		if err != nil || os.WriteFile(path, AppendLine(nil, encoded, want.Sequence), 0o644) != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/labels/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		l, err := DecodeLabel(line)
		if err != nil || l.CorrelationID != "c-1" || len(l.Data) != 3 || *l.Data[0].Row != 2 || l.Data[1].Row != nil || string(l.Data[2].Value) != `0.5` {
			t.Errorf("%s: %+v, %v", file, l, err)
		}
		common, err := DecodeLine(line)
		if err != nil || common.Key() != "labels/delay/2001/01/08/12/delay-1-000000000007.jsonl.zst" {
			t.Errorf("%s lies at %s, %v", file, common.Key(), err)
		}
	}
}

// No body of feedback makes it panic, and what it takes can be written and read back.
func FuzzFeedback(f *testing.F) {
	f.Add([]byte(`{"correlation_id":"c","label":true}`))
	f.Add([]byte(`{"labels":[{"correlation_id":"c","row":1,"label":"x"},{"correlation_id":"d","label":-1e3}]}`))
	f.Add([]byte(`{"labels":[{"correlation_id":"c","label":"\u0000\ud800"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		given, err := ParseFeedback(body)
		if err != nil {
			return
		}
		for _, one := range given {
			l := newLabel(1, one.CorrelationID, noon, 0, `1`)
			l.Data = one.Labels
			encoded, err := l.Encode()
			if err != nil {
				t.Fatalf("%q cannot be written: %v", body, err)
			}
			if read, err := DecodeLabel(AppendLine(nil, encoded, 1)); err != nil || len(read.Data) != len(one.Labels) {
				t.Fatalf("%q reads back as %+v, %v", body, read, err)
			}
		}
	})
}
