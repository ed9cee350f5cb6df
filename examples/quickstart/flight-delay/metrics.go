package main

import (
	"cmp"
	"errors"
	"math"
	"slices"
)

// metrics are what train and evaluate report.
type metrics struct {
	AUC      float64 `json:"auc"`
	Accuracy float64 `json:"accuracy"`
	LogLoss  float64 `json:"log_loss"`
}

// certain bounds a score away from 0 and 1, where the log loss of a wrong one has no end.
const certain = 1e-15

// measure compares scores with what happened; both outcomes must be there, or there is no area under the curve.
func measure(flights []flight, scores []float64) (metrics, error) {
	labels := make([]bool, len(flights))
	var m metrics
	for i, f := range flights {
		labels[i] = f.late
		if (scores[i] >= threshold) == f.late {
			m.Accuracy += 1 / float64(len(flights))
		}
		score := min(max(scores[i], certain), 1-certain)
		m.LogLoss += logLoss(math.Log(score/(1-score)), f.late) / float64(len(flights))
	}
	if m.AUC = areaUnderCurve(labels, scores); math.IsNaN(m.AUC) {
		return metrics{}, errors.New("all rows have the same label: auc is not defined")
	}
	return m, nil
}

// areaUnderCurve is the share of pairs of a late and a punctual flight in which the late one scores higher; a tie counts
// half. It is NaN where a label is missing.
func areaUnderCurve(labels []bool, scores []float64) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	positives, rankSum := 0.0, 0.0
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && scores[order[j]] == scores[order[i]] {
			j++
		}
		rank := float64(i+j+1) / 2 // the mean rank of a run of ties, counted from one
		for ; i < j; i++ {
			if labels[order[i]] {
				positives++
				rankSum += rank
			}
		}
	}
	negatives := float64(len(labels)) - positives
	return (rankSum - positives*(positives+1)/2) / (positives * negatives)
}

// logLoss of one row with the given log odds, stable for any of them: log(1 + exp(-margin)) where the label is true.
func logLoss(margin float64, label bool) float64 {
	if label {
		margin = -margin
	}
	return math.Max(margin, 0) + math.Log1p(math.Exp(-math.Abs(margin)))
}
