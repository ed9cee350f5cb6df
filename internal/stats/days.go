package stats

import (
	"math"
	"slices"
)

// daySpread compares each day of a column that has MinimumDayRows rows with the whole. It is nil with fewer than two days.
func daySpread(whole ColumnProfile, column Input, days []int64) *DaySpread {
	if days == nil || whole.Number == nil && whole.Category == nil {
		return nil
	}
	reference := whole
	if whole.Category != nil {
		// A day of the reference itself has no unseen values, so none are to be expected.
		category := *whole.Category
		category.Singletons = 0
		reference.Category = &category
	}
	spread := DaySpread{}
	var excess []float64
	for _, rows := range rowsByDay(days) {
		share := float64(len(rows)) / float64(whole.Rows)
		if len(rows) < MinimumDayRows || share == 1 {
			continue
		}
		bins := countBins(reference, column.pick(rows))
		m := float64(len(rows))
		spread.MeanRows += m
		spread.MaximumNullShare = math.Max(spread.MaximumNullShare, float64(bins.CurrentNulls)/m)
		// The day is part of the whole: the rest of it, of which the window to come is no part, lies further away.
		all, _ := bins.All()
		noise := float64(len(all)-1) * (1/m - 1/float64(whole.Rows))
		excess = append(excess, (bins.PSI()-noise)/((1-share)*(1-share)))
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

// rowsByDay lists the rows of each day, in order of the days.
func rowsByDay(days []int64) [][]int {
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

// countBins counts a column in the bins of a profile of the same type.
func countBins(reference ColumnProfile, column Input) Bins {
	if reference.Number != nil {
		sorted := column.SortedNumbers()
		return QuantileBins(reference, sorted, int64(column.Rows()-len(sorted)))
	}
	counts, nulls := column.CountText()
	return LevelBins(reference, counts, nulls)
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
