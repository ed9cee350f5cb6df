package peer

import (
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// The arithmetic of NumPy and SciPy, in their order: where a peer subtracts two nearly equal numbers, what rounding leaves is
// part of its answer. A product in float64() is rounded before it is added, so that no processor fuses the two.

// pairwiseSum adds as NumPy's sum does.
func pairwiseSum(values []float64) float64 {
	n := len(values)
	switch {
	case n < 8:
		var sum float64
		for _, value := range values {
			sum += value
		}
		return sum
	case n <= 128:
		var r [8]float64
		copy(r[:], values[:8])
		i := 8
		for ; i < n-n%8; i += 8 {
			for j := range r {
				r[j] += values[i+j]
			}
		}
		sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
		for ; i < n; i++ {
			sum += values[i]
		}
		return sum
	default:
		half := n / 2
		half -= half % 8
		return pairwiseSum(values[:half]) + pairwiseSum(values[half:])
	}
}

// numpyMoments are the mean and the standard deviation with divisor n; infinite where NumPy's overflow.
func numpyMoments(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	mean = pairwiseSum(values) / n
	squares := make([]float64, len(values))
	for i, value := range values {
		squares[i] = (value - mean) * (value - mean)
	}
	return mean, math.Sqrt(pairwiseSum(squares) / n)
}

// evenEdges are k+1 edges from low to high, as NumPy's linspace spaces them.
func evenEdges(low, high float64, k int) []float64 {
	edges := make([]float64, k+1)
	step := (high - low) / float64(k)
	for i := range edges {
		if step == 0 { // the range is too small to divide
			edges[i] = float64(float64(i)/float64(k)*(high-low)) + low
			continue
		}
		edges[i] = float64(float64(i)*step) + low
	}
	edges[k] = high
	return edges
}

// ruleEdges are NumPy's edges for a rule that gives a width: the number of bins is rounded up, then they are spaced evenly.
func ruleEdges(low, high, width float64) []float64 {
	if low == high {
		return []float64{low - 0.5, high + 0.5}
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

// doane are the edges of NumPy's rule of that name. The number of bins is rounded up from a sum that is nearly whole where a
// symmetric column has a power of two of rows, so rows are added in their own order.
func doane(of sample) []float64 {
	n := float64(len(of.raw))
	low, high := of.sorted[0], of.sorted[len(of.sorted)-1]
	if len(of.raw) <= 2 {
		return ruleEdges(low, high, 0)
	}
	mean, deviation := numpyMoments(of.raw)
	if deviation == 0 {
		return ruleEdges(low, high, 0)
	}
	cubes := make([]float64, len(of.raw))
	for i, value := range of.raw {
		cubes[i] = cube((value - mean) / deviation)
	}
	skew := math.Abs(pairwiseSum(cubes) / n)
	spread := math.Sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))
	return ruleEdges(low, high, (high-low)/(1+math.Log2(n)+math.Log2(1+skew/spread)))
}

// cube is x to the third, rounded once.
func cube(x float64) float64 {
	square := x * x
	low := math.FMA(x, x, -square)
	product := square * x
	return product + (math.FMA(square, x, -product) + float64(low*x))
}

// jensenShannon is SciPy's distance: both sides are normalised, and each is summed against the mean by itself.
func jensenShannon(p, q []float64, base float64) float64 {
	p, q = divided(p), divided(q)
	left, right := make([]float64, len(p)), make([]float64, len(q))
	for i := range p {
		mean := (p[i] + q[i]) / 2
		left[i], right[i] = relativeEntropy(p[i], mean), relativeEntropy(q[i], mean)
	}
	return math.Sqrt(math.Max(0, (pairwiseSum(left)+pairwiseSum(right))/math.Log(base)/2))
}

// entropy is SciPy's entropy of p relative to q: both are normalised first.
func entropy(p, q []float64) float64 {
	p, q = divided(p), divided(q)
	terms := make([]float64, len(p))
	for i := range p {
		terms[i] = relativeEntropy(p[i], q[i])
	}
	return pairwiseSum(terms)
}

func relativeEntropy(x, y float64) float64 {
	if x == 0 {
		return 0
	}
	return x * math.Log(x/y)
}

// divided are the values over their sum.
func divided(values []float64) []float64 {
	sum := pairwiseSum(values)
	shares := make([]float64, len(values))
	for i, value := range values {
		shares[i] = value / sum
	}
	return shares
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
