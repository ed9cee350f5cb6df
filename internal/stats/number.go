package stats

import (
	"math"
	"sort"
)

// newNumberProfile freezes sorted finite values, at least one.
func newNumberProfile(sorted []float64) *NumberProfile {
	mean, deviation := MeanAndDeviation(sorted)
	profile := &NumberProfile{
		Edges:             QuantileEdges(sorted, MaximumEdges),
		Minimum:           sorted[0],
		Maximum:           sorted[len(sorted)-1],
		Mean:              mean,
		StandardDeviation: deviation,
		Sample:            orderStatistics(sorted, MaximumSample),
	}
	profile.Counts, profile.Below, profile.Above = CountSorted(sorted, profile.Edges)
	return profile
}

// QuantileEdges are at most limit rising edges from evenly spaced order statistics of sorted values, equal ones collapsed:
// a value that fills several quantiles has a bin that begins with it. Where that value is the largest, the next number
// after it closes its bin. There are at least two edges.
func QuantileEdges(sorted []float64, limit int) []float64 {
	edges := make([]float64, 0, limit)
	last := len(sorted) - 1
	repeated := false
	for i := range limit - 1 {
		edge := sorted[int(math.Round(float64(i)*float64(last)/float64(limit-2)))]
		repeated = len(edges) > 0 && edge == edges[len(edges)-1]
		if !repeated {
			edges = append(edges, edge)
		}
	}
	switch next := math.Nextafter(sorted[last], math.Inf(1)); {
	case !repeated && len(edges) > 1:
	case !math.IsInf(next, 1):
		edges = append(edges, next)
	case len(edges) == 1: // there is no number after the largest of all
		edges = append([]float64{math.Nextafter(next, 0) / 2}, edges...)
	}
	return edges
}

// orderStatistics are all of the sorted values, or limit of them at the middles of equal shares.
func orderStatistics(sorted []float64, limit int) []float64 {
	if len(sorted) <= limit {
		return append([]float64(nil), sorted...)
	}
	sample := make([]float64, limit)
	for i := range sample {
		sample[i] = sorted[int((float64(i)+0.5)*float64(len(sorted))/float64(limit))]
	}
	return sample
}

// CountSorted counts sorted values in the bins between at least two edges: closed on the left, open on the right, the last
// closed on both sides.
func CountSorted(sorted, edges []float64) (counts []int64, below, above int64) {
	bins := len(edges) - 1
	counts = make([]int64, bins)
	start := sort.SearchFloat64s(sorted, edges[0])
	below = int64(start)
	for bin := range bins {
		var end int
		if bin == bins-1 {
			end = sort.Search(len(sorted), func(i int) bool { return sorted[i] > edges[bins] })
		} else {
			end = sort.SearchFloat64s(sorted, edges[bin+1])
		}
		counts[bin] = int64(end - start)
		start = end
	}
	return counts, below, int64(len(sorted) - start)
}

// MeanAndDeviation are the mean and the standard deviation with divisor n of finite values, finite themselves.
func MeanAndDeviation(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	var largest float64
	for _, value := range values {
		mean += value / n // divided first: a sum of large finite values may overflow
		largest = math.Max(largest, math.Abs(value))
	}
	if largest == 0 {
		return 0, 0
	}
	var squares float64
	for _, value := range values {
		difference := value/largest - mean/largest // at most 2, so that no square overflows
		squares += difference * difference
	}
	return mean, math.Min(math.Sqrt(squares/n)*largest, math.MaxFloat64)
}
