package drift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/validation"
)

// labelling remembers, while a window is read, which rows are whose, so that labels can be put to them afterwards. It is nil
// where a deployment has no labels at all.
type labelling struct {
	join  *record.Join
	asked []askedRows
}

// askedRows are the rows of one request in the columns of one version.
type askedRows struct {
	record  record.Record // without its rows
	version int64
	first   int64
}

// labels starts to remember, where there is a label to look for.
func (l *Looker) labels(ctx context.Context, of mlops.Dataset) (*labelling, error) {
	if some, err := l.labelled(ctx, of); err != nil || !some {
		return nil, err
	}
	return &labelling{join: record.NewJoin()}, nil
}

// labelled says whether there is a label to look for.
func (l *Looker) labelled(ctx context.Context, of mlops.Dataset) (bool, error) {
	if of.ColumnOf(mlops.RoleLabel) == "" {
		return false, nil
	}
	return l.anyLabel(ctx)
}

func (l *Looker) anyLabel(ctx context.Context) (bool, error) {
	some, err := l.Project.Store.List(ctx, record.LabelPrefix(l.Monitor.Deployment), "", 1)
	return len(some) > 0, err
}

// note is called for each record whose rows were added to a builder, from its row number first on.
func (n *labelling) note(r record.Record, first int64) {
	if n == nil {
		return
	}
	n.join.Want(r)
	if r.Data != nil {
		n.asked = append(n.asked, askedRows{
			record: record.Record{ID: r.ID, CorrelationID: r.CorrelationID}, version: r.ModelVersion, first: first,
		})
	}
}

// fill puts the labels that have come into the columns of a version.
func (n *labelling) fill(ctx context.Context, l *Looker, builder *record.Builder, version int64) error {
	if n == nil {
		return nil
	}
	if err := n.join.Read(ctx, l.Project.Store, l.Monitor.Deployment); err != nil || n.join.Counts.Labels == 0 {
		return err
	}
	labels := make([]json.RawMessage, builder.Rows())
	for _, rows := range n.asked {
		if rows.version == version {
			copy(labels[rows.first:], n.join.Labels(rows.record))
		}
	}
	return builder.SetLabels(labels)
}

// performance compares what a version did on the labelled rows of a window with its holdout; nil where there is no label.
func (l *Looker) performance(ctx context.Context, read traffic, version mlops.ModelVersion) (*mlops.Performance, error) {
	pairs, predicted := labelledPredictions(read.columns, read.dataset.ColumnOf(mlops.RoleLabel))
	if len(pairs) == 0 {
		return nil, nil
	}
	made := &mlops.Performance{Rows: int64(len(pairs)), Predicted: predicted}
	if minimum := (Window{Monitor: l.Monitor}).minimumRows(); made.Rows < minimum {
		made.Reason = fmt.Sprintf("%d rows have a label, at least %d are needed", made.Rows, minimum)
		return made, nil
	}
	l.progress(fmt.Sprintf("judging %d labelled rows", len(pairs)))
	var model mlops.Model
	if _, err := l.Project.Spec(ctx, mlops.KindModel, read.deployment.Model, &model); err != nil {
		return nil, err
	}
	production := validation.Production{
		Seed: l.Monitor.Name + "/" + read.end.UTC().Format(mlops.TimeKey), Validation: model.Validation, Window: pairs,
	}
	output, found, err := l.evaluation(ctx, read.deployment.Model, version)
	if err != nil {
		return nil, err
	}
	if found {
		production.Reported = output.Metrics
		if production.Holdout, err = l.holdoutPredictions(ctx, output); err != nil {
			return nil, fmt.Errorf("predictions of version %d: %w", version.Number, err)
		}
	}
	made.Metrics = validation.Perform(production)
	for _, metric := range made.Metrics {
		made.Worse = made.Worse || metric.Worse
	}
	return made, nil
}

func (l *Looker) holdoutPredictions(ctx context.Context, output mlops.StepOutput) ([]validation.Prediction, error) {
	if output.PredictionsSHA256 == "" {
		return nil, nil
	}
	read, err := l.csv(ctx, output.PredictionsSHA256)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return validation.Predictions(read)
}

