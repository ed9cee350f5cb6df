package mlops_test

import (
	"slices"
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

// A window that is judged again, because records or labels came late, counts by its last judgement alone.
func TestWindowJudgedAgainCountsOnce(t *testing.T) {
	const stable, covariate, faulty = mlops.VerdictStable, mlops.VerdictCovariate, mlops.VerdictDataQuality
	for _, story := range []struct {
		name        string
		first, then mlops.Verdict // of the last of three days, the first of which was stable and the second covariate
		open        []mlops.Verdict
	}{
		{"a drift that late records take back", covariate, stable, []mlops.Verdict{covariate}}, // it was open already
		{"a drift that late records show", stable, covariate, []mlops.Verdict{covariate}},
		{"a fault that late records show stays open", stable, faulty, []mlops.Verdict{faulty}},
		{"the same again", stable, stable, nil},
	} {
		t.Run(story.name, func(t *testing.T) {
			state := looks(t, daily, 24*time.Hour, stable, covariate, story.first)
			end := state.LastEnd
			for range 3 {
				state = foldMonitor(t, state, mlops.MonitorEvent{Type: mlops.WindowJudged, WindowStart: end.Add(-24 * time.Hour), WindowEnd: end, Verdict: story.then})
				for event, due := mlops.NextEpisodeEvent(state, daily); due; event, due = mlops.NextEpisodeEvent(state, daily) {
					state = foldMonitor(t, state, event)
				}
			}
			var open []mlops.Verdict
			for _, episode := range state.Open() {
				open = append(open, episode.Verdict)
			}
			if !slices.Equal(open, story.open) || state.Drifting.Count > 2 {
				t.Errorf("open %v after %d witnesses of drift, want %v: %+v", open, state.Drifting.Count, story.open, state.Episodes)
			}
		})
	}
}

// A monitor that is declared anew under its old name begins anew: an episode of its earlier life neither stays open nor counts.
func TestMonitorOfANewLife(t *testing.T) {
	judged := func(state mlops.MonitorState, life string, day int, verdict mlops.Verdict) mlops.MonitorState {
		end := monday.AddDate(0, 0, day)
		return foldMonitor(t, state, mlops.MonitorEvent{
			Type: mlops.WindowJudged, Incarnation: life, WindowStart: end.AddDate(0, 0, -1), WindowEnd: end, Verdict: verdict,
		})
	}
	state := judged(judged(mlops.MonitorState{Monitor: "delay"}, "one", 1, mlops.VerdictDataQuality), "one", 2, mlops.VerdictCovariate)
	event, _ := mlops.NextEpisodeEvent(judged(mlops.MonitorState{Monitor: "delay"}, "one", 1, mlops.VerdictDataQuality), daily)
	state = foldMonitor(t, state, event)
	if len(state.Open()) != 1 || len(state.Life("one").Open()) != 1 || len(state.Life("two").Open()) != 0 {
		t.Fatalf("open %v; want one in its life, none in another", state.Open())
	}
	next := judged(state, "two", 1, mlops.VerdictCovariate)
	if len(next.Windows) != 1 || len(next.Episodes) != 0 || next.Drifting.Count != 1 || next.Sequence != state.Sequence+1 {
		t.Errorf("the new life begins with %+v", next)
	}
	if accepted := foldMonitor(t, next, mlops.MonitorEvent{Type: mlops.WindowJudged, WindowEnd: monday.AddDate(0, 0, 3)}); accepted.Incarnation != "two" {
		t.Errorf("an event that names no life is of %q, want the life at hand", accepted.Incarnation)
	}
}
