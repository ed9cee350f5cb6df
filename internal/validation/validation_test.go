package validation_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/validation"
)

// scored are rows of which the score tells the label apart as well as noise allows.
func scored(rows int, noise float64, seed uint64) []validation.Prediction {
	random := rand.New(rand.NewPCG(1, 1)) // labels are the holdout's: the same for both sides
	errors := rand.New(rand.NewPCG(seed, 2))
	predictions := make([]validation.Prediction, rows)
	for i := range predictions {
		label := float64(random.IntN(2))
		score := 1 / (1 + math.Exp(-(2*label - 1 + noise*errors.NormFloat64())))
		predictions[i] = validation.Prediction{Row: int64(i), Label: label, Score: score}
	}
	return predictions
}

func judge(gate mlops.Gate, metric string, candidate, champion []validation.Prediction) mlops.Judgement {
	input := validation.Input{
		Seed: "run-1", Rows: int64(len(candidate)), Holdout: mlops.Holdout{Dataset: "flights", Version: 2, Champion: 1},
		Validation: mlops.Validation{Metrics: map[string]mlops.Gate{metric: gate}},
		Candidate:  validation.Side{Predictions: candidate},
	}
	if champion != nil {
		input.Champion = &validation.Side{Predictions: champion}
	}
	return validation.Judge(input)
}

// Six rows, by hand: labels 0 0 1 1 1 0.
func TestMetrics(t *testing.T) {
	labels, scores := []float64{0, 0, 1, 1, 1, 0}, []float64{0.1, 0.4, 0.35, 0.8, 0.4, 0.7}
	rows := make([]validation.Prediction, len(labels))
	for i := range rows {
		rows[i] = validation.Prediction{Row: int64(i), Label: labels[i], Score: scores[i]}
	}
	want := map[string]float64{
		"auc": 5.5 / 9, "accuracy": 3.0 / 6, "precision": 1.0 / 2, "recall": 1.0 / 3, "f1": 0.4,
		"log_loss": 0.6682359, "brier": 0.2470833, "mae": 0.4416667, "rmse": 0.4970748, "r2": 0.0116667,
	}
	for name, value := range want {
		goal := mlops.Metrics[name]
		judgement := judge(mlops.Gate{Goal: goal}, name, rows, nil)
		if got := judgement.Metrics[name].Candidate; math.Abs(got-value) > 1e-6 {
			t.Errorf("%s is %.7f, want %.7f", name, got, value)
		}
		if method := judgement.Metrics[name].Method; method != validation.MethodMinimum {
			t.Errorf("%s without a champion is judged by %s", name, method)
		}
	}
	if len(want) != len(mlops.Metrics) {
		t.Errorf("%d metrics are tested, %d exist", len(want), len(mlops.Metrics))
	}
}

// Equal is a matter of tolerance, never of luck.
func TestEqualToChampion(t *testing.T) {
	rows := scored(400, 1, 3)
	for metric, goal := range mlops.Metrics {
		for tolerance, passes := range map[float64]bool{0: false, 1e-9: true, 0.1: true} {
			judgement := judge(mlops.Gate{Goal: goal, Tolerance: tolerance}, metric, rows, rows)
			verdict := judgement.Metrics[metric]
			if judgement.Passed != passes || *verdict.Gain != 0 || *verdict.Low != 0 || *verdict.High != 0 {
				t.Errorf("%s, tolerance %g: passed=%t gain %g [%g, %g]", metric, tolerance, judgement.Passed, *verdict.Gain, *verdict.Low, *verdict.High)
			}
		}
	}
}

func TestBetterPassesAndWorseFails(t *testing.T) {
	good, bad := scored(1000, 1, 3), scored(1000, 3, 4)
	for metric, goal := range mlops.Metrics {
		if judgement := judge(mlops.Gate{Goal: goal}, metric, good, bad); !judgement.Passed {
			t.Errorf("%s: the better candidate failed: %v", metric, judgement.Reasons)
		}
		if judgement := judge(mlops.Gate{Goal: goal, Tolerance: 0.01}, metric, bad, good); judgement.Passed {
			t.Errorf("%s: the worse candidate passed", metric)
		}
	}
}

