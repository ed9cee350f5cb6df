package drift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Looker judges the windows of one drift monitor and keeps its log.
type Looker struct {
	Project *project.Project
	Monitor mlops.DriftMonitor
	// Incarnation is the life of the monitor's name that is declared; the log of one before it counts no more.
	Incarnation string
	Logger      hclog.Logger
	// Progress hears, in words for people, what takes time; it may be nil.
	Progress func(text string)

	versions  map[servedKey]served // that were read
	watermark time.Time            // while the schedule is followed
	scheduled bool
	rowBytes  int64 // profiledBytes unless a test says otherwise
}

// NewLooker reads the monitor's spec; mlops.ErrNotFound where there is none.
func NewLooker(ctx context.Context, on *project.Project, monitor string, logger hclog.Logger) (*Looker, error) {
	looker := &Looker{Project: on, Logger: logger.With("monitor", monitor)}
	document, err := on.Spec(ctx, mlops.KindDriftMonitor, monitor, &looker.Monitor)
	if err != nil {
		return nil, err
	}
	looker.Incarnation = document.Incarnation
	return looker, nil
}

// Look judges what the schedule asks for: the latest slot that traffic has passed, and whole windows before it that were
// never seen. It returns the reports it made, none where there is nothing new.
func (l *Looker) Look(ctx context.Context) ([]mlops.DriftReport, error) {
	state, err := l.settle(ctx)
	if err != nil {
		return nil, err
	}
	schedule, err := mlops.ParseSchedule(l.Monitor.Schedule, l.Monitor.TimeZone)
	if err != nil {
		return nil, err
	}
	watermark, found, err := record.Newest(ctx, l.Project.Store, l.Monitor.Deployment, state.LastEnd)
	if err != nil || !found {
		return nil, err
	}
	ends := WindowEnds(schedule, l.Monitor.Window, state.LastEnd, passed(watermark, l.Project.Now(), l.Monitor.Window))
	if len(ends) == 0 {
		return nil, nil
	}
	l.watermark, l.scheduled = watermark, true
	defer func() { l.watermark, l.scheduled = time.Time{}, false }()
	late, err := l.late(ctx, state, ends[len(ends)-1])
	if err != nil {
		return late, err
	}
	reports, err := l.judgeAll(ctx, ends)
	return append(late, reports...), err
}

