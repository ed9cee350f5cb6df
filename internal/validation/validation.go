// Package validation is the gate between a candidate and the registry: metrics of candidate and champion on the same
// rows, their difference with its uncertainty, and the gap between slices. It is pure and deterministic: the same
// evaluations of the same run give the same judgement. It must not know where predictions come from or what follows from a
// judgement.
package validation

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// Prediction is one row of predictions.csv: the number of a data row of the holdout, counted from 0, its label and its
// score. Of a classifier the label is 0 or 1 and the score a probability; of a regression both are values.
type Prediction struct {
	Row   int64
	Label float64
	Score float64
}

// Side is what one evaluation published: the metrics that the evaluate command reports, and its predictions, if any.
type Side struct {
	Metrics     map[string]float64
	Predictions []Prediction
}

// Input is everything that a judgement is made of.
type Input struct {
	// Seed of the resampling: the run's id, so that one run is judged in one way.
	Seed       string
	Validation mlops.Validation
	Holdout    mlops.Holdout
	// HoldoutSHA256, Rows and ExcludedRows are of the CSV that both sides were evaluated on.
	HoldoutSHA256 string
	Rows          int64
	ExcludedRows  int64
	Candidate     Side
	Champion      *Side // nil where there is none: then bounds alone decide
	// Rowwise is the holdout itself, for slices; zero where no slice asks for it.
	Rowwise table.Table
}

// Judge says whether the candidate passes and, if not, every reason why.
func Judge(input Input) mlops.Judgement {
	judgement := mlops.Judgement{
		HoldoutDataset: input.Holdout.Dataset, HoldoutVersion: input.Holdout.Version, HoldoutSHA256: input.HoldoutSHA256,
		HoldoutRows: input.Rows, ExcludedRows: input.ExcludedRows, Champion: input.Holdout.Champion,
		Metrics: map[string]mlops.MetricJudgement{},
	}
	if input.Rows == 0 {
		judgement.Reasons = append(judgement.Reasons, fmt.Sprintf(
			"no row of the holdout is left to judge on: %d were learned from by candidate or champion", input.ExcludedRows))
	}
	pairs := pair(input.Candidate, input.Champion)
	for _, name := range sortedKeys(input.Validation.Metrics) {
		verdict := judgeMetric(name, input, pairs)
		judgement.Metrics[name] = verdict
		if !verdict.Passed {
			judgement.Reasons = append(judgement.Reasons, name+": "+verdict.Reason)
		}
	}
	for _, column := range sortedKeys(input.Validation.Slices) {
		if judgement.Slices == nil {
			judgement.Slices = map[string]mlops.SliceJudgement{}
		}
		verdict := judgeSlice(column, input.Validation.Slices[column], input, pairs)
		judgement.Slices[column] = verdict
		if !verdict.Passed {
			judgement.Reasons = append(judgement.Reasons, fmt.Sprintf("%s by %s: %s", verdict.Metric, column, verdict.Reason))
		}
	}
	judgement.Passed = len(judgement.Reasons) == 0
	return judgement
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// paired are the predictions of both sides in the same order of rows. Champion is nil where it made none.
type paired struct {
	candidate []Prediction
	champion  []Prediction
	fault     string // why the two cannot be paired
}

func pair(candidate Side, champion *Side) paired {
	byRow := func(a, b Prediction) int { return cmp.Compare(a.Row, b.Row) }
	pairs := paired{candidate: slices.SortedStableFunc(slices.Values(candidate.Predictions), byRow)}
	if champion == nil || len(champion.Predictions) == 0 || len(candidate.Predictions) == 0 {
		return pairs
	}
	pairs.champion = slices.SortedStableFunc(slices.Values(champion.Predictions), byRow)
	same := slices.EqualFunc(pairs.candidate, pairs.champion, func(a, b Prediction) bool { return a.Row == b.Row && a.Label == b.Label })
	if !same {
		pairs.champion = nil
		pairs.fault = "candidate and champion predicted different rows, or read different labels: their evaluate commands disagree on the holdout"
	}
	return pairs
}

func finite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }
