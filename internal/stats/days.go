package stats

import (
	"math"
	"slices"
)

// daySpread compares each day of a column that has MinimumDayRows rows with all other rows, as a window to come will be
// compared with rows that it is no part of. It is nil with fewer than two such days.
func daySpread(whole ColumnProfile, column Input, days [][]int) *DaySpread {
	if days == nil || whole.Number == nil && whole.Category == nil {
		return nil
	}
	spread := DaySpread{}
	var excess []float64
	for _, rows := range days {
		if len(rows) < MinimumDayRows || int64(len(rows)) == whole.Rows {
			continue
		}
		bins := againstRest(whole, column.pick(rows))
		m := float64(len(rows))
		spread.MeanRows += m
		spread.MaximumNullShare = math.Max(spread.MaximumNullShare, float64(bins.CurrentNulls)/m)
		excess = append(excess, bins.PSI()-bins.Noise())
	}
	if len(excess) < 2 {
		return nil
	}
	slices.Sort(excess)
	spread.Count = int64(len(excess))
	spread.MeanRows /= float64(len(excess))
	mean, deviation := MeanAndDeviation(excess)
	spread.Mean = mean
	spread.Deviation = deviation * math.Sqrt(float64(len(excess))/float64(len(excess)-1))
	spread.Quantile95 = Quantile(excess, 0.95)
	spread.Maximum = excess[len(excess)-1]
	return &spread
}

// againstRest counts a day in bins against the rows of the whole that are not of that day.
func againstRest(whole ColumnProfile, day Input) Bins {
	if whole.Number != nil {
		sorted := day.SortedNumbers()
		bins := QuantileBins(whole, sorted, int64(day.Rows()-len(sorted)))
		for i, count := range bins.Current {
			bins.Reference[i] -= count
		}
		bins.ReferenceNulls -= bins.CurrentNulls
		return bins
	}
	counts, nulls := day.CountText()
	rest := CategoryProfile{Counts: make(map[string]int64, len(whole.Category.Counts)), Other: whole.Category.Other}
	for level, count := range whole.Category.Counts {
		if left := count - counts[level]; left > 0 {
			rest.Counts[level] = left
		}
	}
	for level, count := range counts {
		if _, named := whole.Category.Counts[level]; !named {
			rest.Other -= count
		}
	}
	return LevelBins(ColumnProfile{
		Type: whole.Type, Rows: whole.Rows - int64(day.Rows()), Nulls: whole.Nulls - nulls, Category: &rest,
	}, counts, nulls)
}

// rowsByDay lists the rows of each day, in order of the days; nil where days are not known.
func rowsByDay(days []int64) [][]int {
	if days == nil {
		return nil
	}
	byDay := map[int64][]int{}
	for row, day := range days {
		byDay[day] = append(byDay[day], row)
	}
	numbers := make([]int64, 0, len(byDay))
	for day := range byDay {
		numbers = append(numbers, day)
	}
	slices.Sort(numbers)
	rows := make([][]int, len(numbers))
	for i, day := range numbers {
		rows[i] = byDay[day]
	}
	return rows
}

// Present is the column without its nulls.
func (in Input) Present() Input {
	var rows []int
	for row := range in.Rows() {
		if !in.IsNull(row) {
			rows = append(rows, row)
		}
	}
	return in.pick(rows)
}

// pick is the column of some rows only.
func (in Input) pick(rows []int) Input {
	picked := Input{Name: in.Name, Type: in.Type}
	if in.Numbers != nil {
		picked.Numbers = make([]float64, 0, len(rows))
	}
	if in.Text != nil {
		picked.Text = make([]string, 0, len(rows))
	}
	for _, row := range rows {
		if in.Numbers != nil {
			picked.Numbers = append(picked.Numbers, in.Numbers[row])
		}
		if in.Text != nil {
			picked.Text = append(picked.Text, in.Text[row])
		}
		if in.Null != nil {
			picked.Null = append(picked.Null, in.Null[row])
		}
	}
	return picked
}

// between is a point on the line from a to b, in NumPy's arithmetic: it is a itself where b equals a, and never beyond either.
func between(a, b, fraction float64) float64 {
	difference := b - a
	switch {
	case math.IsInf(difference, 0):
		return a*(1-fraction) + b*fraction
	case fraction >= 0.5:
		return b - float64(difference*(1-fraction))
	default:
		return a + float64(difference*fraction)
	}
}

// Quantile is the share-th quantile of sorted values, linear between neighbours (Hyndman and Fan's seventh).
func Quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	position := share * float64(len(sorted)-1)
	low := int(math.Floor(position))
	if low >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	return between(sorted[low], sorted[low+1], position-float64(low))
}
