package stats

import (
	"math"
	"sort"
)

// RankShift is the probability that a current value is above a reference value (ties count half; 0.5 is no shift) and the
// two-sided p-value of that (Mann and Whitney, large samples, corrected for ties). Both samples are sorted and not empty;
// n and m are the sizes that they stand for, which may be larger than what is given.
func RankShift(reference, current []float64, n, m float64) Test {
	z, probability := RankScore(reference, current, 1, n, m)
	return Test{probability, math.Erfc(math.Abs(z) / math.Sqrt2)}
}

// RankScore is the standard score of the current sample against the reference times a positive factor, and the probability
// that RankShift describes.
func RankScore(reference, current []float64, factor, n, m float64) (z, probability float64) {
	var ranks, ties float64
	a, b := float64(len(reference)), float64(len(current))
	i := 0
	for j := 0; j < len(current); {
		x := current[j]
		end := j + sort.Search(len(current)-j, func(k int) bool { return current[j+k] > x })
		for i < len(reference) && reference[i]*factor < x {
			i++
		}
		equal := i
		for equal < len(reference) && reference[equal]*factor == x {
			equal++
		}
		share := float64(end-j) / b
		ranks += share * (float64(i) + float64(equal)) / 2 / a
		ties += cube((share*m + float64(equal-i)/a*n) / (n + m))
		i, j = equal, end
	}
	deviation := math.Sqrt((1/n + 1/m) / 12 * math.Max(1-ties, 1e-12))
	return (ranks - 0.5) / deviation, ranks
}

func cube(x float64) float64 { return x * x * x }
