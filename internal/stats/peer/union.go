package peer

import (
	"math"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// union counts both sides over all values of both, in byte order.
func union(reference, current map[string]int64) (levels []string, p, q []int64) {
	for level := range reference {
		levels = append(levels, level)
	}
	for level := range current {
		if _, both := reference[level]; !both {
			levels = append(levels, level)
		}
	}
	slices.Sort(levels)
	for _, level := range levels {
		p, q = append(p, reference[level]), append(q, current[level])
	}
	return levels, p, q
}

func total(counts []int64) (sum int64) {
	for _, count := range counts {
		sum += count
	}
	return sum
}

// evenEdges are k+1 edges from low to high, as NumPy's linspace spaces them.
func evenEdges(low, high float64, k int) []float64 {
	edges := make([]float64, k+1)
	step := (high - low) / float64(k)
	for i := range edges {
		edges[i] = float64(i)*step + low
	}
	edges[k] = high
	return edges
}

// ruleEdges are NumPy's edges for a rule that gives a width: the number of bins is rounded up, then they are spaced evenly.
func ruleEdges(low, high, width float64) []float64 {
	if low == high {
		low, high = low-0.5, high+0.5
		return []float64{low, high}
	}
	if width == 0 {
		return []float64{low, high}
	}
	return evenEdges(low, high, int(math.Ceil((high-low)/width)))
}

// sturges are the edges of NumPy's rule of that name for values of so many rows.
func sturges(low, high float64, rows int) []float64 {
	return ruleEdges(low, high, (high-low)/(math.Log2(float64(rows))+1))
}

// doane are the edges of NumPy's rule of that name, for sorted values.
func doane(sorted []float64) []float64 {
	n := float64(len(sorted))
	low, high := sorted[0], sorted[len(sorted)-1]
	width := 0.0
	if len(sorted) > 2 {
		spread := math.Sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))
		mean, deviation := stats.MeanAndDeviation(sorted)
		if deviation > 0 {
			var skew float64
			for _, x := range sorted {
				z := (x - mean) / deviation
				skew += z * z * z / n
			}
			width = (high - low) / (1 + math.Log2(n) + math.Log2(1+math.Abs(skew)/spread))
		}
	}
	return ruleEdges(low, high, width)
}

func counts(sorted, edges []float64) []int64 {
	found, _, _ := stats.CountSorted(sorted, edges)
	return found
}

// sharesOf divides counts by a number of rows, which may be more than their sum.
func sharesOf(counts []int64, rows int64) []float64 {
	shares := make([]float64, len(counts))
	for i, count := range counts {
		shares[i] = float64(count) / float64(rows)
	}
	return shares
}

// fit is a chi-square of current counts against reference shares, over all values of both sides.
func fit(p, q []int64) stats.Test {
	n, m := float64(total(p)), float64(total(q))
	expected, observed := make([]float64, len(p)), make([]float64, len(q))
	for i := range p {
		expected[i], observed[i] = float64(p[i])*(m/n), float64(q[i])
	}
	test, err := stats.ChiSquareFit(observed, expected)
	if err != nil { // the sums agree by construction
		return stats.Test{Value: math.NaN(), PValue: math.NaN()}
	}
	return test
}

func scipyKS(reference, current []float64) result {
	return both(stats.KolmogorovSmirnov(reference, current, stats.TwoSided))
}

func scipyWasserstein(reference, current []float64) result {
	return valueOnly(stats.Wasserstein(reference, current))
}
