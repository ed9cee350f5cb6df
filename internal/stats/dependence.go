package stats

import (
	"math"
	"slices"
)

const (
	// maximumLag bounds how far apart two rows are compared.
	maximumLag = 200
	// partRows is the least length of a part of a column that has a line of its own; there are maximumParts at most.
	partRows, maximumParts = 100, 24
)

// Dependence is by how many the rows of a column must be divided for its sampling noise to be that of as many independent
// ones: 1 for independent rows, more where neighbours resemble each other, as the weather of two days does. Rows stand in
// the order of time; nulls are left out. What rises and falls through the column, as spring and the hours of a day do, is no
// noise: straight lines are taken off its parts. It is 1 + 2 sum of autocorrelations, of ranks for a number and of equality for
// anything else, up to the first pair of lags that sums to no more than chance (Geyer's initial sequence).
func Dependence(column Input) float64 {
	var correlation func(lag int) float64
	var n int
	if column.Numbers != nil {
		ranks := centredRanks(column)
		n = len(ranks)
		correlation = rankCorrelation(ranks)
	} else {
		values := column.Present().Text
		n = len(values)
		correlation = equality(values)
	}
	if n < 8 {
		return 1
	}
	chance := 2 / math.Sqrt(float64(n))
	total := 1.0
	for lag := 1; lag+1 <= min(n/4, maximumLag); lag += 2 {
		pair := correlation(lag) + correlation(lag+1)
		if !(pair > chance) {
			break
		}
		total += 2 * pair
	}
	return total
}

// centredRanks are the ranks of the values that are not null, less their mean, in the order of rows; equal values share theirs.
func centredRanks(column Input) []float64 {
	values := column.Present().Numbers
	sorted := slices.Sorted(slices.Values(values))
	ranks := make([]float64, len(values))
	for i, value := range values {
		first, _ := slices.BinarySearch(sorted, value)
		last, _ := slices.BinarySearch(sorted, math.Nextafter(value, math.Inf(1)))
		ranks[i] = float64(first+last-len(values)) / 2
	}
	parts := max(1, min(maximumParts, len(ranks)/partRows))
	for i := range parts {
		takeLine(ranks[i*len(ranks)/parts : (i+1)*len(ranks)/parts])
	}
	return ranks
}

// takeLine takes the straight line of least squares off values.
func takeLine(values []float64) {
	var mean float64
	for _, value := range values {
		mean += value / float64(len(values))
	}
	middle := float64(len(values)-1) / 2
	var slope, squares float64
	for i, value := range values {
		slope += value * (float64(i) - middle)
		squares += (float64(i) - middle) * (float64(i) - middle)
	}
	if squares > 0 {
		slope /= squares
	}
	for i := range values {
		values[i] -= mean + slope*(float64(i)-middle)
	}
}

func rankCorrelation(ranks []float64) func(int) float64 {
	var variance float64
	for _, rank := range ranks {
		variance += rank * rank
	}
	return func(lag int) float64 {
		if variance == 0 {
			return 0
		}
		var sum float64
		for i := lag; i < len(ranks); i++ {
			sum += ranks[i] * ranks[i-lag]
		}
		return sum / variance
	}
}

// equality is by how much more often two rows so far apart are equal than any two, from 0 to 1.
func equality(values []string) func(int) float64 {
	n := float64(len(values))
	counts := map[string]float64{}
	for _, value := range values {
		counts[value]++
	}
	var byChance float64
	for _, count := range counts {
		byChance += count / n * count / n
	}
	return func(lag int) float64 {
		if byChance >= 1 {
			return 0
		}
		equal := 0
		for i := lag; i < len(values); i++ {
			if values[i] == values[i-lag] {
				equal++
			}
		}
		return (float64(equal)/(n-float64(lag)) - byChance) / (1 - byChance)
	}
}
