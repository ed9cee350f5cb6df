package collect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// What is declared counts within moments, for requests on connections that are open, too; what cannot be read or cannot be
// changes nothing.
func TestSettingsAreFollowed(t *testing.T) {
	var declared atomic.Pointer[Settings]
	var broken atomic.Bool
	declared.Store(&Settings{SamplingPercentage: 100})
	s := newStage(t, score, func(o *Options) {
		o.SamplingPercentage, o.FollowInterval = 0, time.Millisecond
		o.Follow = func(context.Context) (Settings, error) {
			if broken.Load() {
				return Settings{}, errors.New("the store is away")
			}
			return *declared.Load(), nil
		}
	})
	inForce := func(wanted Settings) {
		t.Helper()
		declared.Store(&wanted)
		await(t, "new settings", func() bool { return s.collector.settings.Load().equal(wanted) })
	}
	s.post("/score", oneRow)
	// What waits to be shipped is redacted, too.
	await(t, "the first record in the store", func() bool { return len(stored(t, s.store)) == 1 })
	inForce(Settings{SamplingPercentage: 100, Redact: []string{"origin"}})
	s.post("/score", oneRow)
	broken.Store(true)
	declared.Store(&Settings{SamplingPercentage: 100})
	s.post("/score", oneRow)
	broken.Store(false)
	inForce(Settings{SamplingPercentage: 0})
	s.post("/score", oneRow)
	declared.Store(&Settings{SamplingPercentage: 101})
	s.post("/score", oneRow)
	var data []string
	for _, r := range s.records() {
		data = append(data, string(r.Data))
	}
	if want := `[{"distance":502,"origin":"TXL"}] [{"distance":502}] [{"distance":502}]`; strings.Join(data, " ") != want {
		t.Errorf("the records hold %s, want %s", strings.Join(data, " "), want)
	}
}

// What was captured before a column was to be redacted, and is not shipped yet, is shipped without it.
func TestRedactionReachesWhatWaits(t *testing.T) {
	root, store := t.TempDir(), memstore.New()
	h := leftHome(t, root, "a", store)
	write(t, h, 1, 2)
	h.log.Seal()
	shipper := testShipper(store)
	shipper.redact = func() record.Redaction { return record.NewRedaction("origin") }
	if err := shipper.drain(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	for _, r := range stored(t, store) {
		if string(r.Data) != `[{"distance":502}]` {
			t.Errorf("record %d holds %s", r.Sequence, r.Data)
		}
	}
}

// No request is taken before the store knows of the instance and the settings are known: else what is missing could not be
// seen, and what is redacted could be written. One that was killed goes on at once, with the settings that it had.
func TestNotReadyBeforeItCanAccount(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	store := memstore.New()
	store.Before = func(string, string) error {
		if away.Load() {
			return errors.New("the store is away")
		}
		return nil
	}
	model := httptest.NewServer(http.HandlerFunc(score))
	t.Cleanup(model.Close)
	options := optionsFor(t, store, model.URL)
	options.FollowInterval = time.Millisecond
	options.Follow = func(context.Context) (Settings, error) {
		if away.Load() {
			return Settings{}, errors.New("the store is away")
		}
		return Settings{SamplingPercentage: 100, Redact: []string{"origin"}}, nil
	}
	run := func(options Options) (s *stage, stop func()) {
		collector, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { _ = collector.Run(ctx, listener); close(ended) }()
		t.Cleanup(func() { cancel(); <-ended }) // nobody writes in a folder that goes with the test
		return &stage{t: t, store: store, collector: collector, url: "http://" + listener.Addr().String()}, func() { cancel(); <-ended }
	}
	s, _ := run(options)
	response, body := s.post("/score", oneRow)
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "collector_not_ready") || response.Header.Get("Retry-After") == "" {
		t.Errorf("answered %d %s", response.StatusCode, body)
	}
	if response, _ := s.do(get(t, s.url+ReadyPath)); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readiness answers %d", response.StatusCode)
	}
	if response, _ := s.do(get(t, s.url+HealthPath)); response.StatusCode != http.StatusOK {
		t.Errorf("health answers %d", response.StatusCode)
	}
	away.Store(false)
	await(t, "readiness", s.collector.ready.Load)
	if response, _ := s.do(get(t, s.url+ReadyPath)); response.StatusCode != http.StatusOK {
		t.Errorf("readiness answers %d", response.StatusCode)
	}
	s.post("/score", oneRow)
	away.Store(true)
	options.WAL = kill(t, options.WAL)
	again, stop := run(options)
	await(t, "readiness without the store", again.collector.ready.Load)
	again.post("/score", oneRow)
	away.Store(false)
	stop()
	records := stored(t, store)
	if len(records) != 2 || string(records[1].Data) != `[{"distance":502}]` || records[1].Instance != records[0].Instance {
		t.Errorf("the records are %+v", records)
	}
}

