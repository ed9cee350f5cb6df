package collect

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

func gzipped(text string) []byte {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = writer.Write([]byte(text))
	_ = writer.Close()
	return buffer.Bytes()
}

// A redacted column is on no disk and in no output: not in the log, not in the store, not in what the collector prints.
func TestRedactedColumnsAreNeverWritten(t *testing.T) {
	var printed bytes.Buffer
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "fail" {
			http.Error(w, `{"detail":"HIDDEN is no name"}`, http.StatusBadRequest)
			return
		}
		_, _ = w.Write([]byte(`{"predictions":[{"name":"HIDDEN","p":0.5}]}`))
	}))
	t.Cleanup(model.Close)
	store, looked := memstore.New(), make(chan struct{})
	store.Before = func(verb, key string) error {
		if verb == memstore.VerbCreate && strings.HasPrefix(key, "records/") {
			<-looked // the log is looked at before it is shipped
		}
		return nil
	}
	options := optionsFor(t, store, model.URL)
	options.Redact = []string{"name"}
	options.Logger = hclog.New(&hclog.LoggerOptions{Output: &printed, Level: hclog.Trace, JSONFormat: true, Mutex: nil})
	options.FlushInterval = time.Hour
	s := start(t, store, options)
	ship := sync.OnceFunc(func() { close(looked) })
	t.Cleanup(ship)
	bodies := map[string]string{
		`{"data":[{"name":"HIDDEN","x":1}]}`:              "",
		`{"inputs":{"Name":["HIDDEN"],"x":[1]}}`:          "",
		`[["HIDDEN",1]]`:                                  string(record.ReasonUnnamed),
		`{"data":[{"name":"HIDDEN","x":1}]`:               string(record.ReasonNotJSON),
		`name=HIDDEN`:                                     string(record.ReasonNotJSON),
		`{"name":"HIDDEN","x":1}`:                         string(record.ReasonNotTabular),
		`{"data":[{"x":1}],"inputs":[{"name":"HIDDEN"}]}`: string(record.ReasonNotTabular),
	}
	for body, reason := range bodies {
		before := s.counted("bodies_not_captured_total", reason)
		s.post("/score", body)
		if reason != "" && s.counted("bodies_not_captured_total", reason) != before+1 {
			t.Errorf("%s was not counted as %q", body, reason)
		}
	}
	s.post("/score?fail", `{"data":[{"name":"HIDDEN","x":1}]}`)
	s.collector.log.Seal()
	segment, _ := s.collector.log.Oldest()
	var logged []string
	read, err := journal.Read(segment.Path, func(_ []byte, entry journal.Entry) { logged = append(logged, string(entry.Payload)) })
	if err != nil || read.Damaged > 0 {
		t.Fatal(read, err)
	}
	raw, err := os.ReadFile(segment.Path)
	if err != nil {
		t.Fatal(err)
	}
	written := string(raw)
	ship()
	records := s.records()
	if len(logged) != len(bodies)+1 || len(records) != len(bodies)+1 {
		t.Fatalf("%d records in the log, %d in the store, want %d", len(logged), len(records), len(bodies)+1)
	}
	for _, key := range s.store.Keys("records/") {
		content, err := s.store.Read(t.Context(), key)
		if err == nil {
			content, err = record.Decompress(content)
		}
		if err != nil {
			t.Fatal(err)
		}
		logged = append(logged, string(content))
	}
	for _, text := range append(logged, written, printed.String(), fmt.Sprintf("%s", s.store.Keys(""))) {
		if strings.Contains(text, "HIDDEN") {
			t.Errorf("it was written: %s", text)
		}
	}
	for _, r := range records {
		if r.Body == "" && !strings.Contains(string(r.Data), `"x":1`) {
			t.Errorf("another column is lost: %s", r.Data)
		}
	}
}

