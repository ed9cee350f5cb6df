package collect

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// patience bounds what should be there in no time; it is reached only where a test fails.
const patience = 20 * time.Second

// stage is a model, a collector before it, and the store behind it.
type stage struct {
	t         testing.TB
	store     *memstore.Store
	collector *Collector
	url       string
	stop      func() // as SIGTERM does; returns when the collector has ended
}

// score answers as a model does: one probability a row.
func score(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"predictions":[{"probability":0.5}]}`)
}

// newStage starts all three; change may set options.
func newStage(t *testing.T, model http.HandlerFunc, change func(*Options)) *stage {
	t.Helper()
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	store := memstore.New()
	options := optionsFor(t, store, server.URL)
	if change != nil {
		change(&options)
	}
	return start(t, store, options)
}

func optionsFor(t *testing.T, store platform.Store, target string) Options {
	return Options{
		Store: store, Deployment: "delay", Target: target, WAL: t.TempDir(), Instance: "delay-0", ScorePath: "/score", SamplingPercentage: 100,
		Model: "delay", ModelVersion: 3, FlushInterval: 10 * time.Millisecond, LongestRetry: 10 * time.Millisecond, Grace: 5 * time.Second,
	}
}

func start(t testing.TB, store *memstore.Store, options Options) *stage {
	t.Helper()
	options.Store = store
	collector, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- collector.Run(ctx, listener) }()
	var stopped atomic.Bool
	s := &stage{t: t, store: store, collector: collector, url: "http://" + listener.Addr().String()}
	s.stop = func() {
		cancel()
		if stopped.Swap(true) {
			return
		}
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	}
	t.Cleanup(s.stop)
	await(t, "readiness", collector.ready.Load)
	return s
}

// post sends a request and reads the whole answer.
func (s *stage) post(path, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return s.do(request)
}

func (s *stage) do(request *http.Request) (*http.Response, string) {
	s.t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, string(body)
}

// records stops the collector and reads what is in the store, in order of sequence.
func (s *stage) records() []record.Record {
	s.t.Helper()
	s.stop()
	return stored(s.t, s.store)
}

func stored(t testing.TB, store platform.Store) []record.Record {
	t.Helper()
	var records []record.Record
	_, err := record.Scan(context.Background(), store, "delay", time.Time{}, time.Time{}, func(r record.Record) error {
		r.Data, r.Response = slices.Clone(r.Data), slices.Clone(r.Response)
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(records, func(a, b record.Record) int { return int(a.Sequence - b.Sequence) })
	return records
}

// one is the only record that there should be.
func (s *stage) one() record.Record {
	s.t.Helper()
	records := s.records()
	if len(records) != 1 {
		s.t.Fatalf("there are %d records, want 1", len(records))
	}
	return records[0]
}

// counted sums a counter of the collector over all labels that hold the text; "" is all.
func (s *stage) counted(name, label string) float64 {
	s.t.Helper()
	families, err := s.collector.metrics.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	total := 0.0
	for _, family := range families {
		if family.GetName() != "mlops_collect_"+name {
			continue
		}
		for _, metric := range family.GetMetric() {
			if label == "" || slices.ContainsFunc(metric.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == label }) {
				total += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	return total
}

// await polls until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}
