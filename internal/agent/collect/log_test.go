package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// leftHome is the folder of an instance that has opened, as its process has it.
func leftHome(t *testing.T, root, instance string, store *memstore.Store) *home {
	t.Helper()
	var limits Options
	limits.setDefaults()
	h, err := openHome(root, constants{Deployment: "delay", Instance: instance, BodyLimit: limits.BodyLimit}, limits.journal(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.log.Close() }) // its folder goes with the test; nobody may still prepare a segment in it
	if err := h.claim(context.Background(), store); err != nil {
		t.Fatal(err)
	}
	return h
}

// write appends records a minute apart that carry their number as correlation id.
func write(t *testing.T, h *home, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		id := strconv.Itoa(i)
		c := captured{
			id: h.owner.Writer + id, correlationID: id, started: time.Date(2001, 1, 8, 12, i, 0, 0, time.UTC), status: 200, complete: true,
			request: half{body: []byte(oneRow)}, answered: true, answer: half{body: []byte(`[0.5]`)},
		}
		if err := h.log.exchange(waiting(context.Background(), h.log), c, renderer{constants: h.owner.constants}); err != nil {
			t.Fatal(err)
		}
	}
}

func testShipper(store *memstore.Store) *shipper {
	options := Options{Store: store, LongestRetry: time.Millisecond}
	options.setDefaults()
	return newShipper(options, newMetrics(func() *wal { return nil }, &budget{}), func() record.Redaction { return record.Redaction{} })
}

func ship(t *testing.T, h *home, store *memstore.Store) {
	t.Helper()
	h.log.Seal()
	if err := testShipper(store).drain(context.Background(), h); err != nil {
		t.Fatal(err)
	}
}

// adoptAll does what a collector does for those below a folder that are gone.
func adoptAll(t *testing.T, root string, store *memstore.Store) int {
	t.Helper()
	var limits Options
	limits.setDefaults()
	adopted, err := testShipper(store).adopt(context.Background(), root, "delay", "successor", "", limits.journal())
	if err != nil {
		t.Fatal(err)
	}
	return adopted
}

