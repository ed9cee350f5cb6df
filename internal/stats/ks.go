package stats

import (
	"math"
	"sort"
)

// Alternative is the side that a Kolmogorov-Smirnov test looks at.
type Alternative string

// The alternatives. With F the distribution function of the reference and G of the current sample, Greater looks at the
// largest F - G and Less at the largest G - F.
const (
	TwoSided Alternative = "two-sided"
	Greater  Alternative = "greater"
	Less     Alternative = "less"
)

// ExactLimit is the size of either sample up to which the Kolmogorov-Smirnov p-value is exact.
const ExactLimit = 10000

// Test is a statistic and its p-value.
type Test struct{ Value, PValue float64 }

// KolmogorovSmirnov compares two samples that are sorted and not empty. Its p-value is exact while both have at most
// ExactLimit values and asymptotic above, as SciPy's ks_2samp does on its own account. A one-sided p-value of samples of
// different sizes is asymptotic, too, where the number of lattice paths is beyond a 64-bit number.
func KolmogorovSmirnov(reference, current []float64, alternative Alternative) Test {
	return KSTest(KSDistance(reference, current, alternative), len(reference), len(current), alternative)
}

// KSTest is KolmogorovSmirnov of samples of n and m values whose distance is known.
func KSTest(distance float64, n, m int, alternative Alternative) Test {
	if max(n, m) <= ExactLimit && (alternative == TwoSided || n == m || countable(n, m)) {
		return ksExact(distance, n, m, alternative)
	}
	return Test{distance, KSAsymptotic(distance, n, m, alternative)}
}

// countable says whether the number of lattice paths from (0, 0) to (n, m) is a 64-bit number.
func countable(n, m int) bool {
	all, _ := math.Lgamma(float64(n+m) + 1)
	first, _ := math.Lgamma(float64(n) + 1)
	second, _ := math.Lgamma(float64(m) + 1)
	return all-first-second < math.Log(math.MaxFloat64)
}

// KSDistance is the largest difference of the two distribution functions on the side that is looked at.
func KSDistance(reference, current []float64, alternative Alternative) float64 {
	n, m := float64(len(reference)), float64(len(current))
	var above, below float64 // largest F - G and G - F
	i, j := 0, 0
	for i < len(reference) {
		x := reference[i]
		if j < len(current) && current[j] < x {
			j = firstAtLeast(current, j, x)
		}
		if difference := float64(j)/m - float64(i)/n; difference > below { // between two values of the reference F - G only falls
			below = difference
		}
		for i < len(reference) && reference[i] == x {
			i++
		}
		for j < len(current) && current[j] == x {
			j++
		}
		difference := float64(i)/n - float64(j)/m
		if difference > above {
			above = difference
		}
		if -difference > below {
			below = -difference
		}
	}
	switch alternative {
	case Greater:
		return above
	case Less:
		return below
	default:
		return math.Max(above, below)
	}
}

// firstAtLeast is the first place from start on whose value is at least x: looked for in steps that double, since it is near
// where both samples are of one size and far where one is much larger.
func firstAtLeast(sorted []float64, start int, x float64) int {
	step := 1
	for start+step <= len(sorted) && sorted[start+step-1] < x {
		start += step
		step *= 2
	}
	return start + sort.SearchFloat64s(sorted[start:min(start+step, len(sorted))], x)
}

// ksExact is the share of the lattice paths from (0, 0) to (n, m) that reach a difference of at least the distance.
func ksExact(distance float64, n, m int, alternative Alternative) Test {
	divisor := greatestDivisor(n, m)
	multiple := n / divisor * m // least common multiple: differences are multiples of one part of it
	steps := math.Round(distance * float64(multiple))
	distance = steps / float64(multiple)
	if steps == 0 {
		return Test{distance, 1}
	}
	return Test{distance, touching(n, m, divisor, steps, alternative == TwoSided)}
}

// touching is the probability that a random lattice path from (0, 0) to (n, m) reaches |m x - n y| >= steps * divisor, on
// both sides or on the side where x is ahead. (By symmetry one side is as likely as the other.)
//
// P(x, y) = (x P(x-1, y) + y P(x, y-1)) / (x + y), and 1 outside: every term is positive, so small ones lose no digits. Only
// the columns' parts inside the band are kept.
func touching(n, m, divisor int, steps float64, bothSides bool) float64 {
	up, across := float64(m/divisor), float64(n/divisor)
	low := func(x int) int { // first y inside: where up*x - across*y < steps
		return max(0, int(math.Floor((up*float64(x)-steps)/across))+1)
	}
	high := func(x int) int { // last y inside: where across*y - up*x < steps
		if !bothSides {
			return m
		}
		return min(m, int(math.Ceil((up*float64(x)+steps)/across))-1)
	}
	column := make([]float64, m+1)
	for y := high(0) + 1; y <= m; y++ {
		column[y] = 1
	}
	for x := 1; x <= n; x++ {
		from, to := low(x), high(x)
		if from > to {
			return 1
		}
		beneath := 1.0 // P(x, from-1), which is outside
		if from > 0 && from-1 <= m {
			column[from-1] = 1
		}
		for y := from; y <= to; y++ {
			if y == 0 {
				beneath = 0 // there is no cell beneath; its weight y is zero as well
			}
			column[y] = (float64(x)*column[y] + float64(y)*beneath) / float64(x+y)
			beneath = column[y]
		}
	}
	if low(n) > m || high(n) < m {
		return 1
	}
	return column[m]
}

// KSAsymptotic is the p-value for large samples: two-sided the tail of the finite one-sample law at round(nm/(n+m)), half
// to even; one-sided Hodges' expansion.
func KSAsymptotic(distance float64, n, m int, alternative Alternative) float64 {
	large, small := float64(max(n, m)), float64(min(n, m))
	if alternative == TwoSided {
		return KolmogorovTail(math.RoundToEven(large*small/(large+small)), distance)
	}
	z := distance * math.Sqrt(large*small/(large+small))
	exponent := -2*z*z - 2*z*(large+2*small)/math.Sqrt(large*small*(large+small))/3
	return math.Min(1, math.Exp(exponent))
}

func greatestDivisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
