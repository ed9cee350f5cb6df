package validation_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/validation"
)

// Whatever evaluate commands write, the judgement is a document: an event that cannot be written would stop its model for ever.
func TestJudgementIsAlwaysADocument(t *testing.T) {
	number := rapid.SampledFrom([]float64{0, 1, 0.5, -1, 1e308, -1e308, 1e200, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1)})
	side := rapid.Custom(func(t *rapid.T) validation.Side {
		made := validation.Side{Metrics: map[string]float64{"auc": number.Draw(t, "auc"), "money": rapid.SampledFrom([]float64{1e308, -1e308}).Draw(t, "money")}}
		for row := range rapid.IntRange(0, 6).Draw(t, "rows") {
			made.Predictions = append(made.Predictions, validation.Prediction{
				Row: rapid.SampledFrom([]int64{int64(row), -1, math.MinInt64, math.MaxInt64}).Draw(t, "row"), Label: number.Draw(t, "label"), Score: number.Draw(t, "score"),
			})
		}
		return made
	})
	rapid.Check(t, func(t *rapid.T) {
		bound := number.Filter(func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }).Draw(t, "bound")
		input := validation.Input{
			Seed: "run-1", Rows: 6, Candidate: side.Draw(t, "candidate"),
			Validation: mlops.Validation{
				Metrics: map[string]mlops.Gate{"money": {Goal: mlops.GoalMinimize, Custom: true, Maximum: &bound}},
				Slices:  map[string]mlops.Slice{"origin": {Metric: "mae", MaximumGap: 0.1, MinimumRows: 1}},
			},
			Rowwise: table.Table{Rows: 6, Columns: []table.Column{{Name: "origin", Text: []string{"a", "b", "a", "b", "", "a"}}}},
		}
		for _, metric := range mlops.MetricNames() {
			input.Validation.Metrics[metric] = mlops.Gate{Goal: mlops.Metrics[metric], Minimum: &bound}
		}
		if rapid.Bool().Draw(t, "has a champion") {
			champion := side.Draw(t, "champion")
			input.Champion = &champion
		}
		judgement := validation.Judge(input)
		if _, err := json.Marshal(judgement); err != nil {
			t.Fatalf("%v: %+v", err, judgement)
		}
	})
}
