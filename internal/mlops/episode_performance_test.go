package mlops_test

import (
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// judgedDay is a window of one day, counted from monday.
type judgedDay struct {
	day      int
	verdict  mlops.Verdict
	labelled int64
}

func daysFold(t *testing.T, days []judgedDay) mlops.MonitorState {
	t.Helper()
	state := mlops.MonitorState{Monitor: daily.Name}
	for _, judged := range days {
		end := monday.AddDate(0, 0, judged.day)
		state = foldMonitor(t, state, mlops.MonitorEvent{
			Type: mlops.WindowJudged, WindowStart: end.Add(-24 * time.Hour), WindowEnd: end, Verdict: judged.verdict, LabelledRows: judged.labelled,
		})
		for event, due := mlops.NextEpisodeEvent(state, daily); due; event, due = mlops.NextEpisodeEvent(state, daily) {
			state = foldMonitor(t, state, event)
		}
	}
	return state
}

// Labels come late: performance has windows, and episodes, of its own.
func TestPerformanceEpisodes(t *testing.T) {
	const (
		stable, covariate  = mlops.VerdictStable, mlops.VerdictCovariate
		performance, fault = mlops.VerdictPerformance, mlops.VerdictDataQuality
	)
	for _, story := range []struct {
		name     string
		days     []judgedDay
		episodes int
		open     int
	}{
		{"one worse day is no episode", []judgedDay{{1, performance, 500}}, 0, 0},
		{"two worse days are one", []judgedDay{{1, performance, 500}, {2, performance, 500}}, 1, 1},
		{"a day judged again is one witness", []judgedDay{{1, performance, 500}, {1, performance, 900}}, 0, 0},
		{"labels that come after calm days open one", []judgedDay{{1, stable, 0}, {2, stable, 0}, {3, stable, 0}, {1, performance, 500}, {2, performance, 500}}, 1, 1},
		{"calm days without labels do not close it", []judgedDay{{1, performance, 500}, {2, performance, 500}, {3, stable, 0}, {4, stable, 0}}, 1, 1},
		{"two days on which it does well do", []judgedDay{{1, performance, 500}, {2, performance, 500}, {3, stable, 500}, {4, covariate, 500}}, 1, 0},
		{"it stands beside one of drift", []judgedDay{{1, covariate, 0}, {2, covariate, 0}, {1, performance, 500}, {2, performance, 500}}, 2, 2},
		{"it keeps no drift from opening one", []judgedDay{{1, performance, 500}, {2, performance, 500}, {3, covariate, 0}, {4, covariate, 0}}, 2, 2},
		{"a faulty day says nothing of performance", []judgedDay{{1, performance, 500}, {2, fault, 500}, {3, performance, 500}}, 2, 2},
	} {
		state := daysFold(t, story.days)
		if len(state.Episodes) != story.episodes || len(state.Open()) != story.open {
			t.Errorf("%s: %d episodes, %d open, want %d, %d: %+v", story.name, len(state.Episodes), len(state.Open()), story.episodes, story.open, state.Episodes)
		}
	}
}
