package peer

import (
	"fmt"
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// azureKSLimit is the number of rows from which Azure ML refuses the Kolmogorov-Smirnov test.
const azureKSLimit = 10000

// countMetric is a number from counts by bin.
type countMetric func(p, q []int64) float64

// azureNumbers bins both samples in k = ceil(log2(min(n, m)) + 1) equal bins over their common range. The last edge is
// min + k w, not the maximum: a maximum one rounding step above it is not counted.
func azureNumbers(metric countMetric) numbers {
	return func(reference, current []float64) result {
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
				edges[i] = low + float64(i)*width
			}
		}
		return valueOnly(metric(counts(reference, edges), counts(current, edges)))
	}
}

func azureCategories(metric countMetric) categories {
	return func(reference, current map[string]int64) result {
		_, p, q := union(reference, current)
		return valueOnly(metric(p, q))
	}
}

func azurePSI(p, q []int64) float64 { return stats.PSI(stats.Smooth(p, 1), stats.Smooth(q, 1)) }

func azureJensenShannon(p, q []int64) float64 {
	return stats.JensenShannon(stats.Shares(p), stats.Shares(q), 2)
}

func azureWasserstein(reference, current []float64) result {
	_, deviation := stats.MeanAndDeviation(reference)
	n := float64(len(reference))
	if n > 1 {
		deviation *= math.Sqrt(n / (n - 1))
	}
	return valueOnly(stats.Wasserstein(reference, current) / math.Max(deviation, 0.001))
}

func azureKS(reference, current []float64) result {
	if len(reference) >= azureKSLimit || len(current) >= azureKSLimit {
		return refused(fmt.Sprintf("Azure ML refuses this test unless both sides have fewer than %d rows", azureKSLimit))
	}
	return pValueOnly(stats.KolmogorovSmirnov(reference, current, stats.TwoSided).PValue)
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
