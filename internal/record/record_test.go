package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

var noon = time.Date(2001, 1, 8, 12, 0, 0, 0, time.UTC)

// newRecord is a record of one row that succeeded.
func newRecord(sequence int64, at time.Time) Record {
	return Record{
		Schema: Schema, SpecVersion: SpecVersion, Type: Type, DataContentType: DataContentType, ID: "r-" + at.Format(time.RFC3339),
		Source: "deployments/delay", Time: at, EventTime: at, CorrelationID: "c-1", Deployment: "delay", Model: "delay", ModelVersion: 3,
		Instance: "delay-0", Path: "/score", Status: 200, LatencyMS: 1.25, Complete: true, SamplingPercentage: 100,
		Rows: 1, Data: json.RawMessage(`[{"distance":502,"origin":"TXL"}]`), RequestBytes: 33,
		ResponseRows: 1, Response: json.RawMessage(`[{"probability":0.25}]`), ResponseBytes: 22, Sequence: sequence,
	}
}

func lineOf(t *testing.T, r Record) []byte {
	t.Helper()
	encoded, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return AppendLine(nil, encoded, r.Sequence)
}

func TestRecordReadsBackAsWritten(t *testing.T) {
	want := newRecord(7, noon)
	line := lineOf(t, want)
	if bytes.IndexByte(line, '\n') != len(line)-1 {
		t.Errorf("%q is not one line", line)
	}
	got, err := Decode(line)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read back %+v, %v; want %+v", got, err, want)
	}
}

// Names of CloudEvents attributes are lower-case letters and digits; model versions are strings as Azure ML writes them.
func TestRecordIsACloudEvent(t *testing.T) {
	var fields map[string]any
	if err := json.Unmarshal(lineOf(t, newRecord(7, noon)), &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		if !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(name) {
			t.Errorf("%q is no name of an attribute", name)
		}
	}
	for name, want := range map[string]any{
		"specversion": "1.0", "datacontenttype": "application/json", "time": "2001-01-08T12:00:00Z", "modelversion": "3", "correlationid": "c-1",
	} {
		if fields[name] != want {
			t.Errorf("%s is %v, want %v", name, fields[name], want)
		}
	}
	rows, ok := fields["data"].([]any)
	if !ok || !reflect.DeepEqual(rows[0], map[string]any{"distance": 502.0, "origin": "TXL"}) {
		t.Errorf("data is %v, want an array of flat objects", fields["data"])
	}
}

func TestDecodeTellsOtherDocumentsFromBrokenOnes(t *testing.T) {
	if _, err := Decode([]byte(`{"schema":"mlops/label-record/v1","x":1}`)); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("a document of another schema: %v, want not found", err)
	}
	for _, line := range []string{``, `{`, `[]`, `{"schema":"mlops/inference-record/v1"}`} {
		if _, err := Decode([]byte(line)); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: %v, want invalid", line, err)
		}
	}
}

// Records that were ever written are read for ever: files are only added to this folder.
func TestOldRecordsAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var records []Record
		for line := range bytes.Lines(content) {
			r, err := Decode(bytes.TrimSpace(line))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			records = append(records, r)
		}
		columns, err := ColumnsOf(records, flights)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if columns.Rows == 0 || columns.Failed == 0 || columns.NotCaptured == 0 || columns.Predictions == nil {
			t.Errorf("%s: read %+v, want rows, a failed request, a body that was not captured, and predictions", file, columns)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema":"mlops/inference-record/v1","deployment":"d","instance":"i","sequence":1,"eventtime":"2001-01-08T12:00:00Z","data":[{"x":1}]}`))
	f.Add([]byte(`{"schema":"mlops/inference-record/v1","deployment":"d","instance":"i","sequence":1,"eventtime":"2001-01-08T12:00:00Z","data":{"x":[]},"modelversion":"x"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := Decode(line)
		if err != nil {
			return
		}
		_ = NewBuilder(flights).Add(r) // an error, never a panic
	})
}
