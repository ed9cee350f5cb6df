package validation

import (
	"cmp"
	"math"
	"slices"
)

// A measure computes a metric over weighted rows: a weight is how often a row was drawn, so that a resample costs one
// pass and no copy. It is NaN where the metric is not defined (one class only, for auc).
type measure func(weights []float64) float64

// measures prepares what does not change between resamples, by metric.
var measures = map[string]func([]Prediction) measure{
	"auc": auc,
	"accuracy": mean(func(p Prediction) float64 {
		if positive(p.Score) == positive(p.Label) {
			return 1
		}
		return 0
	}),
	"brier":    mean(squaredError),
	"mae":      mean(func(p Prediction) float64 { return math.Abs(p.Score - p.Label) }),
	"log_loss": mean(logLoss),
	"rmse":     rmse,
	"r2":       r2,
	"precision": confusion(func(truePositive, falsePositive, _ float64) float64 {
		return ratio(truePositive, truePositive+falsePositive)
	}),
	"recall": confusion(func(truePositive, _, falseNegative float64) float64 {
		return ratio(truePositive, truePositive+falseNegative)
	}),
	"f1": confusion(func(truePositive, falsePositive, falseNegative float64) float64 {
		return ratio(2*truePositive, 2*truePositive+falsePositive+falseNegative)
	}),
}

// threshold splits scores into classes.
const threshold = 0.5

// leastProbability keeps the logarithm of a wrong certainty finite, as scikit-learn does.
const leastProbability = 1e-15

func positive(score float64) bool { return score >= threshold }

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

func squaredError(p Prediction) float64 { return (p.Score - p.Label) * (p.Score - p.Label) }

func logLoss(p Prediction) float64 {
	probability := min(max(p.Score, leastProbability), 1-leastProbability)
	return -(p.Label*math.Log(probability) + (1-p.Label)*math.Log(1-probability))
}

func mean(loss func(Prediction) float64) func([]Prediction) measure {
	return func(predictions []Prediction) measure {
		losses := make([]float64, len(predictions))
		for i, prediction := range predictions {
			losses[i] = loss(prediction)
		}
		return func(weights []float64) float64 {
			var sum, total float64
			for i, weight := range weights {
				sum += weight * losses[i]
				total += weight
			}
			return sum / total
		}
	}
}

func rmse(predictions []Prediction) measure {
	squared := mean(squaredError)(predictions)
	return func(weights []float64) float64 { return math.Sqrt(squared(weights)) }
}

func r2(predictions []Prediction) measure {
	squared := mean(squaredError)(predictions)
	labels := mean(func(p Prediction) float64 { return p.Label })(predictions)
	return func(weights []float64) float64 {
		centre := labels(weights)
		var spread, total float64
		for i, weight := range weights {
			spread += weight * (predictions[i].Label - centre) * (predictions[i].Label - centre)
			total += weight
		}
		return 1 - squared(weights)/(spread/total) // NaN or infinite where all labels are one
	}
}

func confusion(of func(truePositive, falsePositive, falseNegative float64) float64) func([]Prediction) measure {
	return func(predictions []Prediction) measure {
		return func(weights []float64) float64 {
			var truePositive, falsePositive, falseNegative float64
			for i, weight := range weights {
				switch said, is := positive(predictions[i].Score), positive(predictions[i].Label); {
				case said && is:
					truePositive += weight
				case said:
					falsePositive += weight
				case is:
					falseNegative += weight
				}
			}
			return of(truePositive, falsePositive, falseNegative)
		}
	}
}

// auc is the share of pairs of a positive and a negative row in which the positive one has the higher score; ties count
// half. Rows are sorted once, and a resample is one pass over them.
func auc(predictions []Prediction) measure {
	order := make([]int, len(predictions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(predictions[a].Score, predictions[b].Score) })
	return func(weights []float64) float64 {
		var below, positives, negatives, sum float64 // below: negatives with a lower score
		for start := 0; start < len(order); {
			var tiedPositive, tiedNegative float64
			score, end := predictions[order[start]].Score, start
			for ; end < len(order) && predictions[order[end]].Score == score; end++ {
				if positive(predictions[order[end]].Label) {
					tiedPositive += weights[order[end]]
				} else {
					tiedNegative += weights[order[end]]
				}
			}
			sum += tiedPositive * (below + tiedNegative/2)
			below += tiedNegative
			positives += tiedPositive
			negatives += tiedNegative
			start = end
		}
		return sum / (positives * negatives) // NaN where a class is missing
	}
}

// once weighs every row once.
func once(rows int) []float64 {
	weights := make([]float64, rows)
	for i := range weights {
		weights[i] = 1
	}
	return weights
}