// With on_full = "block" scoring waits for the store; without, it does not, and each record that goes is counted.
func TestFullLog(t *testing.T) {
	for _, block := range []bool{false, true} {
		t.Run(fmt.Sprintf("block %v", block), func(t *testing.T) {
			var away atomic.Bool
			away.Store(true)
			store := memstore.New()
			store.Before = func(_, key string) error {
				if away.Load() && strings.HasPrefix(key, "records/") {
					return errors.New("the store is away")
				}
				return nil
			}
			model := httptest.NewServer(http.HandlerFunc(score))
			t.Cleanup(model.Close)
			options := optionsFor(t, store, model.URL)
			options.Block, options.SegmentBytes, options.BacklogLimit = block, 4<<10, 16<<10
			s := start(t, store, options)
			const requests = 300
			sent := make(chan struct{})
			var answered atomic.Int64
			go func() {
				defer close(sent)
				for range requests {
					s.post("/score", oneRow)
					answered.Add(1)
				}
			}()
			if block {
				await(t, "a full log", func() bool { return s.counted("backlog_bytes", "") > 15<<10 })
				time.Sleep(20 * time.Millisecond)
				if got := answered.Load(); got == requests {
					t.Error("scoring does not wait")
				}
				away.Store(false)
			}
			<-sent
			away.Store(false)
			records := s.records()
			lost := int64(s.counted("lost_records_total", string(journal.ReasonFull)))
			if int64(len(records))+lost != requests || (lost == 0) != block {
				t.Errorf("%d records, %d lost of %d", len(records), lost, requests)
			}
			found := audit(t, store)
			known, err := record.Lost(t.Context(), store, "delay")
			if err != nil || known != lost || found.Lost != lost || found.Records != int64(len(records)) || len(found.Instances[0].Problems) > 0 {
				t.Errorf("%d are known to be lost, %v, and the audit says %+v", known, err, found)
			}
		})
	}
}

// A clock that jumps back costs nothing: numbers order records, not times.
func TestClockJumpsBack(t *testing.T) {
	var hours atomic.Int64
	s := newStage(t, score, func(o *Options) {
		o.Clock = func() time.Time {
			return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC).Add(-time.Duration(hours.Load()) * time.Hour)
		}
	})
	for range 5 {
		s.post("/score", oneRow)
		s.collector.log.Seal()
		hours.Add(30)
	}
	records := s.records()
	for i, r := range records {
		if r.Sequence != int64(i+1) || r.LatencyMS < 0 {
			t.Errorf("%+v", r)
		}
	}
	if found := audit(t, s.store); len(records) != 5 || !found.Complete {
		t.Errorf("%d records, %+v", len(records), found)
	}
}

// Traffic that trickles does not make a file of each request, and what comes after a silence is shipped soon.
func TestFlushingIsBounded(t *testing.T) {
	f := flushing{idle: time.Second, age: 10 * time.Second}
	now, early := time.Now(), 0
	for range 1800 { // an hour of a request each two seconds
		if idle, _ := f.due(now); idle == time.Second {
			f.sealed()
			early++
		}
		now = now.Add(2 * time.Second)
	}
	if early > 200 {
		t.Errorf("%d files in an hour for being idle", early)
	}
	if idle, _ := f.due(now.Add(time.Hour)); idle != time.Second || f.tokens != mostTokens {
		t.Errorf("after a silence it waits for %s, with %d left", idle, f.tokens)
	}
}
