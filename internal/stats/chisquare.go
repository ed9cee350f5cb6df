package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// ChiSquareTail is P(X >= x) of a chi-square with so many degrees of freedom; 1 with none.
func ChiSquareTail(x, degrees float64) float64 {
	switch {
	case degrees <= 0 || x <= 0:
		return 1
	case math.IsInf(x, 1):
		return 0
	case math.IsNaN(x):
		return math.NaN()
	}
	return mathext.GammaIncRegComp(degrees/2, x/2)
}

// ChiSquareQuantile is the x whose ChiSquareTail is the given share.
func ChiSquareQuantile(tail, degrees float64) float64 {
	if degrees <= 0 {
		return 0
	}
	return 2 * mathext.GammaIncRegCompInv(degrees/2, tail)
}

// ChiSquareFit is Pearson's test of observed against expected counts, with bins - 1 degrees; with one bin its p-value is
// NaN. Sums that differ by more than 1.5e-8 relative are an error. A count where none is expected gives +Inf and p = 0.
func ChiSquareFit(observed, expected []float64) (Test, error) {
	var sumObserved, sumExpected, value float64
	for i := range observed {
		sumObserved += observed[i]
		sumExpected += expected[i]
	}
	if math.Abs(sumObserved-sumExpected) > 1.5e-8*math.Min(math.Abs(sumObserved), math.Abs(sumExpected)) {
		return Test{}, fmt.Errorf("%w: chi-square: observed counts sum to %g, expected ones to %g; scale them to agree", mlops.ErrInvalid, sumObserved, sumExpected)
	}
	for i := range observed {
		difference := observed[i] - expected[i]
		if expected[i] == 0 && observed[i] == 0 {
			return Test{math.NaN(), math.NaN()}, nil
		}
		value += difference * difference / expected[i]
	}
	if len(observed) < 2 {
		return Test{value, math.NaN()}, nil
	}
	return Test{value, ChiSquareTail(value, float64(len(observed)-1))}, nil
}

// ChiSquareContingency is the test of independence of a table of counts (rows of equal length without empty rows or
// columns), with Yates' correction at one degree of freedom.
func ChiSquareContingency(table [][]float64) Test {
	rows, columns, total := margins(table)
	degrees := float64((len(rows) - 1) * (len(columns) - 1))
	if degrees <= 0 {
		return Test{0, 1}
	}
	var value float64
	for i, row := range table {
		for j, count := range row {
			expected := rows[i] * columns[j] / total
			difference := math.Abs(count - expected)
			if degrees == 1 {
				difference -= math.Min(0.5, difference)
			}
			value += difference * difference / expected
		}
	}
	return Test{value, ChiSquareTail(value, degrees)}
}

// CramersV is the strength of association in a table of counts, 0 to 1, without correction for bias.
func CramersV(table [][]float64) float64 {
	rows, columns, total := margins(table)
	smaller := float64(min(len(rows), len(columns)) - 1)
	if smaller <= 0 || total == 0 {
		return 0
	}
	var value float64
	for i, row := range table {
		for j, count := range row {
			expected := rows[i] * columns[j] / total
			if expected > 0 {
				value += (count - expected) * (count - expected) / expected
			}
		}
	}
	return math.Sqrt(value / total / smaller)
}

func margins(table [][]float64) (rows, columns []float64, total float64) {
	rows = make([]float64, len(table))
	for i, row := range table {
		if columns == nil {
			columns = make([]float64, len(row))
		}
		for j, count := range row {
			rows[i] += count
			columns[j] += count
			total += count
		}
	}
	return rows, columns, total
}

// Homogeneity tests whether two sides share one distribution over bins; bins that are empty on both sides are left out.
func Homogeneity(reference, current []int64) Test {
	table := [][]float64{nil, nil}
	for i := range reference {
		if reference[i]+current[i] > 0 {
			table[0] = append(table[0], float64(reference[i]))
			table[1] = append(table[1], float64(current[i]))
		}
	}
	if sum(reference) == 0 || sum(current) == 0 {
		return Test{0, 1}
	}
	return ChiSquareContingency(table)
}

// SparseHomogeneity is the p-value of Homogeneity where bins may be too thin for a chi-square: those of which fewer than five
// rows are to be expected on a side, given the rows of both, are pooled for it and have exact tests of their own. The p-value
// is the least of all, times their number.
func SparseHomogeneity(reference, current []int64) float64 {
	n, m := sum(reference), sum(current)
	if n == 0 || m == 0 {
		return 1
	}
	enough := minimumExpectedCount * float64(n+m) / float64(min(n, m))
	var thick, thin [2][]int64
	for i := range reference {
		into := &thin
		if float64(reference[i]+current[i]) >= enough {
			into = &thick
		}
		into[0], into[1] = append(into[0], reference[i]), append(into[1], current[i])
	}
	least, tests := 1.0, 1.0
	for i := range thin[0] {
		if thin[0][i]+thin[1][i] > 0 {
			least, tests = math.Min(least, RateTest(thin[0][i], n, thin[1][i], m)), tests+1
		}
	}
	if before, now := sum(thin[0]), sum(thin[1]); float64(before+now) >= enough || len(thick[0]) == 0 {
		thick[0], thick[1] = append(thick[0], before), append(thick[1], now)
	} else {
		thick[0][0] += before
		thick[1][0] += now
	}
	together := Homogeneity(thick[0], thick[1]).PValue
	if len(thick[0]) == 2 {
		together = RateTest(thick[0][0], n, thick[1][0], m)
	}
	return math.Min(1, math.Min(least, together)*tests)
}

// RateTest is the two-sided p-value that c events in m rows happen at the same rate as b events in n rows: given their sum,
// c is hypergeometric (Fisher's exact test, twice the smaller tail). It is the same for events and for the rows without one.
func RateTest(b, n, c, m int64) float64 {
	if b+c == 0 || n == 0 || m == 0 {
		return 1
	}
	n, m = max(n, b), max(m, c)
	return math.Min(1, 2*math.Min(hypergeometricAtLeast(c, b+c, m, n+m), hypergeometricAtLeast(b, b+c, n, n+m)))
}

// hypergeometricAtLeast is P(X >= k), where X of some events are among the rows drawn, of all rows. Every term is positive, so
// that small ones lose no digits; the first is a ratio of binomials.
func hypergeometricAtLeast(k, events, drawn, all int64) float64 {
	last := min(events, drawn)
	switch first := max(0, events+drawn-all); {
	case k <= first:
		return 1
	case k > last:
		return 0
	}
	x, e, d, rest := float64(k), float64(events), float64(drawn), float64(all-events)
	share := d / float64(all)
	term := 1.0
	if share < 1 {
		term = binomialMass(x, e, share) * binomialMass(d-x, rest, share) / binomialMass(d, float64(all), share)
	}
	total := term
	for ; x < float64(last) && term > total*1e-17; x++ {
		term *= (e - x) * (d - x) / ((x + 1) * (rest - d + x + 1))
		total += term
	}
	return math.Min(1, total)
}