func audit(t *testing.T, store *memstore.Store) record.Audit {
	t.Helper()
	found, err := record.Verify(context.Background(), store, record.Verification{Deployment: "delay", Read: true})
	if err != nil {
		t.Fatal(err)
	}
	return found
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
	for { // a file may be renamed while it is copied
		left := t.TempDir()
		err := os.CopyFS(left, os.DirFS(folder))
		if err == nil {
			return left
		}
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// Wherever an instance is killed, another ships every record of it once and closes it; nothing is left of its folder.
func TestOthersFinishWhatIsLeft(t *testing.T) {
	for _, written := range []int{0, 1, 7} {
		root, store := t.TempDir(), memstore.New()
		h := leftHome(t, root, "a", store)
		write(t, h, 1, written)
		ship(t, h, store)
		write(t, h, written+1, written+3)
		if adoptAll(t, root, store) != 0 {
			t.Error("one that runs was adopted")
		}
		left := kill(t, root)
		if adoptAll(t, left, store) != 1 || adoptAll(t, left, store) != 0 {
			t.Error("it was not adopted once")
		}
		checkSequence(t, stored(t, store), written+3)
		if entries, err := os.ReadDir(left); err != nil || len(entries) != 0 {
			t.Errorf("left: %v, %v", entries, err)
		}
		found := audit(t, store)
		if one := found.Instances[0]; !found.Complete || one.State != record.StateComplete || one.Records != int64(written+3) || one.Ended != record.EndedKilled {
			t.Errorf("the audit says %+v", found)
		}
	}
}

// One that starts again in its folder goes on with its number, its name and its account.
func TestSameInstanceGoesOn(t *testing.T) {
	root, store := t.TempDir(), memstore.New()
	for i := range 4 {
		h := leftHome(t, root, "a", store)
		write(t, h, 2*i+1, 2*i+2)
		if i%2 == 0 {
			ship(t, h, store)
		}
		root = kill(t, root)
	}
	adoptAll(t, root, store)
	checkSequence(t, stored(t, store), 8)
	if found := audit(t, store); !found.Complete || len(found.Instances) != 1 || found.Records != 8 {
		t.Errorf("the audit says %+v", found)
	}
}

// A process that dies between the store's confirmation and the removal of the file leaves no second copy; nor does one that
// dies between the segments of two hours; nor does a lost reply.
func TestShippingAgainLeavesOneCopy(t *testing.T) {
	for dies := range 9 {
		root, store := t.TempDir(), memstore.New()
		h := leftHome(t, root, "a", store)
		write(t, h, 1, 130) // three hours
		left, creates := "", 0
		store.After = func(verb, _ string) error {
			if verb != memstore.VerbCreate {
				return nil
			}
			if creates++; creates == dies+1 {
				left = kill(t, root)
				return errors.New("the reply is lost")
			}
			return nil
		}
		h.log.Seal()
		if err := testShipper(store).deliver(context.Background(), h, "a"); err != nil {
			t.Fatal(err)
		}
		if left != "" {
			adoptAll(t, left, store)
		}
		checkSequence(t, stored(t, store), 130)
		if keys := store.Keys("records/"); len(keys) != 3 || keys[1] != "records/delay/2001/01/08/13/a-000000000060.jsonl.zst" {
			t.Errorf("the segments are %v", keys)
		}
		if found := audit(t, store); !found.Complete || found.Records != 130 {
			t.Errorf("killed after %d documents the audit says %+v", dies+1, found)
		}
	}
}

// A log that cannot be written costs records, counted, and no request; it heals when the disk does.
func TestLogCannotBeWritten(t *testing.T) {
	s := newStage(t, score, func(o *Options) { o.FlushInterval = time.Hour })
	folder := s.collector.home.lock.Folder
	if err := os.RemoveAll(folder); err != nil { // no file can be made there
		t.Fatal(err)
	}
	s.collector.log.Seal()
	lost := 0
	for range 3 { // the first may still find a file that was made before
		if response, _ := s.post("/score", oneRow); response.StatusCode != http.StatusOK {
			t.Errorf("the request failed: %d", response.StatusCode)
		}
		s.collector.log.Seal()
		lost++
	}
	if got := s.counted("lost_records_total", string(journal.ReasonWrite)); got < 2 {
		t.Errorf("%v records are counted as lost, want %d", got, lost)
	}
	if response, _ := s.do(get(t, s.url+HealthPath)); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("health answers %d", response.StatusCode)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	await(t, "the log to be well again", func() bool {
		s.post("/score", oneRow)
		response, _ := s.do(get(t, s.url+HealthPath))
		return response.StatusCode == http.StatusOK
	})
}

// Two collectors of one name, in folders that do not know of each other, cost each other nothing: the second gets a name.
func TestInstanceNameUsedTwice(t *testing.T) {
	store := memstore.New()
	for i := range 3 {
		h := leftHome(t, t.TempDir(), "a", store)
		if want := []string{"a", "a-2", "a-3"}[i]; h.owner.Instance != want {
			t.Errorf("collector %d is %q", i, h.owner.Instance)
		}
		write(t, h, 1, 2)
		ship(t, h, store)
	}
	if got := len(stored(t, store)); got != 6 {
		t.Errorf("there are %d records", got)
	}
}

// A name belongs to one at a time.
func TestHomeIsLocked(t *testing.T) {
	s := newStage(t, score, nil)
	if _, err := New(s.collector.options); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a second collector: %v, want a conflict", err)
	}
}

// What cannot be read back is counted and named, whatever of it is gone; everything else arrives.
func TestDamagedLogIsAccountedFor(t *testing.T) {
	for name, damage := range map[string]struct {
		do   func(folder string) error
		lost int64
	}{
		"a record": {func(folder string) error { return spoil(folder, 0, []byte(`"distance":502`)) }, 1},
		"a file": {func(folder string) error {
			files, err := filepath.Glob(filepath.Join(folder, "*.wal"))
			return errors.Join(err, os.Remove(files[1]))
		}, 5},
		"the last file": {func(folder string) error {
			files, err := filepath.Glob(filepath.Join(folder, "*.wal"))
			return errors.Join(err, os.Remove(files[3]))
		}, 5},
		"the header": {func(folder string) error { return spoil(folder, 1, []byte(`{"deployment"`)) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root, store := t.TempDir(), memstore.New()
			h := leftHome(t, root, "a", store)
			for i := range 4 {
				write(t, h, 5*i+1, 5*i+5)
				h.log.Seal()
			}
			left := kill(t, root)
			if err := damage.do(filepath.Join(left, "a")); err != nil {
				t.Fatal(err)
			}
			adoptAll(t, left, store)
			found := audit(t, store)
			one := found.Instances[0]
			if found.Complete != (damage.lost == 0) || one.Lost != damage.lost || one.Records != 20-damage.lost || int64(len(stored(t, store))) != one.Records || len(one.Problems) > 0 {
				t.Errorf("the audit says %+v", one)
			}
			lost, err := record.Lost(context.Background(), store, "delay")
			if err != nil || lost != damage.lost || damage.lost > 0 && one.Gaps[0].Reason != string(journal.ReasonDamage) {
				t.Errorf("%d are lost, %v; the gaps are %v", lost, err, one.Gaps)
			}
		})
	}
}

// spoil changes one byte of a text in a file of the log.
func spoil(folder string, index int, text []byte) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.wal"))
	if err != nil {
		return err
	}
	content, err := os.ReadFile(files[index])
	if err != nil {
		return err
	}
	content[bytes.Index(content, text)+1] ^= 1
	return os.WriteFile(files[index], content, 0o600)
}

