package drift

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Judge says what a window shows, in this order: too few rows, what cannot be true, what has changed, and whether the season
// explains it. It fills Schema, Rows, ReferenceRows, Verdict, Season, Summary, Quality and Features of the report; the
// caller adds whose window it is and when.
func Judge(window Window) mlops.DriftReport {
	report, _, _ := window.judge()
	return report
}

// judge also returns what it measured and saw.
func (w Window) judge() (mlops.DriftReport, []measurement, sights) {
	seen := w.sight(w.Reference)
	report := w.newReport(int64(w.rows()))
	report.Quality, report.Findings = qualityFaults(w, seen), findings(w, seen)
	measured := w.measureAll(w.Reference, seen)
	w.conclude(&report, measured)
	return report, measured, seen
}

func (w Window) newReport(rows int64) mlops.DriftReport {
	return mlops.DriftReport{
		Schema: mlops.DriftReportSchema, Rows: rows, ReferenceRows: w.Reference.Rows, Features: []mlops.FeatureReport{}, Performance: w.Performance,
	}
}

// conclude adds the verdict to a report whose rows, faults and findings are known.
func (w Window) conclude(report *mlops.DriftReport, measured []measurement) {
	for _, m := range measured {
		report.Features = append(report.Features, m.report)
	}
	sortByEffect(report.Features)
	switch minimum := w.minimumRows(); {
	case report.Rows < minimum:
		report.Verdict = mlops.VerdictInsufficient
		report.Summary = fmt.Sprintf("Too few rows to judge: %d, at least %d are needed.", report.Rows, minimum)
	case report.ReferenceRows < minimum:
		report.Verdict = mlops.VerdictInsufficient
		report.Summary = fmt.Sprintf("The reference has too few rows to compare with: %d, at least %d are needed.", report.ReferenceRows, minimum)
	case len(report.Quality) > 0:
		report.Verdict = mlops.VerdictDataQuality
		report.Summary = qualitySummary(report.Quality)
	default:
		report.Verdict = verdictOf(w.kinds(), report.Features)
		report.Season = w.explain(report)
		report.Summary = driftSummary(*report)
		w.lookTogether(report)
		if w.Performance != nil && w.Performance.Worse { // whatever the cause: this is what hurts
			report.Verdict = mlops.VerdictPerformance
			report.Summary = performanceSummary(*w.Performance, drifted(report.Features))
		}
	}
	if report.Verdict == mlops.VerdictInsufficient {
		for i := range report.Features {
			report.Features[i].Drifted = false
		}
	}
}

// kind says what a drift of a column is called.
type kind map[string]mlops.Verdict

// PredictionName is how the model's output is called among the features.
const PredictionName = "prediction"

func (w Window) kinds() kind {
	kinds := kind{PredictionName: mlops.VerdictPrediction}
	for name, column := range w.Dataset.Columns {
		kinds[name] = mlops.VerdictCovariate
		if column.Role == mlops.RoleLabel {
			kinds[name] = mlops.VerdictLabel
		}
	}
	return kinds
}

// verdictOf names the cause: features before predictions before labels, since the first move the others.
func verdictOf(kinds kind, features []mlops.FeatureReport) mlops.Verdict {
	found := map[mlops.Verdict]bool{}
	for _, feature := range features {
		if feature.Drifted {
			found[kinds[feature.Name]] = true
		}
	}
	for _, verdict := range []mlops.Verdict{mlops.VerdictCovariate, mlops.VerdictPrediction, mlops.VerdictLabel} {
		if found[verdict] {
			return verdict
		}
	}
	return mlops.VerdictStable
}

// measureAll compares every watched column that both sides have with a reference, and corrects the p-values over all.
func (w Window) measureAll(reference stats.Profile, seen sights) []measurement {
	names := w.compared(reference, seen)
	measured := make([]measurement, len(names), len(names)+1)
	reference = withTypicalDays(reference, names)
	label := w.Dataset.ColumnOf(mlops.RoleLabel)
	eachAtOnce(len(names), func(i int) {
		name := names[i]
		column := seen[name]
		if name == label {
			column = column.present() // a label that has not arrived yet is no null
		}
		measured[i] = w.measure(name, reference.Columns[name], column, len(names), w.sensitivity(name))
	})
	if predictions, here := w.predictions(); here {
		measured = append(measured, w.measure(PredictionName, *w.PredictionReference, predictions, len(names)+1, 1))
	}
	decide(measured)
	return measured
}

// eachAtOnce calls for 0 to count-1, as many at once as there are processors.
func eachAtOnce(count int, call func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), count) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				call(i)
			}
		})
	}
	group.Wait()
}