// labelledPredictions are the rows that have a numeric prediction and a label that is a number or a boolean; predicted
// counts the first.
func labelledPredictions(columns record.Columns, name string) (pairs []validation.Prediction, predicted int64) {
	scores := columns.Predictions
	if scores == nil || scores.Type != mlops.TypeNumber {
		return nil, 0
	}
	for _, labels := range columns.Inputs {
		if labels.Name != name {
			continue
		}
		for row, score := range scores.Numbers {
			if scores.Null != nil && scores.Null[row] {
				continue
			}
			predicted++
			if label, ok := labelNumber(labels, row); ok {
				pairs = append(pairs, validation.Prediction{Row: int64(row), Label: label, Score: score})
			}
		}
	}
	return pairs, predicted
}

func labelNumber(labels stats.Input, row int) (float64, bool) {
	if labels.Null != nil && labels.Null[row] {
		return 0, false
	}
	switch labels.Type {
	case mlops.TypeNumber:
		return labels.Numbers[row], true
	case mlops.TypeBoolean:
		if labels.Text[row] == "true" {
			return 1, true
		}
		return 0, true
	default: // classes by name: only where they are numbers
		number, err := strconv.ParseFloat(labels.Text[row], 64)
		return number, err == nil
	}
}

// lateWindows are looked at for labels that came after they were judged, counted back from the newest.
const lateWindows = 7

// LateEnds are the ends of whole windows whose labels may have come by now, the oldest first: once a window has passed, those
// that were judged before it, back to the last one whose labels were. labelled is its end, before the latest end that was
// judged, newest the one that is judged next.
func LateEnds(window mlops.Duration, labelled, before, newest time.Time) []time.Time {
	length := window.Std()
	last := newest.Truncate(length)
	if before.IsZero() || !last.After(before.Truncate(length)) {
		return nil
	}
	var ends []time.Time
	for n := lateWindows; n >= 1; n-- {
		if end := last.Add(-time.Duration(n) * length); end.After(labelled) && !end.After(before) {
			ends = append(ends, end)
		}
	}
	return ends
}

// late judges the windows whose labels have come since; those without enough labels leave no trace.
func (l *Looker) late(ctx context.Context, state mlops.MonitorState, newest time.Time) ([]mlops.DriftReport, error) {
	var reports []mlops.DriftReport
	ends := LateEnds(l.Monitor.Window, state.LabelledEnd, state.LastEnd, newest)
	if len(ends) == 0 {
		return nil, nil
	}
	if some, err := l.anyLabel(ctx); err != nil || !some {
		return nil, err
	}
	for _, end := range ends {
		l.progress("looking for late labels of the window that ends at " + end.Format(time.RFC3339))
		window, err := l.window(ctx, end, false)
		if err != nil {
			return reports, fmt.Errorf("drift monitor %q: %w", l.Monitor.Name, err)
		}
		if !window.performance.Judged() {
			continue
		}
		report, err := l.Judge(ctx, end)
		if err != nil {
			return reports, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// judgedLabels is by how many rows performance was judged, zero where it was not.
func judgedLabels(report mlops.DriftReport) int64 {
	if !report.Performance.Judged() {
		return 0
	}
	return report.Performance.Rows
}

// performanceSummary is one sentence that says what is worse.
func performanceSummary(performance mlops.Performance, moved []mlops.FeatureReport) string {
	for _, metric := range performance.Metrics {
		if !metric.Worse {
			continue
		}
		sentence := fmt.Sprintf("The model does worse: on %s with a label, %s", plural(int(performance.Rows), "row"), validation.LossWords(metric))
		if len(moved) > 0 {
			names := make([]string, 0, len(moved))
			for _, feature := range moved[:min(3, len(moved))] {
				names = append(names, feature.Name)
			}
			sentence += "; " + list(names) + " changed as well"
		}
		return sentence + "."
	}
	return ""
}
