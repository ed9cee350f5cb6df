package hours

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

var (
	monday = time.Date(2001, 2, 26, 0, 0, 0, 0, time.UTC) // a month ends in its week
	flight = mlops.Dataset{Name: "flights", Columns: map[string]mlops.Column{
		"departure": {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp},
		"distance":  {Type: mlops.TypeNumber, Role: mlops.RoleFeature},
		"origin":    {Type: mlops.TypeCategory, Role: mlops.RoleFeature},
		"seldom":    {Type: mlops.TypeNumber, Role: mlops.RoleFeature},
	}}
)

// traffic is a store with records, and who keeps its profiles.
type traffic struct {
	store    *memstore.Store
	random   *rand.Rand
	sequence int64
	now      time.Time
}

func newTraffic() *traffic {
	return &traffic{store: memstore.New(), random: rand.New(rand.NewPCG(31, 1)), now: monday.AddDate(0, 0, 30)}
}

func (f *traffic) keeper() Keeper {
	return Keeper{Store: f.store, NewWriter: func() string { f.sequence++; return strconv.FormatInt(f.sequence, 10) }, Now: func() time.Time { return f.now }}
}

func (f *traffic) plan() Plan {
	return Plan{Deployment: "delay", Model: "delay", Incarnation: "one", Dataset: flight, Frames: func(_ context.Context, version int64) (Frames, bool, error) {
		if version == 9 {
			return Frames{}, false, nil
		}
		random := rand.New(rand.NewPCG(uint64(version), 1)) //nolint:gosec // a seed
		frames := Frames{Edges: fmt.Sprint("edges of ", version), Columns: map[string]stats.Frame{}}
		distances := stats.Input{Type: mlops.TypeNumber}
		for range 500 {
			distances.Numbers = append(distances.Numbers, float64(200+random.IntN(900)))
		}
		for name, column := range flight.Columns {
			reference := stats.Input{Type: column.Type}
			switch column.Type {
			case mlops.TypeNumber:
				reference = distances
			case mlops.TypeCategory:
				reference.Text = []string{"ATL", "ORD", "ORD"}
			}
			frames.Columns[name] = stats.NewFrame(column, stats.NewColumnProfile(reference))
		}
		answers := stats.NewFrame(mlops.Column{Type: mlops.TypeNumber}, stats.NewColumnProfile(distances))
		frames.Predictions = &answers
		return frames, true, nil
	}}
}

// serve records some requests of a span in one segment an hour, by versions in turn.
func (f *traffic) serve(t *testing.T, from, to time.Time, requests int, versions ...int64) {
	t.Helper()
	segments := map[time.Time][]byte{}
	first := map[time.Time]int64{}
	for range requests {
		f.sequence++
		at := from.Add(time.Duration(f.random.Int64N(int64(to.Sub(from))))).Truncate(time.Second)
		row := fmt.Sprintf(`{"departure":%q,"distance":%d,"origin":%q}`, at.Format(time.RFC3339), f.random.IntN(1500), []string{"ATL", "SEA", "LAX"}[f.random.IntN(3)])
		if at.Hour() == 7 {
			row = strings.Replace(row, "}", `,"seldom":1.5}`, 1)
		}
		rows := "[" + row + "]"
		if f.random.IntN(10) == 0 {
			rows = "[" + row + "," + strings.Replace(row, `"distance":`, `"distance":"none","x":`, 1) + "," + row + "]"
		}
		made := record.Record{
			Schema: record.Schema, ID: strconv.FormatInt(f.sequence, 10), Time: at, EventTime: at, Deployment: "delay", Model: "delay",
			ModelVersion: versions[f.random.IntN(len(versions))], Instance: "one", Status: 200, Complete: true, Rows: 1, Data: json.RawMessage(rows),
			Response: json.RawMessage(fmt.Sprintf(`[{"score":%d}]`, f.random.IntN(900))), ResponseRows: 1,
		}
		encoded, err := made.Encode()
		if err != nil {
			t.Fatal(err)
		}
		hour := at.Truncate(time.Hour)
		if segments[hour] == nil {
			first[hour] = f.sequence
		}
		segments[hour] = record.AppendLine(segments[hour], encoded, f.sequence)
	}
	for hour, lines := range segments {
		if err := f.store.Create(t.Context(), record.Key("delay", "one", hour, first[hour]), lines); err != nil {
			t.Fatal(err)
		}
	}
}