// Which ids are recorded does not depend on collector or time, and a larger percentage keeps what a smaller one kept.
func TestSamplingIsStable(t *testing.T) {
	for id, at := range map[string]int{"c-1": 5, "c-2": 15, "4bf92f3577b34da6a3ce929d0e0e4736": 9} {
		first := 0
		for first <= 100 && !sampled(id, first) {
			first++
		}
		if first != at {
			t.Errorf("%q is recorded from %d %% on, want %d: other collectors would disagree", id, first, at)
		}
		for percentage := first; percentage <= 100; percentage++ {
			if !sampled(id, percentage) {
				t.Errorf("%q is recorded at %d %% and not at %d %%", id, first, percentage)
			}
		}
	}
	kept := 0
	for i := range 20_000 {
		if sampled(fmt.Sprint("request-", i), 20) {
			kept++
		}
	}
	if kept < 3800 || kept > 4200 {
		t.Errorf("%d of 20000 are recorded at 20 %%", kept)
	}
}

// One that is sampled out is forwarded all the same, takes no sequence number, and is counted.
func TestSampledOut(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(CorrelationHeader, r.Header.Get(CorrelationHeader))
		score(w, r)
	}, func(o *Options) { o.SamplingPercentage = 50 })
	kept := 0
	for i := range 40 {
		id := fmt.Sprint("request-", i)
		response, _ := s.post("/score", oneRow, CorrelationHeader, id)
		if got := response.Header.Values(CorrelationHeader); response.StatusCode != http.StatusOK || len(got) != 1 || got[0] != id {
			t.Errorf("request %d: %d, correlation ids %v", i, response.StatusCode, got)
		}
		if sampled(id, 50) {
			kept++
		}
	}
	records := s.records()
	if len(records) != kept || s.counted("skipped_total", skipSampling) != float64(40-kept) {
		t.Errorf("%d records, want %d", len(records), kept)
	}
	for i, r := range records {
		if r.Sequence != int64(i+1) || r.SamplingPercentage != 50 || !sampled(r.CorrelationID, 50) {
			t.Errorf("record %d says %+v", i, r)
		}
	}
}

func TestCorrelationID(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for name, given := range map[string]struct {
		headers []string
		want    string // "" is one that was made
	}{
		"correlation id first": {[]string{CorrelationHeader, "a", "X-Request-Id", "b"}, "a"},
		"then request id":      {[]string{"X-Request-Id", "b", "Traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}, "b"},
		"then the trace":       {[]string{"Traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}, trace},
		"no trace":             {[]string{"Traceparent", "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01"}, ""},
		"broken trace":         {[]string{"Traceparent", "00-xyz-00f067aa0ba902b7-01"}, ""},
		"too long":             {[]string{CorrelationHeader, strings.Repeat("a", 129)}, ""},
		"not printable":        {[]string{CorrelationHeader, "a b\tc"}, ""},
		"nothing":              {nil, ""},
	} {
		header := http.Header{}
		for i := 0; i < len(given.headers); i += 2 {
			header.Set(given.headers[i], given.headers[i+1])
		}
		got := correlationID(header)
		if given.want != "" && got != given.want || given.want == "" && len(got) != 36 {
			t.Errorf("%s: %q, want %q", name, got, given.want)
		}
	}
}

func TestEventTime(t *testing.T) {
	s := newStage(t, score, func(o *Options) { o.TimestampColumn = "at" })
	now := time.Now().UTC().Truncate(time.Second)
	bodies := []struct {
		body string
		want time.Time // zero: the arrival
	}{
		{`[{"at":"2001-01-08T12:00:00+01:00"},{"at":"2005-01-01"}]`, time.Date(2001, 1, 8, 11, 0, 0, 0, time.UTC)},
		{`[{"at":"` + now.AddDate(0, 3, 0).Format(time.RFC3339) + `"}]`, now.AddDate(0, 3, 0)},
		{`[{"at":"soon"}]`, time.Time{}},
		{`[{"at":null}]`, time.Time{}},
		{`[{"x":1}]`, time.Time{}},
		{`[]`, time.Time{}},
		{`no rows`, time.Time{}},
		{`[{"at":"9999-12-31"}]`, time.Time{}}, // a broken clock must not move the watermark past everything
		{`[{"at":"0001-01-01"}]`, time.Time{}},
	}
	for _, given := range bodies {
		s.post("/score", given.body)
	}
	for i, r := range s.records() {
		want := bodies[i].want
		if want.IsZero() {
			want = r.Time
		}
		if !r.EventTime.Equal(want) || r.ArrivalOnly != bodies[i].want.IsZero() {
			t.Errorf("%s happened at %v (arrival only: %v), want %v", bodies[i].body, r.EventTime, r.ArrivalOnly, want)
		}
	}
}