// The interval covers the truth about as often as it says: two models of one quality are told apart in few of many draws.
func TestEqualQualityIsRarelyTakenForBetter(t *testing.T) {
	taken := 0
	for i := range 100 {
		judgement := judge(mlops.Gate{Goal: mlops.GoalMaximize}, "auc", scored(400, 1, uint64(10+i)), scored(400, 1, uint64(1000+i)))
		if judgement.Passed {
			taken++
		}
	}
	if taken > 8 { // 2.5 are expected
		t.Errorf("%d of 100 equals were taken for better", taken)
	}
}

func TestDeterministic(t *testing.T) {
	candidate, champion := scored(500, 1, 3), scored(500, 1.2, 4)
	first := judge(mlops.Gate{Goal: mlops.GoalMaximize}, "auc", candidate, champion)
	for i := len(candidate) - 1; i > 0; i-- { // the order of rows in the files is nothing
		candidate[i], candidate[i/2] = candidate[i/2], candidate[i]
	}
	if second := judge(mlops.Gate{Goal: mlops.GoalMaximize}, "auc", candidate, champion); !reflect.DeepEqual(first, second) {
		t.Errorf("%+v and then %+v", first.Metrics, second.Metrics)
	}
}

func TestReasons(t *testing.T) {
	rows := scored(200, 1, 3)
	half := 0.5
	high := 0.99
	spoilt := append([]validation.Prediction{}, rows...)
	spoilt[7].Score = math.NaN()
	oneClass := append([]validation.Prediction{}, rows...)
	for i := range oneClass {
		oneClass[i].Label = 1
	}
	gate := mlops.Gate{Goal: mlops.GoalMaximize}
	tests := map[string]struct {
		input func(*validation.Input)
		says  string
	}{
		"below the minimum": {func(in *validation.Input) { in.Validation.Metrics["auc"] = mlops.Gate{Minimum: &high} }, "below the minimum"},
		"above the maximum": {func(in *validation.Input) { in.Validation.Metrics["auc"] = mlops.Gate{Maximum: &half} }, "above the maximum"},
		"missing metric":    {func(in *validation.Input) { in.Candidate = validation.Side{} }, "reports no such metric"},
		"NaN metric": {func(in *validation.Input) {
			in.Candidate = validation.Side{Metrics: map[string]float64{"auc": math.NaN()}}
		}, "not a number"},
		"NaN score":              {func(in *validation.Input) { in.Candidate.Predictions = spoilt }, "not a number"},
		"NaN score of champion":  {func(in *validation.Input) { in.Champion = &validation.Side{Predictions: spoilt} }, "not a number"},
		"one class":              {func(in *validation.Input) { in.Candidate.Predictions = oneClass }, "one class"},
		"other rows":             {func(in *validation.Input) { in.Champion = &validation.Side{Predictions: rows[1:]} }, "different rows"},
		"other labels":           {func(in *validation.Input) { in.Champion = &validation.Side{Predictions: oneClass} }, "different labels"},
		"champion without":       {func(in *validation.Input) { in.Champion = &validation.Side{} }, "of the champion"},
		"nothing left to judge":  {func(in *validation.Input) { in.Rows, in.ExcludedRows = 0, 200 }, "200 were learned from"},
		"worse by plain numbers": {func(in *validation.Input) { plain(in, 0.7, 0.8) }, "is not surely above"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			input := validation.Input{
				Seed: "run-1", Rows: 200, Candidate: validation.Side{Predictions: rows},
				Validation: mlops.Validation{Metrics: map[string]mlops.Gate{"auc": gate}},
			}
			test.input(&input)
			judgement := validation.Judge(input)
			if judgement.Passed || !strings.Contains(strings.Join(judgement.Reasons, "; "), test.says) {
				t.Errorf("passed=%t: %v; want a reason that says %q", judgement.Passed, judgement.Reasons, test.says)
			}
			if _, err := json.Marshal(judgement); err != nil {
				t.Errorf("it cannot stand in a log: %v", err)
			}
		})
	}
}

