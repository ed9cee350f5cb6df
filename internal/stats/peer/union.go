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

func scipyKS(reference, current sample) result {
	return both(stats.KolmogorovSmirnov(reference.sorted, current.sorted, stats.TwoSided))
}

func scipyWasserstein(reference, current sample) result {
	return valueOnly(stats.Wasserstein(reference.sorted, current.sorted))
}
