package stats

import (
	"math"
	"sort"
)

// Bins are counts of reference and current in the same bins.
type Bins struct {
	Reference, Current []int64
	// Nulls of both sides stand apart: their number is compared by a test of its own.
	ReferenceNulls, CurrentNulls int64
	// LevelPValue is that of the one level of a category that changed most, corrected for their number; 1 for a number.
	LevelPValue float64
}

// Deciles is how many quantile bins psi/quantile10 has, where ties allow it.
const Deciles = 10

// QuantileBins counts sorted current values in the deciles of a frozen number. What lies beyond the reference belongs to
// the outer bins; it has a bin of its own beyond an outer bin that holds one single value, and where it is more than chance puts
// there: a few values far out would hide among a tenth.
func QuantileBins(reference ColumnProfile, sorted []float64, nulls int64) Bins {
	if reference.Number == nil {
		return CountedBins(reference, NumberTally{}, nulls)
	}
	fine, below, above := CountSorted(sorted, reference.Number.Edges)
	return CountedBins(reference, NumberTally{Counts: fine, Below: below, Above: above}, nulls)
}

// CountedBins is QuantileBins of values that were counted in the reference's bins.
func CountedBins(reference ColumnProfile, counted NumberTally, nulls int64) Bins {
	bins := Bins{ReferenceNulls: reference.Nulls, CurrentNulls: nulls, LevelPValue: 1}
	if reference.Number == nil {
		return bins
	}
	number, fine, below, above := reference.Number, counted.Counts, counted.Below, counted.Above
	for _, group := range decileGroups(number.Counts) {
		bins.Reference = append(bins.Reference, sum(number.Counts[group.from:group.to]))
		bins.Current = append(bins.Current, sum(fine[group.from:group.to]))
	}
	last := len(bins.Current) - 1
	beyond := func(count int64) bool { // so many values are the first, or the last, of both sides
		return hypergeometricAtLeast(count, count, sum(fine)+below+above, reference.Rows-reference.Nulls+sum(fine)+below+above) < certainPValue
	}
	if below > 0 && (beyond(below) || number.single(0, number.groupEnd(0))) {
		bins.Reference, bins.Current = append(bins.Reference, 0), append(bins.Current, below)
	} else {
		bins.Current[0] += below
	}
	if above > 0 && (beyond(above) || number.single(number.groupStart(last), len(number.Counts))) {
		bins.Reference, bins.Current = append(bins.Reference, 0), append(bins.Current, above)
	} else {
		bins.Current[last] += above
	}
	return bins
}

// span is the fine bins from..to-1.
type span struct{ from, to int }

// decileGroups joins fine bins into at most Deciles groups, cut where the running count is nearest to each tenth.
func decileGroups(counts []int64) []span {
	running := make([]int64, len(counts)+1)
	for i, count := range counts {
		running[i+1] = running[i] + count
	}
	total := float64(running[len(counts)])
	var groups []span
	from := 0
	for k := 1; k <= Deciles; k++ {
		target := total * float64(k) / Deciles
		to := sort.Search(len(running)-1, func(i int) bool { return float64(running[i]) >= target })
		if to > from+1 && target-float64(running[to-1]) < float64(running[to])-target {
			to--
		}
		if k == Deciles {
			to = len(counts)
		}
		if to > from {
			groups = append(groups, span{from, to})
			from = to
		}
	}
	return groups
}

func (n NumberProfile) groupEnd(group int) int   { return decileGroups(n.Counts)[group].to }
func (n NumberProfile) groupStart(group int) int { return decileGroups(n.Counts)[group].from }

// single says whether the reference holds one value only in the fine bins from..to-1.
func (n NumberProfile) single(from, to int) bool {
	low := sort.SearchFloat64s(n.Sample, n.Edges[from])
	high := sort.SearchFloat64s(n.Sample, n.Edges[to])
	if to == len(n.Counts) {
		high = len(n.Sample)
	}
	return high > low && n.Sample[low] == n.Sample[high-1]
}

// All are the counts with nulls as a bin of their own, where either side has any.
func (b Bins) All() (reference, current []int64) {
	reference = append([]int64(nil), b.Reference...)
	current = append([]int64(nil), b.Current...)
	if b.ReferenceNulls+b.CurrentNulls > 0 {
		reference, current = append(reference, b.ReferenceNulls), append(current, b.CurrentNulls)
	}
	return reference, current
}

// PSI is the population stability index over All: half a row is added to every bin of both sides (Jeffreys), so that an
// empty bin has a logarithm whose weight falls with the size of the window. Two empty sides give 0.
func (b Bins) PSI() float64 {
	reference, current := b.All()
	return PSI(Smooth(reference, 0.5), Smooth(current, 0.5))
}

// Noise is the mean of PSI when nothing has changed: (bins - 1)(1/n + 1/m).
func (b Bins) Noise() float64 {
	reference, current := b.All()
	if len(reference) < 2 {
		return 0
	}
	return float64(len(reference)-1) * (1/float64(max(sum(reference), 1)) + 1/float64(max(sum(current), 1)))
}

// Smooth turns counts into shares after adding a constant to every bin.
func Smooth(counts []int64, add float64) []float64 {
	total := float64(sum(counts)) + add*float64(len(counts))
	shares := make([]float64, len(counts))
	for i, count := range counts {
		shares[i] = (float64(count) + add) / total
	}
	return shares
}

// Shares turns counts into shares; all zero where there are no counts.
func Shares(counts []int64) []float64 {
	if sum(counts) == 0 {
		return make([]float64, len(counts))
	}
	return Smooth(counts, 0)
}

// Scale is 1/n + 1/m of the values that are not null: PSI / Scale follows a chi-square under no change.
func (b Bins) Scale() float64 {
	n, m := float64(sum(b.Reference)), float64(sum(b.Current))
	if n == 0 || m == 0 {
		return math.Inf(1)
	}
	return 1/n + 1/m
}

func sum(counts []int64) (total int64) {
	for _, count := range counts {
		total += count
	}
	return total
}

func sumOf(counts map[string]int64) (total int64) {
	for _, count := range counts {
		total += count
	}
	return total
}