// Backfill judges one window after another from one time to another, whether or not they were judged before.
func (l *Looker) Backfill(ctx context.Context, from, to time.Time) ([]mlops.DriftReport, error) {
	if !from.Before(to) {
		return nil, fmt.Errorf("%w: the span from %s to %s is empty", mlops.ErrInvalid, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	var ends []time.Time
	for end := from.Add(l.Monitor.Window.Std()); !end.After(to); end = end.Add(l.Monitor.Window.Std()) {
		ends = append(ends, end)
	}
	if len(ends) == 0 {
		return nil, fmt.Errorf("%w: no whole window of %s lies between %s and %s", mlops.ErrInvalid, l.Monitor.Window, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return l.judgeAll(ctx, ends)
}

func (l *Looker) judgeAll(ctx context.Context, ends []time.Time) ([]mlops.DriftReport, error) {
	var reports []mlops.DriftReport
	for _, end := range ends {
		report, err := l.Judge(ctx, end)
		if err != nil {
			return reports, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// Judge judges the window that ends at a time, writes its report, notes it in the monitor's log, and opens or closes the
// episodes that follow. A window whose rows are the same as when it was judged before keeps the report it has.
func (l *Looker) Judge(ctx context.Context, end time.Time) (mlops.DriftReport, error) {
	end = end.UTC().Truncate(time.Second)
	l.progress("reading the window that ends at " + end.Format(time.RFC3339))
	state, err := l.settle(ctx)
	if err != nil {
		return mlops.DriftReport{}, err
	}
	report, err := l.report(ctx, end)
	if err != nil {
		return mlops.DriftReport{}, fmt.Errorf("drift monitor %q: %w", l.Monitor.Name, err)
	}
	key, report, err := l.store(ctx, report)
	if err != nil {
		return mlops.DriftReport{}, fmt.Errorf("drift monitor %q: report: %w", l.Monitor.Name, err)
	}
	if err := l.note(ctx, state, report, key); err != nil {
		return mlops.DriftReport{}, err
	}
	if state, err = l.settle(ctx); err != nil {
		return mlops.DriftReport{}, err
	}
	l.writePage(ctx, state, key, report)
	l.measured(ctx, state, report)
	l.Logger.Info("judged", "window_end", end, "verdict", report.Verdict, "rows", report.Rows, "report", key)
	return report, nil
}

// report judges a window by the profiles of its hours where that leaves no doubt, else by its rows.
func (l *Looker) report(ctx context.Context, end time.Time) (mlops.DriftReport, error) {
	window, err := l.window(ctx, end, false)
	if err != nil {
		return mlops.DriftReport{}, err
	}
	report, doubts := window.judge(l.Monitor, l.Project.Now())
	if len(doubts) == 0 {
		return report, nil
	}
	l.doubted(end, doubts)
	if window, err = l.window(ctx, end, true); err != nil {
		return mlops.DriftReport{}, err
	}
	report, _ = window.judge(l.Monitor, l.Project.Now())
	return report, nil
}

// note writes the judged event. Another looker may have written something in between: then it looks again, and leaves a
// window alone that the other has noted with the same report.
func (l *Looker) note(ctx context.Context, state mlops.MonitorState, report mlops.DriftReport, key string) error {
	for {
		for _, judged := range state.Windows {
			if judged.Report == key {
				return nil
			}
		}
		_, err := l.Project.AppendMonitor(ctx, state, mlops.MonitorEvent{
			Type: mlops.WindowJudged, Actor: actor, WindowStart: report.WindowStart, WindowEnd: report.WindowEnd, Verdict: report.Verdict,
			Rows: report.Rows, ModelVersion: report.ModelVersion, Report: key, Summary: report.Summary,
			LabelledRows: judgedLabels(report), Incarnation: l.Incarnation,
		})
		if !errors.Is(err, mlops.ErrConflict) {
			return err
		}
		if state, err = l.Project.FollowMonitor(ctx, state); err != nil {
			return err
		}
	}
}

// actor is how the monitor signs its events.
var actor = mlops.Actor{Name: "mlops drift"}

// settle brings the log to where the windows that it knows lead: whatever an earlier look left undone.
func (l *Looker) settle(ctx context.Context) (mlops.MonitorState, error) {
	state, err := l.Project.Monitor(ctx, l.Monitor.Name)
	if err != nil {
		return state, err
	}
	if state.Parked != "" {
		return state, fmt.Errorf("drift monitor %q: %w: %s", l.Monitor.Name, mlops.ErrInvalid, state.Parked)
	}
	state = state.Life(l.Incarnation)
	for {
		event, due := mlops.NextEpisodeEvent(state, l.Monitor)
		if !due {
			return state, l.snapshot(ctx, state)
		}
		event.Actor, event.Incarnation = actor, l.Incarnation
		next, err := l.Project.AppendMonitor(ctx, state, event)
		switch {
		case errors.Is(err, mlops.ErrConflict):
			next, err = l.Project.FollowMonitor(ctx, state)
		case err == nil:
			l.Logger.Info(string(event.Type), "episode", event.EpisodeID, "verdict", event.Verdict)
		}
		if err != nil {
			return state, err
		}
		state = next
	}
}

// snapshotEvery is how many events may lie behind the newest snapshot.
const snapshotEvery = 16

func (l *Looker) snapshot(ctx context.Context, state mlops.MonitorState) error {
	if state.Sequence == 0 || state.Sequence%snapshotEvery != 0 {
		return nil
	}
	return l.Project.KeepMonitor(ctx, state)
}

// store writes the report under the name of its window; a second judgement of the same window, over other rows, gets a
// number behind it. It returns the report that stands there.
func (l *Looker) store(ctx context.Context, report mlops.DriftReport) (string, mlops.DriftReport, error) {
	report.Writer = l.Project.NewWriter()
	base := fmt.Sprintf("reports/%s/%s/%s", l.Monitor.Name, report.WindowEnd.Format("2006/01/02"), report.WindowEnd.Format(mlops.TimeKey))
	for number := 1; ; number++ {
		name := base
		if number > 1 {
			name = fmt.Sprintf("%s-%d", base, number)
		}
		stored, err := l.create(ctx, name, report)
		if err != nil {
			return "", mlops.DriftReport{}, err
		}
		if stored.Writer == report.Writer || same(stored, report) {
			return name + ".json", stored, nil
		}
	}
}

// create writes a report and returns what stands under the name.
func (l *Looker) create(ctx context.Context, name string, report mlops.DriftReport) (mlops.DriftReport, error) {
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return mlops.DriftReport{}, err
	}
	err = eventlog.CreateOnce(ctx, l.Project.Store, name+".json", data, report.Writer)
	if err != nil && !errors.Is(err, mlops.ErrConflict) {
		return mlops.DriftReport{}, err
	}
	if data, err = l.Project.Store.Read(ctx, name+".json"); err != nil {
		return mlops.DriftReport{}, err
	}
	var stored mlops.DriftReport
	if err := json.Unmarshal(data, &stored); err != nil {
		return mlops.DriftReport{}, fmt.Errorf("%s.json: %w", name, err)
	}
	return stored, nil
}

// same says whether two judgements are of the same rows with the same outcome.
func same(a, b mlops.DriftReport) bool {
	return a.Rows == b.Rows && a.ModelVersion == b.ModelVersion && a.Verdict == b.Verdict && a.Requests == b.Requests && a.Summary == b.Summary &&
		judgedLabels(a) == judgedLabels(b)
}

func (l *Looker) progress(text string) {
	if l.Progress != nil {
		l.Progress(text)
	}
}
