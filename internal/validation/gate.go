package validation

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// The methods that a judgement names.
const (
	MethodBootstrap  = "paired_bootstrap/v1"
	MethodDifference = "difference/v1"
	MethodMinimum    = "minimum/v1"
)

// Bounds of the resampling: enough for a 95 % interval, and no more work than a couple of seconds on large holdouts,
// whose intervals are narrow anyhow.
const (
	mostResamples  = 1000
	leastResamples = 200
	resampleBudget = 40_000_000 // rows drawn
)

// judgeMetric compares one metric. A metric that we know is computed from predictions where there are any, else taken as
// reported.
func judgeMetric(name string, input Input, pairs paired) mlops.MetricJudgement {
	gate := input.Validation.Metrics[name]
	verdict := mlops.MetricJudgement{Method: MethodMinimum}
	candidate, reason := value(name, gate, input.Candidate.Metrics, pairs.candidate)
	if reason != "" {
		verdict.Reason = reason
		return verdict
	}
	verdict.Candidate = candidate
	switch {
	case gate.Minimum != nil && candidate < *gate.Minimum:
		verdict.Reason = fmt.Sprintf("%s is below the minimum of %s", number(candidate), number(*gate.Minimum))
	case gate.Maximum != nil && candidate > *gate.Maximum:
		verdict.Reason = fmt.Sprintf("%s is above the maximum of %s", number(candidate), number(*gate.Maximum))
	}
	if input.Champion != nil {
		against := compare(name, gate, input, pairs, candidate)
		if verdict.Reason != "" {
			against.Reason = verdict.Reason
		}
		verdict = against
	}
	verdict.Passed = verdict.Reason == ""
	return verdict
}

// value is a side's metric, or why there is none.
func value(name string, gate mlops.Gate, reported map[string]float64, predictions []Prediction) (float64, string) {
	if prepare, known := measures[name]; known && !gate.Custom && len(predictions) > 0 {
		if !numbers(predictions) {
			return 0, notNumbers
		}
		computed := prepare(predictions)(once(len(predictions)))
		if !finite(computed) {
			return 0, "it is not defined on these rows: one class or value is all there is"
		}
		return computed, ""
	}
	found, ok := reported[name]
	switch {
	case !ok:
		return 0, "the evaluate command reports no such metric: write it to metrics.json, or predictions to predictions.csv"
	case !finite(found):
		return 0, "the evaluate command reports a value that is not a number"
	default:
		return found, ""
	}
}

// compare judges the gain over the champion. The candidate passes when the gain's lower bound lies above -tolerance: one
// that equals the champion passes with any tolerance above zero and fails with none.
func compare(name string, gate mlops.Gate, input Input, pairs paired, candidate float64) mlops.MetricJudgement {
	verdict := mlops.MetricJudgement{Candidate: candidate, Method: MethodDifference}
	if pairs.fault != "" {
		verdict.Reason = pairs.fault
		return verdict
	}
	var championPredictions []Prediction
	if pairs.champion != nil {
		championPredictions = pairs.champion
	} else {
		championPredictions = input.Champion.Predictions
	}
	champion, reason := value(name, gate, input.Champion.Metrics, championPredictions)
	if reason != "" {
		verdict.Reason = "of the champion: " + reason
		return verdict
	}
	sign := 1.0
	if gate.Goal == mlops.GoalMinimize {
		sign = -1
	}
	gain := sign * (candidate - champion)
	if !finite(gain) {
		verdict.Reason = fmt.Sprintf("%s against the champion's %s: they are too far apart for a number", number(candidate), number(champion))
		return verdict
	}
	low, high := gain, gain
	if prepare, known := measures[name]; known && !gate.Custom && pairs.champion != nil {
		verdict.Method = MethodBootstrap
		var ok bool
		low, high, ok = interval(prepare(pairs.candidate), prepare(pairs.champion), len(pairs.candidate), sign, input.Seed+"/"+name)
		if !ok {
			verdict.Reason = "too few rows to tell candidate and champion apart"
			return verdict
		}
	}
	verdict.Champion, verdict.Gain, verdict.Low, verdict.High = &champion, &gain, &low, &high
	if !(low > -gate.Tolerance) {
		verdict.Reason = fmt.Sprintf("%s against the champion's %s: the gain of %s (95 %%: %s to %s) is not surely above %s",
			number(candidate), number(champion), number(gain), number(low), number(high), number(0-gate.Tolerance))
	}
	return verdict
}

// interval is the middle 95 % of the gain over resamples of rows, drawn for both sides alike; false where no resample
// says anything.
func interval(candidate, champion measure, rows int, sign float64, seed string) (low, high float64, ok bool) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(seed)) // never fails: see hash.Hash
	random := rand.New(rand.NewPCG(hash.Sum64(), uint64(rows)))
	resamples := min(mostResamples, max(leastResamples, resampleBudget/rows))
	weights := make([]float64, rows)
	gains := make([]float64, 0, resamples)
	for range resamples {
		clear(weights)
		for range rows {
			weights[random.IntN(rows)]++
		}
		// A resample without one of the classes says nothing.
		if gain := sign * (candidate(weights) - champion(weights)); finite(gain) {
			gains = append(gains, gain)
		}
	}
	if len(gains) == 0 {
		return 0, 0, false
	}
	slices.Sort(gains)
	return gains[int(0.025*float64(len(gains)-1))], gains[int(math.Ceil(0.975*float64(len(gains)-1)))], true
}

const notNumbers = "predictions.csv holds a label or score that is not a number"

func numbers(predictions []Prediction) bool {
	for _, prediction := range predictions {
		if !finite(prediction.Label) || !finite(prediction.Score) {
			return false
		}
	}
	return true
}

func number(value float64) string { return fmt.Sprintf("%.4g", value) }
