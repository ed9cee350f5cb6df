package peer

import (
	"math"
	"sort"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// From nannyEstimated reference values on, NannyML estimates from nannyBins equal bins over the reference's range.
const (
	nannyEstimated = 10000
	nannyBins      = 10000
)

// nannyNumbers bins by Doane's rule on the reference alone; current values outside become one more bin.
func nannyNumbers(metric shareMetric) numbers {
	return func(first, second sample) result {
		reference, current := first.sorted, second.sorted
		edges := doane(first)
		p := sharesOf(counts(reference, edges), int64(len(reference)))
		q := sharesOf(counts(current, edges), int64(len(current)))
		return valueOnly(metric(withLeftover(p, q)))
	}
}

// nannyCategories counts the values of the reference; all others become one more bin.
func nannyCategories(metric shareMetric) categories {
	return func(reference, current map[string]int64) result {
		var p, q []int64
		levels, _, _ := union(reference, nil)
		for _, level := range levels {
			p, q = append(p, reference[level]), append(q, current[level])
		}
		_, _, all := union(reference, current)
		return valueOnly(metric(withLeftover(sharesOf(p, total(p)), sharesOf(q, total(all)))))
	}
}

// withLeftover adds a bin for the share of current values that no bin holds. What rounding leaves counts too, as it does
// there: on equal samples it shows as 1e-9 to 1e-8.
func withLeftover(p, q []float64) (reference, current []float64) {
	if leftover := 1 - pairwiseSum(q); leftover > 0 {
		return append(p, 0), append(q, leftover)
	}
	return p, q
}

func nannyJensenShannon(p, q []float64) float64 { return jensenShannon(p, q, 2) }

func nannyHellinger(p, q []float64) float64 {
	squares := make([]float64, len(p))
	for i := range p {
		difference := math.Sqrt(p[i]) - math.Sqrt(q[i])
		squares[i] = difference * difference
	}
	return math.Sqrt(pairwiseSum(squares)) / math.Sqrt2
}

func nannyKS(first, second sample) result {
	reference, current := first.sorted, second.sorted
	if len(reference) < nannyEstimated {
		return valueOnly(stats.KSDistance(reference, current, stats.TwoSided))
	}
	edges := evenEdges(reference[0], reference[len(reference)-1], nannyBins)
	p := counts(reference, edges)
	q, below, _ := stats.CountSorted(current, edges)
	n, m := float64(len(reference)), float64(len(current))
	var largest, f, g float64
	start := float64(below) / m
	for i := range p {
		f += float64(p[i]) / n
		g += float64(q[i]) / m
		largest = math.Max(largest, math.Abs(f-(start+g)))
	}
	return valueOnly(largest)
}

func nannyWasserstein(first, second sample) result {
	reference, current := first.sorted, second.sorted
	if len(reference) < nannyEstimated {
		return valueOnly(stats.Wasserstein(reference, current))
	}
	low, high := reference[0], reference[len(reference)-1]
	if low == high {
		low, high = low-0.5, high+0.5
	}
	edges := evenEdges(low, high, nannyBins)
	p, q := counts(reference, edges), counts(current, edges)
	n, m := float64(len(reference)), float64(len(current))
	from := sort.SearchFloat64s(current, low)
	to := sort.Search(len(current), func(i int) bool { return current[i] > high })
	var distance, f float64
	g := 0.0
	if from > 0 {
		g = float64(from+1) / m // theirs counts the edge as a value
	}
	width := edges[1] - edges[0]
	for i := range p {
		f += float64(p[i]) / n
		g += float64(q[i]) / m
		distance += math.Abs(f-g) * width
	}
	return valueOnly(distance + outside(append(current[:from:from], low), m, false) + outside(append([]float64{high}, current[to:]...), m, true))
}

// outside is NannyML's share of the distance that lies beyond the reference: points are the values there and the edge.
func outside(points []float64, m float64, above bool) float64 {
	if len(points) < 2 {
		return 0
	}
	var area float64
	size := float64(len(points))
	for i := 1; i < len(points); i++ {
		share := float64(i) / size
		if above {
			share = 1 - share
		}
		area += share * (points[i] - points[i-1])
	}
	return size / m * area
}

func nannyLInfinity(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	return valueOnly(stats.LInfinity(stats.Shares(p), stats.Shares(q)))
}

func nannyChiSquare(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	table := [][]float64{make([]float64, len(p)), make([]float64, len(q))}
	for i := range p {
		table[0][i], table[1][i] = float64(p[i]), float64(q[i])
	}
	return both(stats.ChiSquareContingency(table))
}
