package retention

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

const day = 24 * time.Hour

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// archive is a store, a sweeper, and the clock that a test steps.
type archive struct {
	t       *testing.T
	store   *memstore.Store
	sweeper *Sweeper
	now     time.Time
	rules   []Rule
	written int64
}

func newArchive(t *testing.T, rules ...Rule) *archive {
	store := memstore.New()
	return &archive{t: t, store: store, sweeper: New(store), now: start, rules: rules}
}

// segment puts one record of an event that arrived at a time, and returns its key.
func (a *archive) segment(event, arrived time.Time) string {
	a.t.Helper()
	a.written++
	encoded, err := record.Record{
		Schema: record.Schema, ID: "1", Time: arrived, EventTime: event, Deployment: "delay", Instance: "one",
	}.Encode()
	if err != nil {
		a.t.Fatal(err)
	}
	key := record.Key("delay", "one", event, a.written)
	a.store.Put(key, record.AppendLine(nil, encoded, a.written))
	return key
}

// report puts a judgement of a window, made at a time, with its page, and returns the report's key.
func (a *archive) report(end, judged time.Time) string {
	a.t.Helper()
	data, err := json.MarshalIndent(mlops.DriftReport{Schema: mlops.DriftReportSchema, WindowEnd: end, Time: judged}, "", "  ")
	if err != nil {
		a.t.Fatal(err)
	}
	key := "reports/delay/" + end.Format("2006/01/02/") + end.Format(mlops.TimeKey) + ".json"
	a.store.Put(key, data)
	a.store.Put(strings.TrimSuffix(key, ".json")+".html", []byte("<p>"))
	return key
}

func (a *archive) sweep() error {
	_, err := a.sweeper.Sweep(a.t.Context(), a.now, func() ([]Rule, error) { return slices.Clone(a.rules), nil })
	return err
}

// round sweeps as the passes of an hour do, and returns what was asked of the store.
func (a *archive) round() map[string]int {
	a.t.Helper()
	a.store.ResetCalls()
	for range 50 {
		if err := a.sweep(); err != nil {
			a.t.Fatal(err)
		}
	}
	a.now = a.now.Add(Interval)
	return a.store.CallCounts()
}

func (a *archive) holds(keys ...string) {
	a.t.Helper()
	slices.Sort(keys)
	if left := a.store.Keys(""); !slices.Equal(left, keys) {
		a.t.Errorf("left are %v, want %v", left, keys)
	}
}

func TestOldRecordsAndReportsGo(t *testing.T) {
	a := newArchive(t, append(Records("delay", 30), Reports("delay", 10, nil))...)
	a.segment(start.Add(-40*day), start.Add(-40*day))
	label := func(came time.Time) string { // it lies by when it came
		key := record.LabelKey("delay", "one", came, 1)
		a.store.Put(key, []byte(`{"time": "`+came.Format(time.RFC3339)+`"}`+"\n"))
		return key
	}
	label(start.Add(-31 * day))
	labelled := label(start.Add(-29 * day))
	late := a.segment(start.Add(-40*day), start.Add(-29*day)) // a label or a retry that came later
	young := a.segment(start.Add(-29*day), start.Add(-29*day))
	a.report(start.Add(-20*day), start.Add(-20*day))
	recent := a.report(start.Add(-9*day), start.Add(-9*day))
	backfilled := a.report(start.Add(-300*day), start.Add(-day))
	page := func(key string) string { return strings.TrimSuffix(key, ".json") + ".html" }
	for _, key := range []string{"data/sha256/00", "logs/delay/000000000001.json", "datasets/flights/000000000001/manifest.json",
		"specs/models/delay/000000000001.json", "records/other/2001/01/01/00/one-000000000001.jsonl", "records/delay/notes.txt"} {
		a.store.Put(key, []byte(`{"time": "2001-01-01T00:00:00Z"}`))
	}
	others := []string{"data/sha256/00", "logs/delay/000000000001.json", "datasets/flights/000000000001/manifest.json",
		"specs/models/delay/000000000001.json", "records/other/2001/01/01/00/one-000000000001.jsonl", "records/delay/notes.txt"}
	a.round()
	a.holds(append(others, late, labelled, young, recent, page(recent), backfilled, page(backfilled))...)
	a.now = start.Add(day + Interval)
	a.round()
	a.holds(append(others, labelled, young, recent, page(recent), backfilled, page(backfilled))...)
	a.now = start.Add(40 * day)
	a.round()
	a.holds(others...)
}

