package peer

import (
	"math"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// tfdvBuckets is the number of buckets of a standard histogram.
const tfdvBuckets = 10

// bucket holds a share of the values between low and high; a point where they are equal.
type bucket struct{ low, high, share float64 }

func tfdvCategories(reference, current map[string]int64) result {
	_, p, q := union(reference, current)
	return tfdvDivergence(stats.Shares(p), stats.Shares(q))
}

// tfdvDivergence is the divergence, not the distance, in base 2 and at most 1.
func tfdvDivergence(p, q []float64) result {
	return valueOnly(math.Min(1, math.Max(0, stats.JensenShannonDivergence(p, q, 2))))
}

// tfdvNumbers compares the standard histograms of both sides, re-cut on the union of their edges with the mass even inside a
// bucket. Points meet points of the same value only.
func tfdvNumbers(reference, current sample) result {
	before, now := standardHistogram(reference.sorted), standardHistogram(current.sorted)
	var edges, points []float64
	for _, b := range append(slices.Clone(before), now...) {
		if b.low == b.high {
			points = append(points, b.low)
		} else {
			edges = append(edges, b.low, b.high)
		}
	}
	slices.Sort(edges)
	slices.Sort(points)
	edges, points = slices.Compact(edges), slices.Compact(points)
	return tfdvDivergence(recut(before, edges, points), recut(now, edges, points))
}

func standardHistogram(sorted []float64) []bucket {
	low, high := sorted[0], sorted[len(sorted)-1]
	if low == high {
		return []bucket{{low, high, 1}}
	}
	edges := evenEdges(low, high, tfdvBuckets)
	buckets := make([]bucket, tfdvBuckets)
	for i, count := range counts(sorted, edges) {
		buckets[i] = bucket{edges[i], edges[i+1], float64(count) / float64(len(sorted))}
	}
	return buckets
}

// recut is the share of a histogram between each pair of edges, then at each point.
func recut(buckets []bucket, edges, points []float64) []float64 {
	shares := make([]float64, max(len(edges)-1, 0), len(edges)+len(points))
	for i := range shares {
		for _, b := range buckets {
			if overlap := math.Min(b.high, edges[i+1]) - math.Max(b.low, edges[i]); b.high > b.low && overlap > 0 {
				shares[i] += b.share * overlap / (b.high - b.low)
			}
		}
	}
	for _, point := range points {
		share := 0.0
		for _, b := range buckets {
			if b.low == point && b.high == point {
				share += b.share
			}
		}
		shares = append(shares, share)
	}
	return shares
}