// Folders that nobody can make sense of stay, and stop nothing.
func TestStrangeFoldersAreLeftAlone(t *testing.T) {
	root, store := t.TempDir(), memstore.New()
	for _, file := range []string{"empty/lock", "nobody/000000000001.wal", "broken/owner.json", "other/owner.json", "file"} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(`{"deployment":"another","instance":"x"}`[:min(39, 39*strings.Count(file, "other"))]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := leftHome(t, root, "a", store)
	write(t, h, 1, 3)
	left := kill(t, root)
	var limits Options
	limits.setDefaults()
	adopted, err := testShipper(store).adopt(context.Background(), left, "delay", "successor", "", limits.journal())
	if adopted != 1 || !errors.Is(err, mlops.ErrInvalid) || strings.Count(err.Error(), "log folder") != 2 {
		t.Errorf("%d, %v", adopted, err)
	}
	checkSequence(t, stored(t, store), 3)
	if entries, _ := os.ReadDir(left); len(entries) != 4 {
		t.Errorf("left are %v", entries)
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
	store.Before = func(verb, key string) error {
		if verb == memstore.VerbCreate && away.Load() && !strings.HasPrefix(key, "collectors/") {
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
	store.Before = func(verb, key string) error {
		if verb == memstore.VerbCreate && !strings.HasPrefix(key, "collectors/") {
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

// Whatever stands in an entry of the log, reading it ends, and what is read says what was written.
func FuzzCaptured(f *testing.F) {
	f.Add([]byte(""))
	f.Add(captured{id: "a", path: "/score", status: 200, answered: true, request: half{total: 3, body: []byte("[1]")}}.append(nil))
	f.Fuzz(func(t *testing.T, entry []byte) {
		c, err := parseCaptured(entry)
		if err != nil {
			return
		}
		again, err := parseCaptured(c.append(nil))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%+v, %v; want %+v", again, err, c)
		}
		renderer{constants: constants{Deployment: "delay", Instance: "a", BodyLimit: 1 << 20}}.record(c, nil)
	})
}
