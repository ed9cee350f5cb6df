package peer

import (
	"math"
	"slices"
	"strconv"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// evidentlyLevels is the number of distinct reference values up to which Evidently treats a number as a category.
const evidentlyLevels = 20

// shareMetric is a number from shares by bin.
type shareMetric func(p, q []float64) float64

// evidentlyNumbers bins by Sturges' rule over both samples together, or by value where the reference has few.
func evidentlyNumbers(metric shareMetric) numbers {
	return func(first, second sample) result {
		reference, current := first.sorted, second.sorted
		if len(slices.Compact(slices.Clone(reference))) <= evidentlyLevels {
			return evidentlyCategories(metric)(byText(reference), byText(current))
		}
		low, high := math.Min(reference[0], current[0]), math.Max(reference[len(reference)-1], current[len(current)-1])
		edges := sturges(low, high, len(reference)+len(current))
		return valueOnly(metric(sharesOf(counts(reference, edges), int64(len(reference))), sharesOf(counts(current, edges), int64(len(current)))))
	}
}

func byText(values []float64) map[string]int64 {
	found := map[string]int64{}
	for _, value := range values {
		found[strconv.FormatFloat(value+0, 'g', -1, 64)]++
	}
	return found
}

func evidentlyCategories(metric shareMetric) categories {
	return func(reference, current map[string]int64) result {
		_, p, q := union(reference, current)
		return valueOnly(metric(sharesOf(p, total(p)), sharesOf(q, total(q))))
	}
}

// evidentlyFill replaces zero shares by 0.0001, or by a millionth of the smallest share that is not zero where that is at
// most 0.0001. Nothing is normalised afterwards.
func evidentlyFill(shares []float64) []float64 {
	fill := 0.0001
	smallest := math.Inf(1)
	for _, share := range shares {
		if share != 0 {
			smallest = math.Min(smallest, share)
		}
	}
	if smallest <= 0.0001 {
		fill = smallest / 1e6
	}
	filled := slices.Clone(shares)
	for i, share := range filled {
		if share == 0 {
			filled[i] = fill
		}
	}
	return filled
}

func evidentlyPSI(p, q []float64) float64 { return stats.PSI(evidentlyFill(p), evidentlyFill(q)) }

func evidentlyKL(p, q []float64) float64 { return entropy(evidentlyFill(p), evidentlyFill(q)) }

func evidentlyJensenShannon(p, q []float64) float64 { return jensenShannon(p, q, math.E) }

// evidentlyHellinger integrates the root of both densities over Sturges' bins of the distinct pooled values.
func evidentlyHellinger(reference, current sample) result {
	pooled := append(slices.Clone(reference.sorted), current.sorted...)
	slices.Sort(pooled)
	pooled = slices.Compact(pooled)
	edges := sturges(pooled[0], pooled[len(pooled)-1], len(pooled))
	p, q := counts(reference.sorted, edges), counts(current.sorted, edges)
	width := (edges[len(edges)-1] - edges[0]) / float64(len(p))
	var overlap float64
	for i := range p {
		f := float64(p[i]) / (edges[i+1] - edges[i]) / float64(total(p))
		g := float64(q[i]) / (edges[i+1] - edges[i]) / float64(total(q))
		overlap += float64(math.Sqrt(f*g) * width)
	}
	return valueOnly(math.Sqrt(1 - math.Min(1, math.Max(0, overlap))))
}

func evidentlyHellingerCategories(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	f, g := sharesOf(p, total(p)), sharesOf(q, total(q))
	var overlap float64
	for i := range f {
		overlap += math.Sqrt(f[i] * g[i])
	}
	return valueOnly(math.Sqrt(1 - math.Min(1, overlap)))
}

func evidentlyWasserstein(reference, current sample) result {
	return valueOnly(stats.Wasserstein(reference.sorted, current.sorted) / math.Max(deviationOf(reference), 0.001))
}

// deviationOf is the standard deviation of a sample with divisor n, in NumPy's order of rows.
func deviationOf(of sample) float64 {
	_, deviation := numpyMoments(of.raw)
	return deviation
}

func evidentlyKS(reference, current sample) result {
	return pValueOnly(stats.KolmogorovSmirnov(reference.sorted, current.sorted, stats.TwoSided).PValue)
}

func evidentlyChiSquare(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	return pValueOnly(fit(p, q).PValue)
}
