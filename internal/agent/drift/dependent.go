package drift

import (
	"math"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

const (
	// minimumDependence is from where on rows that resemble their neighbours are counted as fewer.
	minimumDependence = 2
	// seasonMovement is the PSI by which a season of such rows may differ from the last one: about one standard deviation.
	// No two winters are the same, and one cycle does not say how much they differ.
	seasonMovement = 1
)

// measureDependent is measure for traffic with seasons, whose neighbouring rows resemble each other: a warm week is one event,
// not seven. Of so many rows as count for one, one is kept, in turn from each start; the p-value is twice the median of theirs,
// and the threshold that of the thinner window, with what seasons differ by. The effect is that of all rows.
func measureDependent(name string, reference stats.ColumnProfile, current observed, features int, sensitivity float64) measurement {
	whole := measure(name, reference, current, features, sensitivity)
	step := int(math.Round(stats.Dependence(current.rows)))
	if step < minimumDependence || current.rows.Rows() < 2*step {
		return whole
	}
	thin := thinProfile(reference, int64(step))
	var pValues []float64
	for start := range step {
		rows := observe(stats.NewFrame(mlops.Column{Type: current.frame.Type}, thin), thinRows(current.rows, start, step), 0)
		part := measure(name, thin, rows, features, sensitivity)
		pValues = append(pValues, part.pValue.Most)
		whole.report.Threshold = math.Max(whole.report.Threshold, part.report.Threshold)
	}
	whole.report.Threshold += seasonMovement / sensitivity
	slices.Sort(pValues)
	whole.pValue = exactly(math.Min(1, math.Max(whole.pValue.Most, 2*pValues[len(pValues)/2])))
	return whole
}

// thinRows keeps every step-th row.
func thinRows(column stats.Input, start, step int) stats.Input {
	thin := stats.Input{Name: column.Name, Type: column.Type}
	for row := start; row < column.Rows(); row += step {
		if column.Numbers != nil {
			thin.Numbers = append(thin.Numbers, column.Numbers[row])
		}
		if column.Text != nil {
			thin.Text = append(thin.Text, column.Text[row])
		}
		if column.Null != nil {
			thin.Null = append(thin.Null, column.Null[row])
		}
	}
	return thin
}

// thinProfile is the profile of one row in so many: the same shares of fewer rows. Every known level stays known.
func thinProfile(profile stats.ColumnProfile, step int64) stats.ColumnProfile {
	thin := profile
	thin.Rows, thin.Nulls = profile.Rows/step, profile.Nulls/step
	if profile.Number != nil {
		number := *profile.Number
		number.Counts = make([]int64, len(profile.Number.Counts))
		for i, running, before := 0, int64(0), int64(0); i < len(number.Counts); i++ {
			running += profile.Number.Counts[i] // of the running sum, so that the counts of fine bins are not all rounded away
			number.Counts[i] = running/step - before
			before = running / step
		}
		thin.Number = &number
	}
	if profile.Category != nil {
		category := *profile.Category
		category.Counts = make(map[string]int64, len(profile.Category.Counts))
		for level, count := range profile.Category.Counts {
			category.Counts[level] = max(1, count/step)
		}
		thin.Category = &category
	}
	return thin
}
