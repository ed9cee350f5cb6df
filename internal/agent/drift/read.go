package drift

import (
	"context"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// traffic is one window as it was read, with what it is judged against.
type traffic struct {
	start, end time.Time
	columns    record.Columns
	broken     record.Broken // lines that could not be read
	last       time.Time     // newest event time of its rows
	deployment mlops.Deployment
	dataset    mlops.Dataset
	version    int64
	manifest   mlops.DatasetManifest
	reference  stats.Profile
	against    string        // the reference in words
	rows       []stats.Input // of the reference, and their days, for looking at features together
	days       []int64
	season     *stats.Profile
	answers    *stats.ColumnProfile // what the version answered when it was registered

	performance *mlops.Performance
	counted     *Counted // where the window is known by counts alone, and from what
	basis       *mlops.ProfileBasis
}

// window reads the records of a window, the version that served them, and the frozen profile of what that version learned
// from. A window never spans a promotion: of several versions only the rows of the latest are judged.
// byRows reads rows also where profiles would do.
func (l *Looker) window(ctx context.Context, end time.Time, byRows bool) (traffic, error) {
	state, read, err := l.declared(ctx, end.Add(-l.Monitor.Window.Std()), end)
	if err != nil {
		return read, err
	}
	counted := false
	if !byRows {
		if counted, err = l.profiled(ctx, state, &read); err != nil {
			return read, err
		}
	}
	if !counted {
		if read.columns, read.version, read.last, read.broken, err = l.rows(ctx, read, read.start, end); err != nil {
			return read, err
		}
	}
	if read.version == 0 { // nothing was served in this window: what would be its reference now
		read.version = state.Wanted(read.deployment)
	}
	of, err := l.served(ctx, state, read, read.version)
	if err != nil {
		return read, err
	}
	read.manifest, read.reference, read.answers = of.manifest, of.profile, of.answers
	if read.performance, err = l.performance(ctx, read, of.version); err != nil {
		return read, err
	}
	err = l.compareWith(ctx, &read)
	return read, err
}

// declared is a span with the deployment and the dataset that are declared, and the model.
func (l *Looker) declared(ctx context.Context, from, to time.Time) (mlops.State, traffic, error) {
	read := traffic{start: from, end: to}
	if _, err := l.Project.Spec(ctx, mlops.KindDeployment, l.Monitor.Deployment, &read.deployment); err != nil {
		return mlops.State{}, read, err
	}
	state, err := l.Project.Model(ctx, read.deployment.Model)
	if err != nil {
		return state, read, err
	}
	// The dataset of any version of the model is the dataset of its training.
	return state, read, l.dataset(ctx, state, &read)
}

func (l *Looker) dataset(ctx context.Context, state mlops.State, read *traffic) error {
	var model mlops.Model
	if _, err := l.Project.Spec(ctx, mlops.KindModel, state.Model, &model); err != nil {
		return err
	}
	var training mlops.Training
	if _, err := l.Project.Spec(ctx, mlops.KindTraining, model.Training, &training); err != nil {
		return err
	}
	_, err := l.Project.Spec(ctx, mlops.KindDataset, training.Dataset, &read.dataset)
	return err
}

// rows reads the columns of the version that served last in a span, its number, and the newest event time. What the
// deployment served of another model, in an earlier life of its name, is left out: its versions have the same numbers. What
// cannot be read is counted.
func (l *Looker) rows(ctx context.Context, read traffic, from, to time.Time) (record.Columns, int64, time.Time, record.Broken, error) {
	of := read.dataset
	builders := map[int64]*record.Builder{}
	newest := map[int64]time.Time{}
	labels, err := l.labels(ctx, of)
	if err != nil {
		return record.Columns{}, 0, time.Time{}, record.Broken{}, err
	}
	var rowless record.Broken // records whose rows are none
	broken, err := record.Scan(ctx, l.Project.Store, l.Monitor.Deployment, from, to, func(r record.Record) error {
		if r.Model != "" && r.Model != read.deployment.Model {
			return nil
		}
		builder := builders[r.ModelVersion]
		if builder == nil {
			builder = record.NewBuilder(of)
			builders[r.ModelVersion] = builder
		}
		first := builder.Rows()
		if err := builder.Add(r); err != nil {
			rowless.Note("of instance "+r.Instance, err)
			return nil
		}
		if r.EventTime.After(newest[r.ModelVersion]) {
			newest[r.ModelVersion] = r.EventTime
		}
		labels.note(r, first)
		return nil
	})
	if broken.Add(rowless); err != nil {
		return record.Columns{}, 0, time.Time{}, broken, err
	}
	var version int64
	for candidate, at := range newest {
		if at.After(newest[version]) || at.Equal(newest[version]) && candidate > version {
			version = candidate
		}
	}
	if builders[version] == nil {
		return record.NewBuilder(of).Columns(), 0, time.Time{}, broken, nil
	}
	if err := labels.fill(ctx, l, builders[version], version); err != nil {
		return record.Columns{}, 0, time.Time{}, broken, err
	}
	return builders[version].Columns(), version, newest[version], broken, nil
}

// judge adds to the verdict whose window it is and when. With doubts, it must be judged by its rows.
func (t traffic) judge(monitor mlops.DriftMonitor, now time.Time) (report mlops.DriftReport, doubts []string) {
	window := Window{
		Dataset: t.dataset, Monitor: monitor, Reference: t.reference, Current: t.columns.Inputs, TypeErrors: t.columns.TypeErrors, Times: t.columns.Times,
		ReferenceRows: t.rows, ReferenceDays: t.days,
		Season: t.season, Predictions: t.columns.Predictions, PredictionReference: t.answers,
		Performance: t.performance, Counted: t.counted, Broken: t.broken,
	}
	if t.counted != nil {
		report, doubts = JudgeCounts(window)
	} else {
		report = Judge(window)
	}
	report.Profiles = t.basis
	report.Monitor, report.Deployment, report.Model, report.ModelVersion = monitor.Name, t.deployment.Name, t.deployment.Model, t.version
	report.Reference = t.against
	report.WindowStart, report.WindowEnd, report.Watermark, report.Time = t.start, t.end, t.last, now
	report.Requests, report.Failed = t.columns.Requests, t.columns.Failed
	return report, doubts
}