// atOnce counts the rows of a span at once, with no profile.
func (f *traffic) atOnce(t *testing.T, span mlops.Span) map[int64]*Part {
	t.Helper()
	builders, newest := map[int64]*record.Builder{}, map[int64]time.Time{}
	_, err := record.Scan(t.Context(), f.store, "delay", span.From, span.To, func(r record.Record) error {
		if builders[r.ModelVersion] == nil {
			builders[r.ModelVersion] = record.NewBuilder(flight)
		}
		if r.EventTime.After(newest[r.ModelVersion]) {
			newest[r.ModelVersion] = r.EventTime
		}
		return builders[r.ModelVersion].Add(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	parts := map[int64]*Part{}
	for version, builder := range builders {
		frames, here, err := f.plan().Frames(t.Context(), version)
		if err != nil {
			t.Fatal(err)
		}
		part := countRows(version, frames, here, builder.Columns(), newest[version], span.From.Truncate(time.Hour))
		parts[version] = &part
	}
	return parts
}

// wantAtOnce compares a sum with rows that were counted at once.
func (f *traffic) wantAtOnce(t *testing.T, sum *Sum, span mlops.Span) {
	t.Helper()
	want := f.atOnce(t, span)
	if len(want) != len(sum.Parts) {
		t.Errorf("%d versions served, want %d", len(sum.Parts), len(want))
	}
	for version, part := range want {
		got := sum.Parts[version]
		if got == nil {
			t.Errorf("version %d is missing", version)
			continue
		}
		if sum.Late > 0 { // what came late lies between others
			part.Times.Gaps = got.Times.Gaps
		}
		part.Strayed, part.Times.GapFrom, part.Times.GapTo = got.Strayed, got.Times.GapFrom, got.Times.GapTo
		if !reflect.DeepEqual(got, part) {
			t.Errorf("version %d from %s to %s: added up\n%+v, at once\n%+v", version, span.From, span.To, got, part)
		}
	}
}

// Windows of any span are the sum of profiles and of the rows at their ends, exactly, also after records came late and whoever
// made the profiles; and what was counted once is not read again.
func TestWindowsAddUp(t *testing.T) {
	f := newTraffic()
	end := monday.AddDate(0, 0, 6)
	f.serve(t, monday, monday.AddDate(0, 0, 3), 900, 1)
	f.serve(t, monday.AddDate(0, 0, 4), end, 600, 1, 2)
	for try := range 40 {
		a, b := f.random.Int64N(int64(end.Sub(monday))), f.random.Int64N(int64(end.Sub(monday)))
		span := mlops.Span{From: monday.Add(time.Duration(min(a, b))).Truncate(time.Minute), To: monday.Add(time.Duration(max(a, b))).Truncate(time.Minute)}
		if try%8 == 7 { // late, for hours that were counted
			f.serve(t, span.From, span.To, 5, 1)
		}
		sum, err := f.keeper().Sum(t.Context(), f.plan(), span, span.To)
		if err != nil {
			t.Fatal(err)
		}
		f.wantAtOnce(t, sum, span)
	}
	before := f.store.CallCounts()
	span := mlops.Span{From: monday, To: end}
	sum, err := f.keeper().Sum(t.Context(), f.plan(), span, end)
	if err != nil {
		t.Fatal(err)
	}
	f.wantAtOnce(t, sum, span)
	if sum.Late == 0 || sum.Hours != 6*24 || sum.Read != 0 {
		t.Errorf("%d late rows, %d hours, %d rows read; want some, 144 and none", sum.Late, sum.Hours, sum.Read)
	}
	calls := f.store.CallCounts()
	if created := calls[memstore.VerbCreate] - before[memstore.VerbCreate]; created > 6 {
		t.Errorf("%d documents were created for 6 days that had been looked at", created)
	}
}

// Six whole days cost six reads and two listings where nothing is checked, however long history is.
func TestDaysAreReadOnce(t *testing.T) {
	f := newTraffic()
	end := monday.AddDate(0, 0, 6)
	f.serve(t, monday.AddDate(0, 0, -20), end, 2000, 1)
	for _, from := range []time.Time{monday.AddDate(0, 0, -20), monday} {
		if _, err := f.keeper().Sum(t.Context(), f.plan(), mlops.Span{From: from, To: end}, end); err != nil {
			t.Fatal(err)
		}
	}
	keeper := f.keeper()
	keeper.Check = func(time.Time) bool { return false }
	before := f.store.CallCounts()
	if _, err := keeper.Sum(t.Context(), f.plan(), mlops.Span{From: monday, To: end}, end); err != nil {
		t.Fatal(err)
	}
	calls := f.store.CallCounts()
	for verb, want := range map[string]int{memstore.VerbRead: 6, memstore.VerbList: 2, memstore.VerbCreate: 0} {
		if got := calls[verb] - before[verb]; got != want {
			t.Errorf("%d calls to %s, want %d", got, verb, want)
		}
	}
}

// Two that count the same hours at once end with one profile an hour, and both with the right sum.
func TestTwoCountAtOnce(t *testing.T) {
	f := newTraffic()
	end := monday.AddDate(0, 0, 2)
	f.serve(t, monday, end, 300, 1)
	span := mlops.Span{From: monday, To: end}
	meddled := false
	f.store.Before = func(verb, key string) error {
		if verb == memstore.VerbCreate && !meddled && strings.HasSuffix(key, Suffix) {
			meddled = true
			if _, err := f.keeper().Sum(t.Context(), f.plan(), span, end); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	sum, err := f.keeper().Sum(t.Context(), f.plan(), span, end)
	if err != nil {
		t.Fatal(err)
	}
	f.wantAtOnce(t, sum, span)
	if profiles := len(f.store.Keys(Prefix("delay"))); profiles != 2*24+2 {
		t.Errorf("%d profiles, want 50: one an hour and one a day", profiles)
	}
}

// Another schema is another plan: its profiles are made again, beside the old ones. A version that nobody knows leaves its edges
// open, and says so.
func TestRebaseline(t *testing.T) {
	f := newTraffic()
	end := monday.AddDate(0, 0, 1)
	f.serve(t, monday, end, 200, 1, 9)
	span := mlops.Span{From: monday, To: end}
	sum, err := f.keeper().Sum(t.Context(), f.plan(), span, end)
	if err != nil {
		t.Fatal(err)
	}
	if frames, _, _ := f.plan().Frames(t.Context(), 1); sum.Parts[1].Edges != frames.Edges || sum.Parts[9].Edges != mixedEdges || sum.Parts[9].Rows == 0 {
		t.Errorf("edges %q and %q, want those of the version and none that fit", sum.Parts[1].Edges, sum.Parts[9].Edges)
	}
	old := len(f.store.Keys(Prefix("delay")))
	plan := f.plan()
	plan.Incarnation = "two"
	if _, err := f.keeper().Sum(t.Context(), plan, span, end); err != nil {
		t.Fatal(err)
	}
	if all := len(f.store.Keys(Prefix("delay"))); all != 2*old {
		t.Errorf("%d profiles, want twice %d", all, old)
	}
}

// Records that retention took stay counted.
func TestProfilesOutliveRecords(t *testing.T) {
	f := newTraffic()
	end := monday.AddDate(0, 0, 1)
	f.serve(t, monday, end, 200, 1)
	span := mlops.Span{From: monday, To: end}
	first, err := f.keeper().Sum(t.Context(), f.plan(), span, end)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{record.Prefix("delay"), Prefix("delay") + monday.Format(dayLayout) + "/0"} {
		for _, key := range f.store.Keys(gone) {
			if err := f.store.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		again, err := f.keeper().Sum(t.Context(), f.plan(), span, end)
		if err != nil || !reflect.DeepEqual(first.Parts, again.Parts) {
			t.Errorf("without %s: %v; %+v, want %+v", gone, err, again.Parts[1], first.Parts[1])
		}
	}
}

// What is no profile is an error that names it.
func TestBrokenProfiles(t *testing.T) {
	f := newTraffic()
	end := monday.AddDate(0, 0, 1)
	f.serve(t, monday, end, 100, 1)
	span := mlops.Span{From: monday, To: end}
	if _, err := f.keeper().Sum(t.Context(), f.plan(), span, end); err != nil {
		t.Fatal(err)
	}
	var key string
	for _, candidate := range f.store.Keys(Prefix("delay")) {
		if strings.Contains(candidate, "/day-") {
			key = candidate
		}
	}
	content, err := f.store.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(content); cut += 7 {
		if d, err := decode(key, content[:cut]); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), key) {
			t.Fatalf("%d of %d bytes: %v, %+v; want mlops.ErrInvalid and the key", cut, len(content), err, d)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema":"mlops/traffic-profile/v1","parts":[{"version":1,"bytes":3}],"segment_name_bytes":1}` + "\nabcd"))
	f.Fuzz(func(t *testing.T, content []byte) {
		d, err := decode("key", content)
		if err != nil {
			return
		}
		_ = d.segmentNames()
		sum := newSum(newTraffic().plan())
		if err := sum.addDocument(t.Context(), "key", d); err != nil && !errors.Is(err, mlops.ErrInvalid) {
			t.Error(err)
		}
	})
}