// The demo replays flights of 2001: they arrived today.
func TestReplayedTrafficStays(t *testing.T) {
	a := newArchive(t, Records("delay", 90)...)
	key := a.segment(time.Date(2001, 2, 6, 8, 0, 0, 0, time.UTC), start)
	for a.now.Before(start.Add(90 * day)) {
		a.round()
		a.holds(key)
		a.now = a.now.Add(5 * day)
	}
	a.now = start.Add(90*day + Interval)
	a.round()
	a.holds()
}

// A document that is still needed is spared; one that does not say when it came is kept, and named once.
func TestWhatIsKeptThoughOld(t *testing.T) {
	a := newArchive(t, Records("delay", 1)...)
	needed := a.report(start.Add(-20*day), start.Add(-20*day))
	a.rules = append(a.rules, Reports("delay", 1, map[string]bool{needed: true}))
	undated := []string{"records/delay/2001/01/01/00/one-000000000001.jsonl", "records/delay/2001/01/01/00/one-000000000002.jsonl", "records/delay/2001/01/01/00/one-000000000003.jsonl"}
	for i, content := range []string{"", "{\"time\": 7}\n", "not JSON\n"} {
		a.store.Put(undated[i], []byte(content))
	}
	a.segment(start.Add(-2*day), start.Add(-2*day))
	for _, key := range undated {
		if err := a.sweep(); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), key) {
			t.Errorf("%v, want an error that names %s", err, key)
		}
	}
	a.round()
	a.round()
	a.holds(append(undated, needed, strings.TrimSuffix(needed, ".json")+".html")...)
}

// A store that fails in the middle costs nothing but time.
func TestFailuresGoOnNextTime(t *testing.T) {
	for _, verb := range []string{memstore.VerbList, memstore.VerbRead, memstore.VerbDelete} {
		t.Run(verb, func(t *testing.T) {
			a := newArchive(t, append(Records("delay", 1), Reports("delay", 1, nil))...)
			for i := range 5 {
				a.segment(start.Add(-time.Duration(9-i)*day), start.Add(-time.Duration(9-i)*day))
				a.report(start.Add(-time.Duration(9-i)*day), start.Add(-time.Duration(9-i)*day))
			}
			calls := 0
			a.store.Before = func(asked, _ string) error {
				if asked == verb {
					if calls++; calls < 8 && calls%2 == 1 {
						return errors.New("the store is away")
					}
				}
				return nil
			}
			failed := false
			for range 4 {
				for range 20 {
					failed = a.sweep() != nil || failed
				}
				a.now = a.now.Add(Interval)
			}
			if !failed {
				t.Error("no failure was reported")
			}
			a.holds()
		})
	}
}

// A piece is bounded, and the round goes on until all is gone.
func TestSweepIsBounded(t *testing.T) {
	a := newArchive(t, Records("delay", 1)...)
	const segments = 3 * page / 2
	for range segments {
		a.segment(start.Add(-9*day), start.Add(-9*day))
	}
	for sweeps := 0; len(a.store.Keys("")) > 0; sweeps++ {
		if sweeps > segments {
			t.Fatal("it does not end")
		}
		a.store.ResetCalls()
		if err := a.sweep(); err != nil {
			t.Fatal(err)
		}
		asked := 0
		for _, calls := range a.store.CallCounts() {
			asked += calls
		}
		if asked > callsInSweep+2 {
			t.Fatalf("one sweep asked %d calls", asked)
		}
	}
}

// What stays is looked at once; between rounds nothing is asked; a round costs its listings.
func TestCallsDoNotGrow(t *testing.T) {
	var cost [2]string
	for i, segments := range []int{10, 900} {
		a := newArchive(t, append(Records("delay", 90), Reports("delay", 90, nil))...)
		for n := range segments {
			a.segment(time.Date(2001, 2, 6, n%24, 0, 0, 0, time.UTC), start)
		}
		if first := a.round(); first[memstore.VerbRead] != segments {
			t.Errorf("the first round read %d, want %d", first[memstore.VerbRead], segments)
		}
		cost[i] = fmt.Sprint(a.round())
	}
	if cost[0] != cost[1] || cost[0] != "map[list:4]" {
		t.Errorf("a later round costs %s with 10 and %s with 900 segments, want a listing a rule", cost[0], cost[1])
	}
}

// A clock that was set back must not stop retention until it has caught up.
func TestClockSetBack(t *testing.T) {
	a := newArchive(t, Records("delay", 1)...)
	a.now = start.Add(1000 * day)
	a.round()
	a.now = start
	a.segment(start.Add(-9*day), start.Add(-9*day))
	a.round()
	a.holds()
}
