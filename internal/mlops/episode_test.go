package mlops_test

import (
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

var daily = mlops.DriftMonitor{Name: "delay", Window: mlops.Duration(24 * time.Hour), OpenAfter: 2, CloseAfter: 2}

// looks folds a verdict a step into a monitor's state, with the episodes that follow from each.
func looks(t *testing.T, monitor mlops.DriftMonitor, step time.Duration, verdicts ...mlops.Verdict) mlops.MonitorState {
	t.Helper()
	state := mlops.MonitorState{Monitor: monitor.Name}
	for n, verdict := range verdicts {
		end := monday.Add(time.Duration(n+1) * step)
		state = foldMonitor(t, state, mlops.MonitorEvent{
			Type: mlops.WindowJudged, WindowStart: end.Add(-monitor.Window.Std()), WindowEnd: end, Verdict: verdict,
		})
		for event, due := mlops.NextEpisodeEvent(state, monitor); due; event, due = mlops.NextEpisodeEvent(state, monitor) {
			state = foldMonitor(t, state, event)
		}
	}
	return state
}

func foldMonitor(t *testing.T, state mlops.MonitorState, event mlops.MonitorEvent) mlops.MonitorState {
	t.Helper()
	event.Sequence = state.Sequence + 1
	next, err := mlops.ApplyMonitor(state, event)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestEpisodes(t *testing.T) {
	const (
		stable, covariate = mlops.VerdictStable, mlops.VerdictCovariate
		faulty, few       = mlops.VerdictDataQuality, mlops.VerdictInsufficient
	)
	for _, story := range []struct {
		name     string
		step     time.Duration
		verdicts []mlops.Verdict
		episodes int
		open     int
	}{
		{"one window that drifts is no episode", 24 * time.Hour, []mlops.Verdict{stable, covariate, stable}, 0, 0},
		{"two days that agree are one", 24 * time.Hour, []mlops.Verdict{stable, covariate, covariate}, 1, 1},
		{"a drift that lasts is one", 24 * time.Hour, []mlops.Verdict{covariate, covariate, covariate, covariate, covariate}, 1, 1},
		{"windows that overlap are one witness", 5 * time.Minute, []mlops.Verdict{covariate, covariate, covariate, covariate}, 0, 0},
		{"two stable days close it", 24 * time.Hour, []mlops.Verdict{covariate, covariate, stable, stable}, 1, 0},
		{"one stable day does not", 24 * time.Hour, []mlops.Verdict{covariate, covariate, stable}, 1, 1},
		{"a window without rows says nothing", 24 * time.Hour, []mlops.Verdict{covariate, few, covariate}, 1, 1},
		{"a fault needs no second opinion", 24 * time.Hour, []mlops.Verdict{stable, faulty}, 1, 1},
		{"a fault ends where two days are free of it", 24 * time.Hour, []mlops.Verdict{faulty, covariate, covariate}, 2, 1},
		{"a fault between drifts interrupts them", 24 * time.Hour, []mlops.Verdict{covariate, faulty, covariate}, 1, 1},
		{"it may come again", 24 * time.Hour, []mlops.Verdict{covariate, covariate, stable, stable, covariate, covariate}, 2, 1},
	} {
		t.Run(story.name, func(t *testing.T) {
			state := looks(t, daily, story.step, story.verdicts...)
			if len(state.Episodes) != story.episodes || len(state.Open()) != story.open {
				t.Errorf("%d episodes, %d open; want %d, %d open: %+v", len(state.Episodes), len(state.Open()), story.episodes, story.open, state.Episodes)
			}
		})
	}
}

// A day of looks every five minutes, all of them drifted, is one episode once the second day has begun to agree.
func TestSlidingWindowsOpenOneEpisode(t *testing.T) {
	verdicts := make([]mlops.Verdict, 300)
	for i := range verdicts {
		verdicts[i] = mlops.VerdictCovariate
	}
	state := looks(t, daily, 5*time.Minute, verdicts...)
	if len(state.Episodes) != 1 {
		t.Errorf("%d episodes, want 1", len(state.Episodes))
	}
}
