package drift

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// withGate gives the model a gate.
func withGate(t *testing.T) *flights {
	t.Helper()
	f := newFlights(t)
	gate := mlops.Validation{Metrics: map[string]mlops.Gate{"auc": {Goal: mlops.GoalMaximize}}}
	if _, err := f.project.UpdateSpec(t.Context(), mlops.Model{Name: "delay", Training: "delay", Validation: gate}); err != nil {
		t.Fatal(err)
	}
	return f
}

// evaluated publishes predictions on a holdout that say so much about the labels.
func (f *flights) evaluated(t *testing.T, signal float64) {
	t.Helper()
	var csv strings.Builder
	csv.WriteString("row,label,score\n")
	for row := range 1000 {
		label := f.random.IntN(2)
		fmt.Fprintf(&csv, "%d,%d,%.4f\n", row, label, answerOf(f.random, label, signal))
	}
	sum := sha256.Sum256([]byte(csv.String()))
	output, err := json.Marshal(mlops.StepOutput{
		Schema: mlops.StepOutputSchema, Model: "delay", RunID: "run-1", Attempt: 1, Step: mlops.StepEvaluateCandidate,
		PredictionsSHA256: hex.EncodeToString(sum[:]),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.store.Put(mlops.DataKey(hex.EncodeToString(sum[:])), []byte(csv.String()))
	f.store.Put(mlops.StepOutputKey("delay", "run-1", 1, mlops.StepEvaluateCandidate), output)
}

// answerOf is a score that says so much about a label.
func answerOf(random *rand.Rand, label int, signal float64) float64 {
	return 0.4 + signal*float64(label) + 0.3*random.Float64()
}

// answer records a day of answered traffic, whose answers say so much about the labels, and returns the labels by id.
func (f *flights) answer(t *testing.T, day int, signal float64, elsewhere bool) map[string]int {
	t.Helper()
	labels := map[string]int{}
	var segment []byte
	first := f.sequence + 1
	for range 600 {
		distance, origin := f.flight(1, elsewhere)
		f.sequence++
		at, err := time.Parse(time.RFC3339, f.at(day))
		if err != nil {
			t.Fatal(err)
		}
		id := "c-" + strconv.FormatInt(f.sequence, 10)
		labels[id] = f.random.IntN(2)
		encoded, err := record.Record{
			Schema: record.Schema, ID: id, CorrelationID: id, Time: at, EventTime: at, Deployment: "delay", Model: "delay", ModelVersion: 1,
			Instance: "one", Status: 200, Complete: true, Rows: 1, ResponseRows: 1,
			Data:     json.RawMessage(fmt.Sprintf(`[{"departure":%q,"distance_miles":%.2f,"origin":%q}]`, at.Format(time.RFC3339), distance, origin)),
			Response: json.RawMessage(fmt.Sprintf(`[{"probability":%.4f}]`, answerOf(f.random, labels[id], signal))),
		}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		segment = record.AppendLine(segment, encoded, f.sequence)
	}
	f.split(t, segment, first)
	return labels
}

// feedback brings the labels, so many days after monday.
func (f *flights) feedback(t *testing.T, day int, labels map[string]int) {
	t.Helper()
	came := monday.AddDate(0, 0, day)
	first := f.sequence + 1
	var segment []byte
	for id, label := range labels {
		f.sequence++
		encoded, err := record.LabelRecord{
			Schema: record.LabelSchema, ID: "l-" + id, CorrelationID: id, Time: came, EventTime: came, Deployment: "delay", Instance: "two",
			Data: []record.Label{{Value: json.RawMessage(strconv.FormatBool(label == 1))}},
		}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		segment = record.AppendLine(segment, encoded, f.sequence)
	}
	if err := f.store.Create(t.Context(), record.LabelKey("delay", "two", came, first), segment); err != nil {
		t.Fatal(err)
	}
}

// A version that does clearly worse on labelled traffic than on its holdout says so, whatever its features do.
func TestLabelsJudgePerformance(t *testing.T) {
	f := withGate(t)
	f.evaluated(t, 0.2)
	f.feedback(t, 1, f.answer(t, 0, 0.2, false))
	f.feedback(t, 2, f.answer(t, 1, 0, false))
	f.feedback(t, 3, f.answer(t, 2, 0, true))
	good := f.look(t, 0)
	if good.Verdict.Drifted() && good.Verdict != mlops.VerdictLabel || good.Performance == nil || good.Performance.Worse || good.Performance.Rows != 600 || good.Performance.Predicted != 600 {
		t.Errorf("a day on which it does well: %s, %+v (%s)", good.Verdict, good.Performance, good.Summary)
	}
	bad := f.look(t, 1)
	if bad.Verdict != mlops.VerdictPerformance || !bad.Performance.Worse || bad.Performance.Metrics[0].Name != "auc" || !strings.Contains(bad.Summary, "The model does worse: on 600 rows with a label, auc is 0.") {
		t.Errorf("a day of noise: %s, %+v (%s)", bad.Verdict, bad.Performance, bad.Summary)
	}
	both := f.look(t, 2)
	if both.Verdict != mlops.VerdictPerformance || !strings.Contains(both.Summary, "origin") {
		t.Errorf("a day of noise in another network: %s (%s)", both.Verdict, both.Summary)
	}
	state := f.state(t)
	if open := state.Open(); len(open) != 1 || open[0].Verdict != mlops.VerdictPerformance {
		t.Errorf("episodes %+v, want one of performance", state.Episodes)
	}
	var page bytes.Buffer
	if err := WriteHTML(&page, both, Page{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"How the model does", "600 of 600 predicted rows have a label", `<span class="mark">worse</span>`, "Retrain, or roll back"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
}

// Few labels are shown and decide nothing; without any the report has no such section.
func TestFewLabelsDecideNothing(t *testing.T) {
	f := withGate(t)
	f.evaluated(t, 0.2)
	labels := f.answer(t, 0, 0, false)
	f.answer(t, 1, 0, false)
	if report := f.look(t, 1); report.Performance != nil {
		t.Errorf("without labels: %+v", report.Performance)
	}
	for id := range labels {
		if len(labels) > 40 {
			delete(labels, id)
		}
	}
	f.feedback(t, 1, labels)
	report := f.look(t, 0)
	if report.Verdict == mlops.VerdictPerformance || report.Performance.Judged() || report.Performance.Rows != 40 || report.Performance.Reason == "" {
		t.Errorf("with 40 labels: %s, %+v", report.Verdict, report.Performance)
	}
}

// Labels that come when their windows have long been judged are looked for once a window has passed.
func TestLateLabelsAreFound(t *testing.T) {
	f := withGate(t)
	f.evaluated(t, 0.2)
	f.looker.Monitor.Schedule = "0 * * * *"
	first, second := f.answer(t, 0, 0, false), f.answer(t, 1, 0, false)
	for day := range 2 {
		if report := f.look(t, day); report.Performance != nil {
			t.Errorf("day %d has labels: %+v", day, report.Performance)
		}
	}
	f.feedback(t, 3, first)
	f.feedback(t, 3, second)
	f.answer(t, 2, 0, false)
	f.answer(t, 3, 0, false)
	reports, err := f.looker.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	judged := slices.DeleteFunc(reports, func(r mlops.DriftReport) bool { return !r.Performance.Judged() })
	if len(judged) != 2 || !judged[0].WindowEnd.Equal(monday.AddDate(0, 0, 1)) || !judged[1].WindowEnd.Equal(monday.AddDate(0, 0, 2)) {
		t.Fatalf("%d windows were judged by labels: %+v", len(judged), judged)
	}
	state := f.state(t)
	worse := slices.DeleteFunc(state.Open(), func(episode mlops.Episode) bool { return episode.Verdict != mlops.VerdictPerformance })
	if len(worse) != 1 {
		t.Errorf("episodes %+v, want one of performance", state.Episodes)
	}
	if again, err := f.looker.Look(t.Context()); err != nil || len(again) != 0 {
		t.Errorf("another look makes %d reports, %v", len(again), err)
	}
}

func TestLateEnds(t *testing.T) {
	day := mlops.Duration(24 * time.Hour)
	at := func(days float64) time.Time { return monday.Add(time.Duration(days * 24 * float64(time.Hour))) }
	for name, test := range map[string]struct {
		labelled, before, newest time.Time
		count                    int
		first                    time.Time
	}{
		"the first look":         {time.Time{}, time.Time{}, at(10), 0, time.Time{}},
		"within a window":        {time.Time{}, at(10.1), at(10.5), 0, time.Time{}},
		"a window has passed":    {time.Time{}, at(9.9), at(10.1), 7, at(3)},
		"back to the last known": {at(7), at(9.9), at(10), 2, at(8)},
		"a long gap":             {at(2), at(5.5), at(10), 3, at(3)},
		"all are known":          {at(9), at(9.9), at(10), 0, time.Time{}},
	} {
		ends := LateEnds(day, test.labelled, test.before, test.newest)
		if len(ends) != test.count || len(ends) > 0 && !ends[0].Equal(test.first) {
			t.Errorf("%s: %v", name, ends)
		}
	}
}
