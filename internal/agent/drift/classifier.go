package drift

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

const (
	// folds is into how many parts rows are split: each is scored by a model of the others.
	folds = 5
	// products of two features, those that differ most between the sides of the rows that a model learns from, are added.
	products = 40
	// ridge is the penalty of the regression, in rows.
	ridge = 10
)

// pair is a product of two columns.
type pair struct{ a, b int }

// classify is the area under the curve of held-out rows, the mean over folds, and a p-value: of each fold it is that of Mann
// and Whitney, for a model that knows nothing of the fold; twice their median is one, however they hang together.
func classify(all together) stats.Test {
	part := foldOf(all)
	var areas, pValues []float64
	for fold := range folds {
		var learn, held []int
		for row := range all.rows {
			if part[row] == fold {
				held = append(held, row)
			} else {
				learn = append(learn, row)
			}
		}
		test, ok := scoreHeld(all, learn, held)
		if ok {
			areas, pValues = append(areas, test.Value), append(pValues, test.PValue)
		}
	}
	if len(areas) == 0 {
		return stats.Test{Value: 0.5, PValue: 1}
	}
	slices.Sort(pValues)
	mean, _ := stats.MeanAndDeviation(areas)
	return stats.Test{Value: mean, PValue: math.Min(1, 2*pValues[len(pValues)/2])}
}

// foldOf deals the rows of each side evenly to the folds, in an order that the number of rows fixes.
func foldOf(all together) []int {
	part := make([]int, len(all.rows))
	dealt := map[bool]int{}
	random := rand.New(rand.NewPCG(2, uint64(len(all.rows)))) //nolint:gosec // seeded on purpose
	for _, row := range random.Perm(len(all.rows)) {
		part[row] = dealt[all.current[row]] % folds
		dealt[all.current[row]]++
	}
	return part
}

// scoreHeld fits a model to some rows and tests its scores of others, one-sided: a model that tells the sides gives the
// window the higher scores.
func scoreHeld(all together, learn, held []int) (stats.Test, bool) {
	pairs := tellingPairs(all, learn)
	rows, labels := make([][]float64, len(learn)), make([]bool, len(learn))
	for i, row := range learn {
		rows[i], labels[i] = features(all.rows[row], pairs), all.current[row]
	}
	weights := stats.Logistic(rows, labels, ridge)
	var before, now []float64
	for _, row := range held {
		score := stats.LogisticScore(weights, features(all.rows[row], pairs))
		if all.current[row] {
			now = append(now, score)
		} else {
			before = append(before, score)
		}
	}
	if len(before) == 0 || len(now) == 0 {
		return stats.Test{}, false
	}
	slices.Sort(before)
	slices.Sort(now)
	z, area := stats.RankScore(before, now, 1, float64(len(before)), float64(len(now)))
	return stats.Test{Value: area, PValue: math.Erfc(z/math.Sqrt2) / 2}, true
}

// features are the columns of a row and the products of some pairs of them.
func features(row []float64, pairs []pair) []float64 {
	made := slices.Grow(slices.Clone(row), len(pairs))
	for _, p := range pairs {
		made = append(made, row[p.a]*row[p.b])
	}
	return made
}

// tellingPairs are the pairs whose product differs most between the sides, squares among them, those of one category's
// levels not.
func tellingPairs(all together, learn []int) []pair {
	type scored struct {
		pair
		score float64
	}
	var found []scored
	for a := range all.group {
		for b := a; b < len(all.group); b++ {
			if a != b && all.group[a] == all.group[b] {
				continue
			}
			found = append(found, scored{pair{a, b}, difference(all, learn, a, b)})
		}
	}
	slices.SortStableFunc(found, func(x, y scored) int { return cmp.Compare(y.score, x.score) })
	var pairs []pair
	for _, s := range found[:min(products, len(found))] {
		pairs = append(pairs, s.pair)
	}
	return pairs
}

// difference is how far the means of a product lie apart between the sides, in standard errors.
func difference(all together, learn []int, a, b int) float64 {
	var n, sum, squares [2]float64
	for _, row := range learn {
		side := 0
		if all.current[row] {
			side = 1
		}
		product := all.rows[row][a] * all.rows[row][b]
		n[side]++
		sum[side] += product
		squares[side] += product * product
	}
	var variance float64
	for side := range n {
		mean := sum[side] / n[side]
		variance += math.Max(0, squares[side]/n[side]-mean*mean) / n[side]
	}
	return math.Abs(sum[1]/n[1]-sum[0]/n[0]) / math.Sqrt(variance+1e-12)
}

// reconstruct compares how well the components of one half of the reference rebuild its other half and the window: the
// difference of means over the other half's standard deviation, and its two-sided p-value for large samples (Welch).
func reconstruct(all together) (stats.Test, bool) {
	var learn [][]float64
	var before, now []float64
	odd := false
	for row, values := range all.rows {
		if !all.current[row] {
			if odd = !odd; odd {
				learn = append(learn, values)
			}
		}
	}
	components, ok := stats.PrincipalComponents(learn, componentShare)
	if !ok {
		return stats.Test{}, false
	}
	odd = false
	for row, values := range all.rows {
		switch {
		case all.current[row]:
			now = append(now, components.Miss(values))
		default:
			if odd = !odd; !odd {
				before = append(before, components.Miss(values))
			}
		}
	}
	meanBefore, deviationBefore := stats.MeanAndDeviation(before)
	meanNow, deviationNow := stats.MeanAndDeviation(now)
	if deviationBefore == 0 || len(now) == 0 {
		return stats.Test{}, false
	}
	standardError := math.Sqrt(deviationBefore*deviationBefore/float64(len(before)) + deviationNow*deviationNow/float64(len(now)))
	z := (meanNow - meanBefore) / math.Max(standardError, 1e-12)
	return stats.Test{Value: (meanNow - meanBefore) / deviationBefore, PValue: math.Erfc(math.Abs(z) / math.Sqrt2)}, true
}
