package drift

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// The methods that look at all features together; both are off unless a monitor asks for them.
const (
	// MethodClassifier is the area under the curve of a logistic regression that tells the window from the reference, over
	// features and products of two, each row scored by a model that has not seen it.
	MethodClassifier = "multivariate/auroc"
	// MethodReconstruction is by how much less well, in mean, the principal components of one half of the reference rebuild
	// rows of the window than rows of its other half, over their standard deviation.
	MethodReconstruction = "multivariate/reconstruction"
)

// When features have changed together.
const (
	// multivariateSignificance is of each of the two methods.
	multivariateSignificance = Significance / 2
	// classifierFloor is the least area that is raised; half is no difference.
	classifierFloor = 0.55
	// reconstructionFloor is the least effect that is raised, in standard deviations.
	reconstructionFloor = 0.15
	// componentShare of the variance is kept.
	componentShare = 0.65
	// multivariateDays is how many days of the reference say how far normal days lie from the whole.
	multivariateDays = 10
	// dayDeviations above the mean of those days lies the limit.
	dayDeviations = 3
)

// multivariate looks at all features together.
func (w Window) multivariate() []mlops.MultivariateReport {
	var before, now []stats.Input
	for _, name := range w.watched() {
		column, here := w.column(name)
		at := slices.IndexFunc(w.ReferenceRows, func(c stats.Input) bool { return c.Name == name && c.Type == column.Type })
		if here && at >= 0 && (column.Numbers != nil || column.Text != nil) {
			before, now = append(before, w.ReferenceRows[at]), append(now, column)
		}
	}
	refuse := func(reason string) []mlops.MultivariateReport {
		return []mlops.MultivariateReport{{Method: MethodClassifier, Reason: reason}, {Method: MethodReconstruction, Reason: reason}}
	}
	if len(before) < 2 {
		return refuse("fewer than two features to look at together")
	}
	if int64(before[0].Rows()) < w.minimumRows() || int64(w.rows()) < w.minimumRows() {
		return refuse(fmt.Sprintf("too few rows: at least %d are needed on both sides", w.minimumRows()))
	}
	rows := encode(before, now, w.ReferenceDays, rand.New(rand.NewPCG(1, uint64(before[0].Rows())))) //nolint:gosec // seeded on purpose
	if len(rows.group) < 2 {
		return refuse("fewer than two features vary")
	}
	return []mlops.MultivariateReport{classifierReport(rows), reconstructionReport(rows)}
}

func classifierReport(all together) mlops.MultivariateReport {
	found := classify(all)
	report := mlops.MultivariateReport{Method: MethodClassifier, Value: &found.Value, PValue: &found.PValue, Threshold: classifierFloor}
	report.Threshold = math.Max(report.Threshold, dayLimit(all, func(day together) float64 { return classify(day).Value }))
	report.Drifted = found.Value >= report.Threshold && found.PValue <= multivariateSignificance
	report.Message = fmt.Sprintf("a classifier tells a row of the window from one of the reference in %s of pairs", percent(found.Value))
	return report
}

func reconstructionReport(all together) mlops.MultivariateReport {
	found, ok := reconstruct(all)
	if !ok {
		return mlops.MultivariateReport{Method: MethodReconstruction, Reason: "no components: the features do not vary"}
	}
	report := mlops.MultivariateReport{Method: MethodReconstruction, Value: &found.Value, PValue: &found.PValue, Threshold: reconstructionFloor}
	report.Threshold = math.Max(report.Threshold, dayLimit(all, func(day together) float64 {
		of, _ := reconstruct(day)
		return math.Abs(of.Value)
	}))
	report.Drifted = math.Abs(found.Value) >= report.Threshold && found.PValue <= multivariateSignificance
	report.Message = fmt.Sprintf("what features have in common rebuilds a row %s standard deviations %s than in the reference",
		number(math.Abs(found.Value)), map[bool]string{true: "worse", false: "better"}[found.Value > 0])
	return report
}

// dayLimit is the mean plus three standard deviations of a measure of days of the reference against its other days; zero
// where fewer than minimumDays have enough rows.
func dayLimit(all together, measure func(together) float64) float64 {
	counts := map[int64]int{}
	for _, day := range all.days {
		counts[day]++
	}
	var days []int64
	for day, count := range counts {
		if count >= stats.MinimumDayRows && count < len(all.days) {
			days = append(days, day)
		}
	}
	if len(days) < minimumDays {
		return 0
	}
	slices.Sort(days)
	var values []float64
	for i := range min(len(days), multivariateDays) {
		values = append(values, measure(all.day(days[i*len(days)/min(len(days), multivariateDays)])))
	}
	mean, deviation := stats.MeanAndDeviation(values)
	return mean + dayDeviations*deviation
}

// day is one day of the reference against its others.
func (t together) day(day int64) together {
	one := together{group: t.group}
	for row, of := range t.days {
		one.rows, one.current = append(one.rows, t.rows[row]), append(one.current, of == day)
	}
	return one
}

// lookTogether adds what all features show together, where the monitor asks for it. It makes a window that is stable by each
// feature a covariate drift; where single features have drifted, they say more.
func (w Window) lookTogether(report *mlops.DriftReport) {
	if !w.Monitor.Multivariate {
		return
	}
	report.Multivariate = w.multivariate()
	for _, found := range report.Multivariate {
		if found.Drifted && report.Verdict == mlops.VerdictStable {
			report.Verdict = mlops.VerdictCovariate
			report.Summary = "Features have changed together, though each by itself looks as in the reference: " + found.Message + "."
		}
	}
}