// predictions are the answers of the model; false where there are none on either side.
func (w Window) predictions() (observed, bool) {
	if w.PredictionReference == nil {
		return observed{}, false
	}
	frame := stats.NewFrame(mlops.Column{Type: w.PredictionReference.Type}, *w.PredictionReference)
	switch {
	case w.Counted != nil && w.Counted.Predictions != nil:
		return observed{frame: frame, tally: *w.Counted.Predictions, counted: true}, true
	case w.Predictions != nil:
		return observe(frame, *w.Predictions, 0), true
	default:
		return observed{}, false
	}
}

// measure compares one column; neighbouring rows of traffic that has seasons count as the few that they are.
func (w Window) measure(name string, reference stats.ColumnProfile, current observed, features int, sensitivity float64) measurement {
	if w.Monitor.Season > 0 {
		return measureDependent(name, reference, current, features, sensitivity)
	}
	return measure(name, reference, current, features, sensitivity)
}

// decide marks what has drifted: an effect above its threshold that is significant among all.
func decide(measured []measurement) {
	pValues := make([]float64, len(measured))
	for i, m := range measured {
		pValues[i] = m.pValue.Most
	}
	for i, corrected := range stats.BenjaminiHochberg(pValues) {
		measured[i].report.PValue = &corrected
		measured[i].report.Drifted = measured[i].drifts(corrected)
	}
}

// compared are the watched features, and the label where enough of it has arrived, that a reference knows in the same type.
func (w Window) compared(reference stats.Profile, seen sights) []string {
	var names []string
	watched := w.watched()
	label := w.Dataset.ColumnOf(mlops.RoleLabel)
	if column, here := seen[label]; here && column.tally.Values() >= w.minimumRows() {
		watched = append(watched, label)
	}
	for _, name := range watched {
		column, here := seen[name]
		profile, known := reference.Columns[name]
		if here && known && profile.Type == column.frame.Type && (profile.Number != nil || profile.Category != nil) {
			names = append(names, name)
		}
	}
	return names
}

// watched are the features that the monitor looks at: those that it names, else all.
func (w Window) watched() []string {
	features := w.Dataset.Features()
	if w.Monitor.Features == nil {
		return features
	}
	return slices.DeleteFunc(features, func(name string) bool {
		_, named := w.Monitor.Features[name]
		return !named
	})
}

func (w Window) sensitivity(name string) float64 {
	if watch, ok := w.Monitor.Features[name]; ok && watch.Sensitivity > 0 {
		return watch.Sensitivity
	}
	return 1
}

func (w Window) minimumRows() int64 {
	return cmp.Or(max(w.Monitor.MinimumRows, 0), DefaultMinimumRows)
}

func (w Window) rows() int {
	if w.Counted != nil {
		return int(w.Counted.Rows)
	}
	rows := 0
	for _, column := range w.Current {
		rows = max(rows, column.Rows())
	}
	return rows
}

func (w Window) column(name string) (stats.Input, bool) {
	for _, column := range w.Current {
		if column.Name == name {
			return column, true
		}
	}
	return stats.Input{}, false
}

// sortByEffect puts what drifted first, then what came nearest to its threshold.
func sortByEffect(features []mlops.FeatureReport) {
	slices.SortStableFunc(features, func(a, b mlops.FeatureReport) int {
		if a.Drifted != b.Drifted {
			if a.Drifted {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Effect/b.Threshold, a.Effect/a.Threshold), cmp.Compare(a.Name, b.Name))
	})
}

// driftSummary is one sentence that says why, for a window that was judged.
func driftSummary(report mlops.DriftReport) string {
	moved := drifted(report.Features)
	if len(moved) == 0 {
		if len(report.Features) == 0 {
			return "No feature could be compared: the window and the reference share none."
		}
		return fmt.Sprintf("Nothing has changed: %s of %d rows look as in the reference.", plural(len(report.Features), "feature"), report.Rows)
	}
	names := make([]string, 0, len(moved))
	for _, feature := range moved[:min(3, len(moved))] {
		names = append(names, feature.Name)
	}
	if len(moved) > 3 {
		names = append(names, fmt.Sprintf("%d more", len(moved)-3))
	}
	verb := "have"
	if len(moved) == 1 {
		verb = "has"
	}
	sentence := fmt.Sprintf("%s %s changed", list(names), verb)
	if report.Verdict == mlops.VerdictSeasonal {
		sentence = fmt.Sprintf("%s %s changed as in the same season of the last cycle", list(names), verb)
	}
	if first := moved[0]; first.Message != "" {
		sentence += fmt.Sprintf(" (%s: %s)", first.Name, firstClause(first.Message))
	}
	if report.Season == SeasonUnknown {
		sentence += "; whether a season explains it is not known before one whole cycle"
	}
	return sentence + "."
}
