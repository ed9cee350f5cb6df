package dataset_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// traffic writes records and labels of the deployment "delay" as collectors would.
type traffic struct {
	t        *testing.T
	store    *memstore.Store
	sequence int64
}

var morning = time.Date(2001, 2, 12, 8, 0, 0, 0, time.UTC)

// request writes one request of one row an index; change may set fields.
func (s *traffic) request(correlationID string, at time.Time, rows []string, change func(*record.Record)) {
	s.t.Helper()
	s.sequence++
	r := record.Record{
		Schema: record.Schema, SpecVersion: record.SpecVersion, Type: record.Type, ID: fmt.Sprintf("r-%03d", s.sequence),
		Time: clock.Add(time.Duration(s.sequence) * time.Second), EventTime: at, CorrelationID: correlationID, Deployment: "delay", Instance: "a",
		Status: 200, Complete: true, Rows: int64(len(rows)), Data: json.RawMessage("[" + strings.Join(rows, ",") + "]"), Sequence: s.sequence,
	}
	if change != nil {
		change(&r)
	}
	encoded, err := r.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	s.store.Put(record.Key("delay", "a", at, s.sequence), record.AppendLine(nil, encoded, s.sequence))
}

// label writes one label record of so many hours later; a row below zero is left out.
func (s *traffic) label(correlationID string, row int64, value string, later time.Duration) {
	s.t.Helper()
	s.sequence++
	label := record.Label{Row: &row, Value: json.RawMessage(value)}
	if row < 0 {
		label.Row = nil
	}
	came := clock.Add(later)
	l := record.LabelRecord{
		Schema: record.LabelSchema, Type: record.LabelType, ID: fmt.Sprintf("l-%03d", s.sequence), Time: came, EventTime: came, CorrelationID: correlationID,
		Deployment: "delay", Instance: "b", Data: []record.Label{label},
	}
	encoded, err := l.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	s.store.Put(record.LabelKey("delay", "b", came, s.sequence), record.AppendLine(nil, encoded, s.sequence))
}

func flightRow(at time.Time, miles int) string {
	return fmt.Sprintf(`{"departure":%q,"miles":%d,"origin":"BER","carrier":"AA"}`, at.Format(time.RFC3339), miles)
}

func fromRecords(store *memstore.Store) dataset.RecordsRequest {
	asked := dataset.RecordsRequest{Request: request(store, ""), Deployment: "delay"}
	asked.Source = ""
	return asked
}

// ten flights, an hour apart, each with a label that came a day later.
func tenFlights(t *testing.T) *traffic {
	s := &traffic{t: t, store: memstore.New()}
	for i := range 10 {
		at := morning.Add(time.Duration(i) * time.Hour)
		s.request(fmt.Sprint("c-", i), at, []string{flightRow(at, 100+i)}, nil)
		s.label(fmt.Sprint("c-", i), -1, strconv.FormatBool(i%2 == 0), 24*time.Hour)
	}
	return s
}