func plain(in *validation.Input, candidate, champion float64) {
	in.Candidate = validation.Side{Metrics: map[string]float64{"auc": candidate}}
	in.Champion = &validation.Side{Metrics: map[string]float64{"auc": champion}}
}

// A metric of their own is compared as reported, in the direction that the gate says.
func TestCustomMetric(t *testing.T) {
	for goal, passes := range map[mlops.Goal]bool{mlops.GoalMinimize: true, mlops.GoalMaximize: false} {
		judgement := validation.Judge(validation.Input{
			Rows: 10, Validation: mlops.Validation{Metrics: map[string]mlops.Gate{"cost": {Goal: goal, Custom: true}}},
			Candidate: validation.Side{Metrics: map[string]float64{"cost": 2}}, Champion: &validation.Side{Metrics: map[string]float64{"cost": 3}},
		})
		if judgement.Passed != passes || judgement.Metrics["cost"].Method != validation.MethodDifference {
			t.Errorf("%s: passed=%t by %s", goal, judgement.Passed, judgement.Metrics["cost"].Method)
		}
	}
}

func TestSlices(t *testing.T) {
	rows := scored(900, 1, 3)
	carriers := make([]string, len(rows))
	for i := range rows {
		carriers[i] = fmt.Sprintf("c%d", i%2)
		if i < 5 {
			carriers[i] = "rare"
		}
		if carriers[i] == "c1" && i%3 == 0 {
			rows[i].Score = 1 - rows[i].Score // a third of one carrier's rows is told wrongly
		}
	}
	input := validation.Input{
		Seed: "run-1", Rows: 900, Candidate: validation.Side{Predictions: rows}, Champion: &validation.Side{Predictions: scored(900, 3, 8)},
		Rowwise: table.Table{Rows: 900, Columns: []table.Column{{Name: "carrier", Text: carriers}}},
		Validation: mlops.Validation{
			Metrics: map[string]mlops.Gate{"accuracy": {Goal: mlops.GoalMaximize, Tolerance: 1}},
			Slices:  map[string]mlops.Slice{"carrier": {Metric: "accuracy", MaximumGap: 0.05, MinimumRows: 50}},
		},
	}
	judgement := validation.Judge(input)
	slice := judgement.Slices["carrier"]
	if judgement.Passed || slice.Passed || !strings.Contains(slice.Reason, `"c1"`) || slice.Gap < 0.1 {
		t.Errorf("%+v; want the gap to c1 named", slice)
	}
	if slice.Values["rare"].Rows != 5 || slice.Values["c0"].Champion == nil {
		t.Errorf("the card shows %+v; want every value, also of the champion", slice.Values)
	}
	input.Validation.Slices["carrier"] = mlops.Slice{Metric: "accuracy", MaximumGap: 0.5, MinimumRows: 50}
	if judgement := validation.Judge(input); !judgement.Passed {
		t.Errorf("within the bound it failed: %v", judgement.Reasons)
	}
	input.Validation.Slices = map[string]mlops.Slice{"airline": {Metric: "accuracy", MaximumGap: 0.5}}
	if judgement := validation.Judge(input); judgement.Passed {
		t.Error("a column that the holdout does not have was passed")
	}
}

func TestPredictions(t *testing.T) {
	read, err := table.ReadFrom(strings.NewReader("row,label,score\n0,true,0.9\n1,false,0.2\n"), table.CSV)
	if err != nil {
		t.Fatal(err)
	}
	predictions, err := validation.Predictions(read)
	if err != nil || len(predictions) != 2 || predictions[0].Label != 1 || predictions[1].Label != 0 {
		t.Errorf("%+v, %v", predictions, err)
	}
	for name, content := range map[string]string{"no score": "row,label\n0,1\n", "words": "row,label,score\n0,late,0.1\n"} {
		read, err := table.ReadFrom(strings.NewReader(content), table.CSV)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := validation.Predictions(read); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkGate20kRows(b *testing.B) {
	candidate, champion := scored(20_000, 1, 3), scored(20_000, 1.1, 4)
	for b.Loop() {
		judge(mlops.Gate{Goal: mlops.GoalMaximize}, "auc", candidate, champion)
	}
}
