package peer

import (
	"fmt"
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// azureKSLimit is the number of rows from which Azure ML refuses the Kolmogorov-Smirnov test.
const azureKSLimit = 10000

// binned is both sides counted in the same bins. Rows that no bin holds count in n and m all the same.
type binned struct {
	p, q []int64
	n, m int
}

// countMetric is a number from counts by bin.
type countMetric func(binned) float64

// azureNumbers bins both samples in k = ceil(log2(min(n, m)) + 1) equal bins over their common range. The last edge is
// min + k w, not the maximum: a maximum one rounding step above it is not counted.
func azureNumbers(metric countMetric) numbers {
	return func(first, second sample) result {
		reference, current := first.sorted, second.sorted
		low, high := math.Min(reference[0], current[0]), math.Max(reference[len(reference)-1], current[len(current)-1])
		edges := []float64{low - 0.005*math.Abs(low), low + 0.005*math.Abs(low)}
		if low == 0 && high == 0 {
			edges = []float64{-0.005, 0.005}
		}
		if low != high {
			k := int(math.Ceil(math.Log2(float64(min(len(reference), len(current)))) + 1))
			width := (high - low) / float64(k)
			edges = make([]float64, k+1)
			for i := range edges {
				edges[i] = low + float64(float64(i)*width) // rounded twice, as they do: no processor may fuse it
			}
		}
		return valueOnly(metric(binned{counts(reference, edges), counts(current, edges), len(reference), len(current)}))
	}
}

func azureCategories(metric countMetric) categories {
	return func(reference, current map[string]int64) result {
		_, p, q := union(reference, current)
		return valueOnly(metric(binned{p, q, int(total(p)), int(total(q))}))
	}
}

// azurePSI adds a row to every bin, and as many to the rows of a side as there are bins.
func azurePSI(b binned) float64 {
	smooth := func(counts []int64, rows int) []float64 {
		shares := make([]float64, len(counts))
		for i, count := range counts {
			shares[i] = float64(count+1) / float64(rows+len(counts))
		}
		return shares
	}
	return stats.PSI(smooth(b.p, b.n), smooth(b.q, b.m))
}

func azureJensenShannon(b binned) float64 {
	return jensenShannon(sharesOf(b.p, int64(b.n)), sharesOf(b.q, int64(b.m)), 2)
}

func azureWasserstein(reference, current sample) result {
	if len(reference.sorted) < 2 {
		return refused("the standard deviation of one row, with Azure ML's divisor of rows - 1, does not exist")
	}
	n := float64(len(reference.sorted))
	deviation := deviationOf(reference) * math.Sqrt(n/(n-1))
	return valueOnly(stats.Wasserstein(reference.sorted, current.sorted) / math.Max(deviation, 0.001))
}

func azureKS(reference, current sample) result {
	if len(reference.sorted) >= azureKSLimit || len(current.sorted) >= azureKSLimit {
		return refused(fmt.Sprintf("Azure ML refuses this test unless both sides have fewer than %d rows", azureKSLimit))
	}
	return pValueOnly(stats.KolmogorovSmirnov(reference.sorted, current.sorted, stats.TwoSided).PValue)
}

func azureChiSquare(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	n, m := float64(total(p)), float64(total(q))
	expected, observed := make([]float64, len(p)), make([]float64, len(q))
	for i := range p {
		expected[i], observed[i] = float64(p[i])/n*m, float64(q[i])
	}
	test, err := stats.ChiSquareFit(observed, expected)
	if err != nil {
		return refused(err.Error())
	}
	return both(test)
}
