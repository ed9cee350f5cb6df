package collect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

var quiet = walLimits{records: 1000, bytes: 1 << 20, backlog: 64 << 20}

func openLog(t *testing.T, folder string, limits walLimits, dropped func(int64)) *wal {
	t.Helper()
	log, err := openWAL(folder, limits, time.Now, dropped)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.close() })
	return log
}

// write appends records that carry their number as correlation id.
func write(t *testing.T, log *wal, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		at := time.Date(2001, 1, 8, 12, i, 0, 0, time.UTC)
		encoded, err := record.Record{Schema: record.Schema, ID: strconv.Itoa(i), CorrelationID: strconv.Itoa(i), Deployment: "delay", Instance: "delay-0", Time: at, EventTime: at}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := log.append(encoded); err != nil {
			t.Fatal(err)
		}
	}
}

func ship(t *testing.T, log *wal, store *memstore.Store) {
	t.Helper()
	shipper := &shipper{store: store, log: log, metrics: newMetrics(log, &budget{}), logger: hclog.NewNullLogger(), longest: time.Millisecond}
	log.seal()
	if err := shipper.drain(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// checkSequence wants each number from 1 on, once, in order, and the record that was written with it.
func checkSequence(t *testing.T, records []record.Record, want int) {
	t.Helper()
	if len(records) != want {
		t.Errorf("there are %d records, want %d", len(records), want)
	}
	for i, r := range records {
		if r.Sequence != int64(i+1) || r.CorrelationID != strconv.Itoa(i+1) {
			t.Fatalf("record %d has the sequence %d and the id %q", i+1, r.Sequence, r.CorrelationID)
		}
	}
}

// kill copies what a killed process leaves on disk: its files as they are, and no lock.
func kill(t *testing.T, folder string) string {
	t.Helper()
	left := t.TempDir()
	if err := os.CopyFS(left, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return left
}

// Wherever a process is killed, its successor ships every record once, and goes on counting.
func TestSuccessorFinishesWhatIsLeft(t *testing.T) {
	limits := walLimits{records: 5, bytes: 1 << 20, backlog: 64 << 20}
	for written := range 13 {
		folder := t.TempDir()
		store := memstore.New()
		write(t, openLog(t, folder, limits, nil), 1, written)
		for range 3 { // killed again and again before it wrote anything
			folder = kill(t, folder)
			openLog(t, folder, limits, nil)
		}
		folder = kill(t, folder)
		log := openLog(t, folder, limits, nil)
		write(t, log, written+1, written+2)
		ship(t, log, store)
		checkSequence(t, stored(t, store), written+2)
		if bytes, records := log.backlog(); bytes != 0 || records != 0 {
			t.Errorf("%d records in %d bytes are left", records, bytes)
		}
	}
}

// The sequence outlives the records: it goes on after everything was shipped.
func TestSequenceIsNeverForgotten(t *testing.T) {
	folder, store := t.TempDir(), memstore.New()
	log := openLog(t, folder, quiet, nil)
	for i := range 4 {
		write(t, log, 2*i+1, 2*i+2)
		ship(t, log, store)
		if err := log.close(); err != nil {
			t.Fatal(err)
		}
		log = openLog(t, folder, quiet, nil)
	}
	checkSequence(t, stored(t, store), 8)
}

// A line that was being written when the process died was not acknowledged; all before it are whole. A line that was
// damaged later is lost, counted, and costs no other.
func TestTornAndDamagedLines(t *testing.T) {
	folder := t.TempDir()
	log := openLog(t, folder, quiet, nil)
	write(t, log, 1, 3)
	path := log.current.path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for cut := len(lines[0]) + len(lines[1]); cut < len(whole); cut += 40 {
		left := kill(t, folder)
		if err := os.WriteFile(filepath.Join(left, filepath.Base(path)), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		store := memstore.New()
		next := openLog(t, left, quiet, nil)
		write(t, next, 3, 3)
		ship(t, next, store)
		checkSequence(t, stored(t, store), 3)
	}
	for name, damage := range map[string][2]string{
		"another digit":  {`"correlationid":"2"`, `"correlationid":"7"`}, // still a record
		"no line break":  {"}\n" + lines[1][:8], "}x" + lines[1][:8]},
		"a line is gone": {lines[1], "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			left := kill(t, folder)
			damaged := strings.Replace(string(whole), damage[0], damage[1], 1)
			if err := os.WriteFile(filepath.Join(left, filepath.Base(path)), []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			store := memstore.New()
			options := optionsFor(t, store, "http://127.0.0.1:1")
			options.WAL = left
			s := start(t, store, options)
			records := s.records()
			if s.collector.log.next != 4 || len(records) == 0 || records[len(records)-1].Sequence != 3 {
				t.Errorf("read %d records and goes on with %d, want the last of 3", len(records), s.collector.log.next)
			}
			for _, r := range records {
				if r.CorrelationID != strconv.FormatInt(r.Sequence, 10) {
					t.Errorf("record %d has the id %q", r.Sequence, r.CorrelationID)
				}
			}
			if got := s.counted("lost_records_total", lostUnusable); got != 1 && name != "a line is gone" {
				t.Errorf("%v lines are counted as lost, want 1", got)
			}
		})
	}
}

// A process that dies between the store's confirmation and the removal of the file leaves no second copy; nor does one that
// dies between the segments of two hours; nor does a lost reply.
func TestShippingAgainLeavesOneCopy(t *testing.T) {
	folder, store := t.TempDir(), memstore.New()
	log := openLog(t, folder, quiet, nil)
	write(t, log, 1, 130) // three hours
	var left string
	creates := 0
	store.After = func(verb, _ string) error {
		if verb != memstore.VerbCreate {
			return nil
		}
		creates++
		if creates == 2 {
			left = kill(t, folder)
			return errors.New("the reply is lost")
		}
		return nil
	}
	ship(t, log, store)
	ship(t, openLog(t, left, quiet, nil), store)
	checkSequence(t, stored(t, store), 130)
	if keys := store.Keys("records/"); len(keys) != 3 || keys[1] != "records/delay/2001/01/08/13/delay-0-000000000060.jsonl" {
		t.Errorf("the segments are %v", keys)
	}
}

// Two collectors of one name cost each other nothing.
func TestInstanceNameUsedTwice(t *testing.T) {
	store := memstore.New()
	for range 2 {
		log := openLog(t, t.TempDir(), quiet, nil)
		write(t, log, 1, 2)
		write(t, log, 9, 9)
		ship(t, log, store)
	}
	first := len(stored(t, store))
	log := openLog(t, t.TempDir(), quiet, nil)
	write(t, log, 5, 6)
	ship(t, log, store)
	if got := len(stored(t, store)); first != 3 || got != 5 {
		t.Errorf("%d, then %d records; want 3 (the same twice) and 5", first, got)
	}
}

// A folder belongs to one collector at a time.
func TestLogIsLocked(t *testing.T) {
	folder := t.TempDir()
	log := openLog(t, folder, quiet, nil)
	if _, err := openWAL(folder, quiet, time.Now, nil); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a second collector: %v, want a conflict", err)
	}
	if err := log.close(); err != nil {
		t.Fatal(err)
	}
	openLog(t, folder, quiet, nil)
	if err := log.append([]byte("{}")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed log takes records: %v", err)
	}
}

// When the store is away for too long the oldest go, and every one is counted.
func TestBacklogIsBounded(t *testing.T) {
	dropped := int64(0)
	folder, store := t.TempDir(), memstore.New()
	log := openLog(t, folder, walLimits{records: 10, bytes: 1 << 20, backlog: 20_000}, func(records int64) { dropped += records })
	write(t, log, 1, 10)
	if _, ok := log.oldest(); !ok { // it is being shipped, and cannot go
		t.Fatal("nothing was sealed")
	}
	write(t, log, 11, 1000)
	if bytes, _ := log.backlog(); bytes > 25_000 {
		t.Errorf("the log holds %d bytes", bytes)
	}
	ship(t, log, store)
	left := stored(t, store)
	if dropped == 0 || int64(len(left))+dropped != 1000 || left[len(left)-1].Sequence != 1000 || left[9].Sequence != 10 {
		t.Errorf("%d are left and %d are counted as lost, want 1000 in all, and the newest and those in flight among them", len(left), dropped)
	}
}

// A log that cannot be written costs records, counted, and no request; it heals when the disk does.
func TestLogCannotBeWritten(t *testing.T) {
	s := newStage(t, score, func(o *Options) { o.FlushInterval = time.Hour })
	s.collector.log.mutex.Lock()
	good := s.collector.log.active
	broken, err := os.Open(good.Name()) // read only
	if err != nil {
		t.Fatal(err)
	}
	s.collector.log.active = broken
	s.collector.log.mutex.Unlock()
	if response, _ := s.post("/score", oneRow); response.StatusCode != http.StatusOK {
		t.Errorf("the request failed: %d", response.StatusCode)
	}
	if got := s.counted("lost_records_total", lostLog); got != 1 {
		t.Errorf("%v records are counted as lost, want 1", got)
	}
	if response, _ := s.do(get(t, s.url+HealthPath)); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("health answers %d", response.StatusCode)
	}
	_ = good.Close()
	s.post("/score", oneRow)
	if response, _ := s.do(get(t, s.url+HealthPath)); response.StatusCode != http.StatusOK {
		t.Errorf("health answers %d after the disk is back", response.StatusCode)
	}
	if r := s.one(); r.Sequence != 1 {
		t.Errorf("the record says %+v", r)
	}
}

func get(t *testing.T, url string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// While the store is away requests go on at once and records wait in the log; when it is back all arrive, once.
func TestStoreOutage(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	var tries atomic.Int64
	store := memstore.New()
	store.Before = func(verb, _ string) error {
		if verb == memstore.VerbCreate && away.Load() {
			tries.Add(1)
			return errors.New("the store is away")
		}
		return nil
	}
	model := httptest.NewServer(http.HandlerFunc(score))
	t.Cleanup(model.Close)
	s := start(t, store, optionsFor(t, store, model.URL))
	const requests = 60
	var clients sync.WaitGroup
	for client := range 3 {
		clients.Go(func() {
			for i := range requests / 3 {
				s.post("/score", oneRow, CorrelationHeader, fmt.Sprintf("%d-%d", client, i))
			}
		})
	}
	clients.Wait()
	await(t, "a second attempt", func() bool { return tries.Load() > 1 })
	if len(stored(t, store)) != 0 || s.counted("store_failures_total", "") == 0 || s.counted("backlog_records", "") != requests {
		t.Error("the outage does not show in the metrics")
	}
	away.Store(false)
	await(t, "shipping", func() bool { return s.counted("shipped_records_total", "") == requests })
	seen := map[string]bool{}
	for i, r := range s.records() {
		if r.Sequence != int64(i+1) || seen[r.CorrelationID] {
			t.Errorf("record %d has the sequence %d, id %q", i+1, r.Sequence, r.CorrelationID)
		}
		seen[r.CorrelationID] = true
	}
	if len(seen) != requests {
		t.Errorf("%d records, want %d", len(seen), requests)
	}
}

// Stopped while the store is away, a collector leaves its records to the next in the same folder.
func TestStopDuringAnOutage(t *testing.T) {
	store := memstore.New()
	store.Before = func(verb, _ string) error {
		if verb == memstore.VerbCreate {
			return errors.New("the store is away")
		}
		return nil
	}
	model := httptest.NewServer(http.HandlerFunc(score))
	t.Cleanup(model.Close)
	options := optionsFor(t, store, model.URL)
	options.Grace = 50 * time.Millisecond
	first := start(t, store, options)
	first.post("/score", oneRow)
	first.stop()
	options.Store = memstore.New()
	second := start(t, options.Store.(*memstore.Store), options) //nolint:forcetypeassert // set above
	second.post("/score", oneRow)
	if records := second.records(); len(records) != 2 || records[1].Sequence != 2 {
		t.Errorf("the records are %+v, want both", records)
	}
}

// Whatever stands in a file of the log, reading it ends, and what is read was written whole.
func FuzzReadWAL(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("\n\n"))
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("zzzzzzzz {\"schema\":\"mlops/inference-record/v1\"}\n00000000 "))
	f.Add([]byte("6b8e7d5a \n0000"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "000000000001.wal")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readWAL(path, func(r record.Line, _ []byte) {
			if r.Sequence < 1 || r.Deployment == "" {
				t.Errorf("read %+v", r)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}
