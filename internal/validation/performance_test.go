package validation

import (
	"math/rand/v2"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// scored draws rows whose score says as much about the label as signal lets it.
func scored(random *rand.Rand, rows int, signal float64) []Prediction {
	predictions := make([]Prediction, rows)
	for i := range predictions {
		label := float64(random.IntN(2))
		score := 0.5 + signal*(label-0.5) + 0.3*(random.Float64()-0.5)
		predictions[i] = Prediction{Row: int64(i), Label: label, Score: min(max(score, 0), 1)}
	}
	return predictions
}

var auc95 = mlops.Validation{Metrics: map[string]mlops.Gate{"auc": {Goal: mlops.GoalMaximize}, "brier": {Goal: mlops.GoalMinimize}}}

func TestPerformanceIsWorseOnlyWhereSurely(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	holdout := scored(random, 3000, 0.1)
	for name, test := range map[string]struct {
		window []Prediction
		worse  bool
	}{
		"as before":        {scored(random, 1000, 0.1), false},
		"better":           {scored(random, 1000, 0.2), false},
		"noise":            {scored(random, 1000, 0), true},
		"upside down":      {scored(random, 500, -0.1), true},
		"too few to say":   {scored(random, 12, 0), false},
		"a little, surely": {scored(random, 20_000, 0.094), false},
	} {
		metrics := Perform(Production{Seed: name, Validation: auc95, Window: test.window, Holdout: holdout})
		if len(metrics) != 2 || metrics[0].Name != "auc" || metrics[0].Worse != test.worse || metrics[0].Reason != "" {
			t.Errorf("%s: %+v, want worse %v", name, metrics, test.worse)
		}
		if metrics[0].Low > metrics[0].Loss || metrics[0].High < metrics[0].Loss {
			t.Errorf("%s: the interval misses the loss: %+v", name, metrics[0])
		}
	}
}

// Of a model that stays as it was, windows are called worse no more often than the interval promises.
func TestPerformanceFalseAlarms(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	alarms := 0
	for range 30 {
		metrics := Perform(Production{Seed: "s", Validation: auc95, Window: scored(random, 150, 0.02), Holdout: scored(random, 300, 0.02)})
		for _, metric := range metrics {
			if metric.Worse {
				alarms++
			}
		}
	}
	if alarms > 2 {
		t.Errorf("%d alarms of 60", alarms)
	}
}

func TestPerformanceSaysWhatItCannotCompare(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	window := scored(random, 300, 0.1)
	one := Perform(Production{Validation: auc95, Window: window, Reported: map[string]float64{"auc": 0.99}})
	if !one[0].Worse || one[0].Method != MethodOneSample || one[1].Reason == "" {
		t.Errorf("with a reported metric alone: %+v", one)
	}
	for i := range window {
		window[i].Label = 1
	}
	if same := Perform(Production{Validation: auc95, Window: window, Holdout: scored(random, 300, 0.1)}); same[0].Reason == "" || same[0].Worse {
		t.Errorf("one class alone: %+v", same)
	}
	custom := mlops.Validation{Metrics: map[string]mlops.Gate{"profit": {Goal: mlops.GoalMaximize, Custom: true}}}
	if own := Perform(Production{Validation: custom, Window: window}); own[0].Reason == "" {
		t.Errorf("a custom metric: %+v", own)
	}
}