func TestVersionFromRecords(t *testing.T) {
	s := tenFlights(t)
	version, err := dataset.FromRecords(t.Context(), fromRecords(s.store))
	if err != nil || !version.Published || version.Number != 1 || version.Rows != 10 || version.Records.Labelled != 10 {
		t.Fatalf("published %+v, %v", version, err)
	}
	if version.Source != "records of delay" || version.Records.Deployment != "delay" || version.Records.Segments != 20 {
		t.Errorf("it says that it comes from %q, %+v", version.Source, version.Records)
	}
	training := readSplit(t, s.store, version.Training)
	if want := "carrier,departure,late,miles,origin\nAA,2001-02-12T08:00:00Z,true,100,BER\nAA,2001-02-12T09:00:00Z,false,101,BER\n"; !strings.HasPrefix(training, want) {
		t.Errorf("the training split is\n%s", training)
	}
	listing, err := s.store.Read(t.Context(), mlops.DataKey(version.Records.SegmentsSHA256))
	if lines := strings.Count(string(listing), "\n"); err != nil || lines != 20 || !strings.Contains(string(listing), "  "+record.Key("delay", "a", morning, 1)+"\n") {
		t.Errorf("the listing of segments is %s, %v", listing, err)
	}
	// The rows are copies.
	for _, key := range append(s.store.Keys("records/"), s.store.Keys("labels/")...) {
		if err := s.store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if readSplit(t, s.store, version.Training) != training {
		t.Error("the version went with the records")
	}
}

// The same records make the same version, however they are cut into segments and however often they are joined.
func TestSameRecordsSameVersion(t *testing.T) {
	s := tenFlights(t)
	first, err := dataset.FromRecords(t.Context(), fromRecords(s.store))
	if err != nil {
		t.Fatal(err)
	}
	again, err := dataset.FromRecords(t.Context(), fromRecords(s.store))
	if err != nil || again.Published || again.Number != 1 {
		t.Errorf("joined again: %+v, %v", again, err)
	}
	var lines []byte
	for _, key := range s.store.Keys("labels/") {
		line, err := s.store.Read(t.Context(), key)
		if err != nil || s.store.Delete(t.Context(), key) != nil {
			t.Fatal(err)
		}
		lines = append(line, lines...) // and in another order
	}
	s.store.Put(record.LabelKey("delay", "z", clock.Add(24*time.Hour), 1), lines)
	if again, err = dataset.FromRecords(t.Context(), fromRecords(s.store)); err != nil || again.Published || again.SHA256 != first.SHA256 {
		t.Errorf("cut otherwise: %+v, %v", again, err)
	}
	s.label("c-3", 0, "true", 48*time.Hour)
	if again, err = dataset.FromRecords(t.Context(), fromRecords(s.store)); err != nil || !again.Published || again.Number != 2 || again.Records.ReplacedLabels != 1 {
		t.Errorf("with a corrected label: %+v, %v", again, err)
	}
}

// Everything that is left out is counted, and which of two counts depends on nothing but them.
func TestWhatIsLeftOutIsCounted(t *testing.T) {
	s := tenFlights(t)
	at := morning.Add(30 * time.Minute)
	row := flightRow(at, 500)
	s.request("several", at, []string{row, row, row}, nil)
	s.label("several", 1, "true", time.Hour)
	s.label("several", -1, "true", time.Hour) // which row?
	s.label("several", 3, "true", time.Hour)  // it had three
	s.label("nobody", 0, "true", time.Hour)
	s.request("failed", at, []string{row}, func(r *record.Record) { r.Status = 500 })
	s.label("failed", 0, "true", time.Hour)
	s.request("lost", at, nil, func(r *record.Record) { r.Data, r.Body, r.Rows = nil, record.NotCaptured, 0 })
	s.request("nested", at, []string{`{"miles":[1]}`}, nil)
	s.label("nested", 0, "true", time.Hour)
	s.request("more", at, []string{strings.Replace(row, "{", `{"gate":7,`, 1)}, nil)
	s.label("more", 0, "false", 3*time.Hour)
	s.label("more", 0, "true", 2*time.Hour) // came before
	s.request("retried", at, []string{flightRow(at, 601)}, nil)
	s.request("retried", at, []string{flightRow(at, 602)}, nil)
	s.request("retried", at, []string{flightRow(at, 603)}, func(r *record.Record) { r.Status = 502 })
	s.label("retried", 0, "true", time.Hour)
	version, err := dataset.FromRecords(t.Context(), fromRecords(s.store))
	if err != nil {
		t.Fatal(err)
	}
	got := *version.Records
	got.Segments, got.SegmentsSHA256 = 0, ""
	want := mlops.JoinedRecords{
		Deployment: "delay", Requests: 18, Failed: 1, NotCaptured: 1, Duplicates: 2, Rows: 16, Labelled: 13, Unlabelled: 2, Unusable: 1,
		ReplacedLabels: 1, UnplacedLabels: 2, UndeclaredColumns: []string{"gate"},
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("counted\n%+v, want\n%+v", got, want)
	}
	all := readSplit(t, s.store, version.Training) + readSplit(t, s.store, version.Holdout)
	for _, text := range []string{",602,", ",false,500,"} {
		if !strings.Contains(all, text) {
			t.Errorf("no row has %s:\n%s", text, all)
		}
	}
	if strings.Contains(all, ",601,") || strings.Contains(all, ",603,") {
		t.Errorf("a retried request is there twice:\n%s", all)
	}
}

// A window, a minimum and a dry run.
func TestFromRecordsIsAsked(t *testing.T) {
	s := tenFlights(t)
	asked := fromRecords(s.store)
	asked.From, asked.To = morning.Add(2*time.Hour), morning.Add(6*time.Hour)
	asked.DryRun = true
	version, err := dataset.FromRecords(t.Context(), asked)
	if err != nil || version.Published || version.Number != 0 || version.Rows != 4 || !version.Records.From.Equal(asked.From) {
		t.Errorf("a dry run says %+v, %v", version, err)
	}
	if keys := append(s.store.Keys("datasets/"), s.store.Keys("data/")...); len(keys) > 0 {
		t.Errorf("a dry run wrote %v", keys)
	}
	asked.MinimumRows = 5
	if _, err := dataset.FromRecords(t.Context(), asked); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "4 rows have a label, at least 5 are asked for") {
		t.Errorf("too few: %v", err)
	}
	asked = fromRecords(s.store)
	asked.Deployment = "other"
	if _, err := dataset.FromRecords(t.Context(), asked); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "0 requests lie in the window") {
		t.Errorf("nothing there: %v", err)
	}
	asked = fromRecords(s.store)
	delete(asked.Dataset.Columns, "late")
	if _, err := dataset.FromRecords(t.Context(), asked); err == nil || !strings.Contains(err.Error(), `role "label"`) {
		t.Errorf("no label column: %v", err)
	}
	// The schema is checked as of any source.
	at := morning.Add(time.Minute)
	s.request("bad", at, []string{flightRow(at, 9999)}, nil)
	s.label("bad", 0, `"perhaps"`, time.Hour)
	_, err = dataset.FromRecords(t.Context(), fromRecords(s.store))
	if check := new(dataset.CheckError); !errors.As(err, &check) || len(check.Problems) != 2 {
		t.Errorf("a row that breaks what is declared: %v", err)
	}
}

// A manifest with joined records is read for ever. MLOPS_WRITE_CORPUS_RECORDS=<file> writes that of today.
func TestCorpusOfJoinedRecords(t *testing.T) {
	if path := os.Getenv("MLOPS_WRITE_CORPUS_RECORDS"); path != "" {
		s := tenFlights(t)
		asked := fromRecords(s.store)
		asked.NewWriter, asked.From = func() string { return "corpus" }, morning
		if _, err := dataset.FromRecords(t.Context(), asked); err != nil {
			t.Fatal(err)
		}
		manifest, err := s.store.Read(t.Context(), "datasets/flights/000000000001/manifest.json")
		if err != nil || os.WriteFile(path, append(manifest, '\n'), 0o644) != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/corpus-records/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		store := memstore.New()
		store.Put("datasets/flights/000000000001/manifest.json", data)
		manifest, err := dataset.Read(t.Context(), store, "flights", 1)
		if err != nil || manifest.Records == nil || manifest.Records.Deployment != "delay" || manifest.Records.Labelled != 10 ||
			!manifest.Records.From.Equal(morning) || len(manifest.Records.SegmentsSHA256) != 64 {
			t.Errorf("%s: %+v, %v", file, manifest.Records, err)
		}
	}
}
