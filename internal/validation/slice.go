package validation

import (
	"fmt"
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// missing is how the empty value of a column reads in a judgement.
const missing = "(missing)"

// judgeSlice computes a metric by the values of one column and bounds the gap between the best and the worst. Values with
// fewer rows than the slice asks for are shown and not judged, and so are those on which the metric is not defined.
func judgeSlice(column string, slice mlops.Slice, input Input, pairs paired) mlops.SliceJudgement {
	verdict := mlops.SliceJudgement{Metric: slice.Metric, Values: map[string]mlops.SliceValue{}}
	prepare, known := measures[slice.Metric]
	switch {
	case !known:
		verdict.Reason = "the metric is not one that can be computed from predictions"
		return verdict
	case len(pairs.candidate) == 0:
		verdict.Reason = "slices need predictions: let the evaluate command write predictions.csv (row, label, score)"
		return verdict
	case !numbers(pairs.candidate) || !numbers(pairs.champion):
		verdict.Reason = notNumbers
		return verdict
	}
	cells, ok := input.Rowwise.Column(column)
	if !ok {
		verdict.Reason = "the holdout has no such column"
		return verdict
	}
	texts, null := cells.AsText()
	weights := map[string][]float64{}
	for i, prediction := range pairs.candidate {
		if prediction.Row < 0 || prediction.Row >= int64(len(texts)) {
			verdict.Reason = fmt.Sprintf("predictions.csv names row %d and the holdout has %d: rows count from 0", prediction.Row, len(texts))
			return verdict
		}
		text := texts[prediction.Row]
		if null[prediction.Row] || text == "" {
			text = missing
		}
		if weights[text] == nil {
			weights[text] = make([]float64, len(pairs.candidate))
		}
		weights[text][i] = 1
	}
	fill(&verdict, weights, prepare(pairs.candidate), championMeasure(prepare, pairs))
	bound(&verdict, slice)
	return verdict
}

func championMeasure(prepare func([]Prediction) measure, pairs paired) measure {
	if pairs.champion == nil {
		return nil
	}
	return prepare(pairs.champion)
}

func fill(verdict *mlops.SliceJudgement, weights map[string][]float64, candidate, champion measure) {
	for text, rows := range weights {
		value := mlops.SliceValue{Candidate: candidate(rows)}
		for _, weight := range rows {
			value.Rows += int64(weight)
		}
		if !finite(value.Candidate) {
			continue
		}
		if champion != nil {
			if other := champion(rows); finite(other) {
				value.Champion = &other
			}
		}
		verdict.Values[text] = value
	}
}

func bound(verdict *mlops.SliceJudgement, slice mlops.Slice) {
	lowest, highest := math.Inf(1), math.Inf(-1)
	var lowestText, highestText string
	for _, text := range sortedKeys(verdict.Values) {
		value := verdict.Values[text]
		if value.Rows < slice.MinimumRows {
			continue
		}
		if value.Candidate < lowest {
			lowest, lowestText = value.Candidate, text
		}
		if value.Candidate > highest {
			highest, highestText = value.Candidate, text
		}
	}
	if highest < lowest { // no value has rows enough: there is nothing to compare
		verdict.Passed = true
		return
	}
	verdict.Gap = highest - lowest
	verdict.Passed = verdict.Gap <= slice.MaximumGap
	if !verdict.Passed {
		verdict.Reason = fmt.Sprintf("%s for %q and %s for %q: the gap of %s is above %s",
			number(highest), highestText, number(lowest), lowestText, number(verdict.Gap), number(slice.MaximumGap))
	}
}
