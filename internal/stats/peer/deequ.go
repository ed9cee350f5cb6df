package peer

import (
	"cmp"
	"math"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// deequCorrection is Deequ's default factor of the robust distance.
const deequCorrection = 1.8

// deequPSINumbers counts in the deciles of the reference, as this package's documentation says.
func deequPSINumbers(first, second sample) result {
	reference, current := first.sorted, second.sorted
	edges := make([]float64, 0, 11)
	for i := 1; i < 10; i++ {
		edges = append(edges, stats.Quantile(reference, float64(i)/10))
	}
	edges = append(append([]float64{math.Inf(-1)}, slices.Compact(edges)...), math.Inf(1))
	return deequPSI(counts(reference, edges), counts(current, edges))
}

func deequPSICategories(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	return deequPSI(p, q)
}

// deequPSI is not smoothed: an empty bucket makes it infinite, on both sides NaN.
func deequPSI(p, q []int64) result {
	var psi float64
	for i := range p {
		before, now := float64(p[i])/float64(total(p)), float64(q[i])/float64(total(q))
		psi += (now - before) * math.Log(now/before)
	}
	return valueOnly(psi)
}

func deequLInfinityNumbers(reference, current sample) result {
	return valueOnly(stats.KSDistance(reference.sorted, current.sorted, stats.TwoSided))
}

func deequLInfinityCategories(reference, current map[string]int64) result {
	return nannyLInfinity(reference, current)
}

func deequRobustNumbers(reference, current sample) result {
	return deequRobust(deequLInfinityNumbers(reference, current).value, float64(len(reference.sorted)), float64(len(current.sorted)))
}

func deequRobustCategories(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	return deequRobust(stats.LInfinity(stats.Shares(p), stats.Shares(q)), float64(total(p)), float64(total(q)))
}

// deequRobust takes off what samples of these sizes differ by anyway.
func deequRobust(distance, n, m float64) result {
	return valueOnly(math.Max(0, distance-deequCorrection*math.Sqrt((n+m)/(n*m))))
}

// deequBin is one category of both sides.
type deequBin struct {
	level              string
	expected, observed float64
}

// deequChiSquare is a goodness of fit of the categories that the reference knows, the rarest joined until Deequ's rule on
// small expected counts holds. Ties are broken by name; Deequ breaks them by the order of a hash table.
func deequChiSquare(reference, current map[string]int64) result {
	bins := deequBins(reference, current)
	// Deequ counts what is left on the current side, with the categories that the reference lacks.
	left := map[string]bool{}
	for level := range current {
		left[level] = true
	}
	for len(bins) >= 2 && !deequEnough(bins) {
		slices.SortStableFunc(bins, func(a, b deequBin) int {
			return cmp.Or(cmp.Compare(a.expected, b.expected), cmp.Compare(a.level, b.level))
		})
		bins[1].expected += bins[0].expected
		bins[1].observed += bins[0].observed
		delete(left, bins[0].level)
		left[bins[1].level] = true
		bins = bins[1:]
	}
	if len(left) < 2 {
		return both(stats.Test{Value: math.NaN(), PValue: math.NaN()})
	}
	if len(bins) < 2 {
		return refused("Deequ fails: one category of the reference is left, and a test needs two")
	}
	observed, expected := make([]float64, len(bins)), make([]float64, len(bins))
	for i, bin := range bins {
		observed[i], expected[i] = bin.observed, bin.expected
	}
	test, err := stats.ChiSquareFit(observed, expected)
	if err != nil {
		return refused(err.Error())
	}
	return both(test)
}

// deequBins are the categories of the reference, expected as often as it lets expect of as many current rows.
func deequBins(reference, current map[string]int64) []deequBin {
	levels, p, q := union(reference, current)
	n := float64(total(p))
	var known float64
	var bins []deequBin
	for i, level := range levels {
		if p[i] > 0 {
			known += float64(q[i])
			bins = append(bins, deequBin{level, float64(p[i]) / n, float64(q[i])})
		}
	}
	for i := range bins {
		bins[i].expected *= known
	}
	return bins
}

// deequEnough is Deequ's rule: of two categories both must be expected ten times, of more at most a fifth fewer than five.
func deequEnough(bins []deequBin) bool {
	small, limit := 0, 5.0
	if len(bins) == 2 {
		limit = 10
	}
	for _, bin := range bins {
		if bin.expected < limit {
			small++
		}
	}
	if len(bins) == 2 {
		return small == 0
	}
	return small <= int(0.2*float64(len(bins)))
}
