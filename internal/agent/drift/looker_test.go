package drift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// flights is a project with a published dataset, a registered version and a monitor, in memory.
type flights struct {
	store    *memstore.Store
	project  *project.Project
	looker   *Looker
	random   *rand.Rand
	sequence int64
}

func newFlights(t *testing.T) *flights {
	t.Helper()
	f := &flights{store: memstore.New(), random: rand.New(rand.NewPCG(7, 7))}
	f.project = project.Open(platform.Platform{Place: "file:.mlops", Store: f.store}, "test")
	ctx := t.Context()
	columns := mlops.Dataset{
		Name: "flights", HoldoutPercent: mlops.DefaultHoldoutPercent,
		Columns: map[string]mlops.Column{
			"departure":      {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp},
			"distance_miles": {Type: mlops.TypeNumber, Role: mlops.RoleFeature, Unit: "miles"},
			"origin":         {Type: mlops.TypeCategory, Role: mlops.RoleFeature},
			"late":           {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
		},
	}
	training := mlops.Training{Name: "delay", Dataset: "flights", Image: "delay:1"}
	for _, spec := range []mlops.Spec{
		columns, training, mlops.Model{Name: "delay", Training: "delay"},
		mlops.Deployment{Name: "delay", Model: "delay", Alias: mlops.AliasChampion},
		mlops.DriftMonitor{
			Name: "delay", Deployment: "delay", Reference: mlops.ReferenceTraining, Schedule: "0 0 * * *",
			Window: mlops.Duration(24 * time.Hour), OpenAfter: 2, CloseAfter: 2,
		},
	} {
		if _, _, err := f.project.CreateSpec(ctx, spec); err != nil {
			t.Fatal(err)
		}
	}
	manifest := f.publish(t, columns)
	f.register(t, training, manifest)
	looker, err := NewLooker(ctx, f.project, "delay", hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	f.looker = looker
	return f
}

func (f *flights) publish(t *testing.T, spec mlops.Dataset) mlops.DatasetManifest {
	t.Helper()
	var csv strings.Builder
	csv.WriteString("departure,distance_miles,origin,late\n")
	for day := range 30 {
		for range 200 {
			distance, origin := f.flight(1, false)
			fmt.Fprintf(&csv, "%s,%.0f,%s,false\n", f.at(day-40), distance, origin)
		}
	}
	path := filepath.Join(t.TempDir(), "january.csv")
	if err := os.WriteFile(path, []byte(csv.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	published, err := dataset.Publish(t.Context(), dataset.Request{
		Store: f.store, Dataset: spec, SourcePath: path, Now: f.project.Now, NewWriter: f.project.NewWriter,
	})
	if err != nil {
		t.Fatal(err)
	}
	return published.DatasetManifest
}

// register writes the log of a bootstrap that went well.
func (f *flights) register(t *testing.T, training mlops.Training, manifest mlops.DatasetManifest) {
	t.Helper()
	inputs := &mlops.Inputs{Dataset: "flights", DatasetVersion: manifest.Number, Code: training}
	state := mlops.NewState("delay")
	for _, event := range []mlops.Event{
		{Type: mlops.ModelCreated, Incarnation: "one"},
		{Type: mlops.RunRequested, Cause: &mlops.Cause{Kind: mlops.CauseBootstrap, Key: "1"}},
		{Type: mlops.RunTraining, Attempt: 1, Inputs: inputs},
		{Type: mlops.RunTrained, Output: &mlops.Output{ArtifactSHA256: "0"}, Holdout: &mlops.Holdout{Dataset: "flights", Version: manifest.Number}},
		{Type: mlops.RunEvaluated, Judgement: &mlops.Judgement{Passed: true}},
		{Type: mlops.RunRegistered, Version: 1},
		{Type: mlops.RunApproved, Version: 1},
		{Type: mlops.RunPromoting, Version: 1, Alias: mlops.AliasChampion},
		{Type: mlops.RunPromoted, Version: 1, Alias: mlops.AliasChampion},
	} {
		if event.Type != mlops.ModelCreated {
			event.RunID = "run-1"
		}
		var err error
		if state, err = f.project.AppendModel(t.Context(), state, event); err != nil {
			t.Fatal(err)
		}
	}
}

// flight draws one: its distance, one of a network's routes, times a factor, and its origin, of another network where asked.
func (f *flights) flight(factor float64, elsewhere bool) (float64, string) {
	origins := []string{"ATL", "ATL", "ORD", "DFW"}
	if elsewhere {
		origins = []string{"SEA", "PDX", "ATL"}
	}
	return factor * float64(200+37*f.random.IntN(40)), origins[f.random.IntN(len(origins))]
}

// at is a random moment of a day after monday.
func (f *flights) at(day int) string {
	return monday.AddDate(0, 0, day).Add(time.Duration(f.random.IntN(86_000)) * time.Second).Format(time.RFC3339)
}

// serve records a day of traffic by a version, in one segment.
func (f *flights) serve(t *testing.T, day int, version int64, factor float64, elsewhere bool) {
	t.Helper()
	var segment []byte
	first := f.sequence + 1
	for range 600 {
		distance, origin := f.flight(factor, elsewhere)
		f.sequence++
		at := f.at(day)
		eventTime, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		data := fmt.Sprintf(`[{"departure":%q,"distance_miles":%.2f,"origin":%q}]`, at, distance, origin)
		encoded, err := record.Record{
			Schema: record.Schema, ID: strconv.FormatInt(f.sequence, 10), Time: eventTime, EventTime: eventTime, Deployment: "delay", Model: "delay",
			ModelVersion: version, Instance: "one", Status: 200, Complete: true, Rows: 1, Data: json.RawMessage(data),
		}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		segment = record.AppendLine(segment, encoded, f.sequence)
	}
	f.split(t, segment, first)
}

// split writes the lines of a day into the segments of their hours.
func (f *flights) split(t *testing.T, lines []byte, first int64) {
	t.Helper()
	hours := map[time.Time][]byte{}
	for line := range strings.Lines(string(lines)) {
		r, err := record.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		hour := r.EventTime.Truncate(time.Hour)
		hours[hour] = append(hours[hour], line...)
	}
	for hour, segment := range hours {
		if err := f.store.Create(t.Context(), record.Key("delay", "one", hour, first), segment); err != nil {
			t.Fatal(err)
		}
	}
}

// look judges the day that a number of days after monday begins.
func (f *flights) look(t *testing.T, day int) mlops.DriftReport {
	t.Helper()
	report, err := f.looker.Judge(t.Context(), monday.AddDate(0, 0, day+1))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (f *flights) state(t *testing.T) mlops.MonitorState {
	t.Helper()
	state, err := f.project.Monitor(t.Context(), "delay")
	if err != nil || state.Parked != "" {
		t.Fatalf("%v %s", err, state.Parked)
	}
	return state
}

func TestDaysAreJudgedAndEpisodesFollow(t *testing.T) {
	f := newFlights(t)
	f.serve(t, 0, 1, 1, false)
	f.serve(t, 1, 1, 1.609344, false)
	f.serve(t, 2, 1, 1, true)
	f.serve(t, 3, 1, 1, true)
	for day, want := range []mlops.Verdict{mlops.VerdictStable, mlops.VerdictDataQuality, mlops.VerdictCovariate, mlops.VerdictCovariate} {
		if report := f.look(t, day); report.Verdict != want || report.Rows != 600 || report.ModelVersion != 1 {
			t.Errorf("day %d: %s of %d rows, version %d (%s); want %s of 600, version 1", day, report.Verdict, report.Rows, report.ModelVersion, report.Summary, want)
		}
	}
	state := f.state(t)
	if len(state.Episodes) != 2 || len(state.Open()) != 1 || state.Open()[0].Verdict != mlops.VerdictCovariate {
		t.Errorf("episodes %+v; want a closed one of data quality and an open one of drift", state.Episodes)
	}
	for _, window := range state.Windows {
		for _, key := range []string{window.Report, strings.TrimSuffix(window.Report, ".json") + ".html"} {
			if _, err := f.store.Read(t.Context(), key); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
}

func TestJudgingAWindowAgainWritesNothing(t *testing.T) {
	f := newFlights(t)
	f.serve(t, 0, 1, 1, false)
	f.look(t, 0)
	created := f.store.CallCounts()[memstore.VerbCreate]
	documents := f.documents(t)
	f.look(t, 0)
	if again := f.documents(t); again != documents {
		t.Errorf("%d documents, want the %d of before (%d creates)", again, documents, created)
	}
}

func (f *flights) documents(t *testing.T) int {
	t.Helper()
	entries, err := f.store.List(t.Context(), "", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// A window never spans a promotion: rows of the version before are not held against the new one.
func TestWindowHoldsOneVersion(t *testing.T) {
	f := newFlights(t)
	f.serve(t, 0, 9, 1, true) // an older life of the deployment
	f.serve(t, 0, 1, 1, false)
	// The last row of the day decides; give it to version 1.
	last := monday.Add(24*time.Hour - time.Second)
	encoded, err := record.Record{
		Schema: record.Schema, ID: "last", Time: last, EventTime: last, Deployment: "delay", ModelVersion: 1, Instance: "one", Status: 200, Complete: true,
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.store.Create(t.Context(), record.Key("delay", "two", last, 1), record.AppendLine(nil, encoded, 1)); err != nil {
		t.Fatal(err)
	}
	if report := f.look(t, 0); report.ModelVersion != 1 || report.Rows != 600 || report.Verdict != mlops.VerdictStable {
		t.Errorf("version %d, %d rows, %s (%s); want 600 stable rows of version 1", report.ModelVersion, report.Rows, report.Verdict, report.Summary)
	}
}

var errKilled = errors.New("killed")

// A look that is killed at any of its writes is finished by the next one, with the same documents.
func TestLookSurvivesAKillAtEveryWrite(t *testing.T) {
	outcome := func(killAt int) (episodes, windows, writes int) {
		f := newFlights(t)
		f.serve(t, 0, 1, 1, true)
		f.serve(t, 1, 1, 1, true)
		killed := 0
		f.store.Before = func(verb, _ string) error {
			if verb != memstore.VerbCreate {
				return nil
			}
			writes++
			if writes-1 == killAt {
				killed++
				return errKilled
			}
			return nil
		}
		for day := range 2 {
			for {
				_, err := f.looker.Judge(context.WithoutCancel(t.Context()), monday.AddDate(0, 0, day+1))
				if err == nil {
					break
				}
				if !errors.Is(err, errKilled) || killed > 1 {
					t.Fatalf("killed at write %d: %v", killAt, err)
				}
			}
		}
		state := f.state(t)
		return len(state.Episodes), len(state.Windows), writes
	}
	_, _, writes := outcome(-1)
	if writes < 7 { // two reports with pages, two judged, one opened
		t.Fatalf("%d writes, want at least 7", writes)
	}
	for killAt := range writes {
		if episodes, windows, _ := outcome(killAt); episodes != 1 || windows != 2 {
			t.Errorf("killed at write %d: %d episodes and %d windows, want 1 and 2", killAt, episodes, windows)
		}
	}
}

func TestLookFollowsTheSchedule(t *testing.T) {
	f := newFlights(t)
	if reports, err := f.looker.Look(t.Context()); err != nil || len(reports) != 0 {
		t.Errorf("a look without records: %d reports, %v", len(reports), err)
	}
	f.serve(t, 0, 1, 1, false)
	f.serve(t, 1, 1, 1, false)
	reports, err := f.looker.Look(t.Context())
	if err != nil || len(reports) != 1 || !reports[0].WindowEnd.Equal(monday.AddDate(0, 0, 1)) {
		t.Fatalf("%d reports, %v; want the window that ends with the first day", len(reports), err)
	}
	if reports, err = f.looker.Look(t.Context()); err != nil || len(reports) != 0 {
		t.Errorf("a second look: %d reports, %v; want none", len(reports), err)
	}
}

// A prediction that names no row is not looked up in the holdout.
func TestPredictionOfNoRow(t *testing.T) {
	f := newFlights(t)
	manifest, found, err := dataset.Latest(t.Context(), f.store, "flights")
	if err != nil || !found {
		t.Fatal(err)
	}
	for _, row := range []float64{math.NaN(), math.Inf(1), -1, 1e300} {
		days, err := f.looker.holdoutDays(t.Context(), manifest.Holdout.SHA256, "departure", []float64{0, row})
		if days != nil || err != nil {
			t.Errorf("row %v: days %v, %v; want none", row, days, err)
		}
	}
}

// One request that names a day years ahead does not carry the monitor there: the days in between are still judged.
func TestFarEventTimeDoesNotStopTheMonitor(t *testing.T) {
	f := newFlights(t)
	f.serve(t, 0, 1, 1, false)
	f.serve(t, 4000, 1, 1, false)
	for day := range 2 {
		f.project.Now = func() time.Time { return monday.AddDate(0, 0, day+1).Add(time.Minute) }
		reports, err := f.looker.Look(t.Context())
		if err != nil || len(reports) != 1 || !reports[0].WindowEnd.Equal(monday.AddDate(0, 0, day+1)) {
			t.Fatalf("day %d: %d reports, %v; want the one of the day", day, len(reports), err)
		}
		f.serve(t, day+1, 1, 1, false)
	}
}

// What a deployment served of another model, before it was declared anew, is no traffic of this one.
func TestRecordsOfAnotherModelAreLeftOut(t *testing.T) {
	alone, f := newFlights(t), newFlights(t)
	alone.serve(t, 0, 1, 1, false)
	f.serve(t, 0, 1, 1, false)
	stranger, err := record.Record{
		Schema: record.Schema, ID: "stranger", Time: monday.Add(23 * time.Hour), EventTime: monday.Add(23 * time.Hour), Deployment: "delay", Model: "arrivals",
		ModelVersion: 1, Instance: "one", Status: 200, Complete: true, Rows: 1, Data: json.RawMessage(`[{"origin":"XXX"}]`),
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f.sequence++
	f.split(t, record.AppendLine(nil, stranger, f.sequence), f.sequence)
	// Both look once: a window that was judged before is answered from its report.
	before, after := alone.look(t, 0), f.look(t, 0)
	if before.Rows == 0 || after.ModelVersion != 1 || after.Rows != before.Rows || after.Requests != before.Requests {
		t.Errorf("version %d with %d rows, want version 1 with %d", after.ModelVersion, after.Rows, before.Rows)
	}
}

// A line that cannot be read, and a record whose rows are none, cost neither the window nor the rows beside them; they show.
func TestBrokenLinesAreAFinding(t *testing.T) {
	for name, rowBytes := range map[string]int64{"rows": 0, "profiles": 1} {
		t.Run(name, func(t *testing.T) { brokenLines(t, rowBytes) })
	}
}

func brokenLines(t *testing.T, rowBytes int64) {
	t.Helper()
	f := newFlights(t)
	f.looker.rowBytes = rowBytes
	f.serve(t, 0, 1, 1, false)
	rowless, err := record.Record{
		Schema: record.Schema, ID: "rowless", Time: monday, EventTime: monday, Deployment: "delay", Model: "delay", ModelVersion: 1, Instance: "one",
		Status: 200, Complete: true, Rows: 1, Data: json.RawMessage(`[7]`),
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	segment := append(record.AppendLine(nil, rowless, 1), "{\"schema\":\"mlops/infer\n\x00\x00\x00\n"...)
	if err := f.store.Create(t.Context(), record.Key("delay", "two", monday, 1), segment); err != nil {
		t.Fatal(err)
	}
	after := f.look(t, 0)
	if after.Rows != 600 || after.Verdict != mlops.VerdictStable {
		t.Errorf("%d rows are %s, want 600 that are stable", after.Rows, after.Verdict)
	}
	found := slices.IndexFunc(after.Findings, func(finding mlops.QualityFault) bool { return finding.Rule == RuleBroken })
	if found < 0 || !strings.HasPrefix(after.Findings[found].Message, "3 lines of the records cannot be read") {
		t.Errorf("the findings are %+v", after.Findings)
	}
}
