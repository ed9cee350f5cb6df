package mlops

import "time"

// Streak counts windows in a row that say the same and are witnesses of their own: those that share less than half of
// their time with the one counted before. A sliding window that looks every five minutes is not twelve witnesses an hour.
type Streak struct {
	Count int64     `json:"count"`
	Start time.Time `json:"start,omitzero"` // of the last window counted
	End   time.Time `json:"end,omitzero"`
}

// after is the streak once a later window was judged. A window that says nothing leaves it as it is.
func (s Streak) after(event MonitorEvent, kind func(Verdict) bool) Streak {
	switch {
	case event.Verdict == VerdictInsufficient:
		return s
	case !kind(event.Verdict):
		return Streak{}
	case s.Count == 0 || s.overlap(event.WindowStart) < 0.5:
		return Streak{Count: s.Count + 1, Start: event.WindowStart, End: event.WindowEnd}
	default:
		return s
	}
}

// overlap is the share of the last window's time that a window from start on covers too.
func (s Streak) overlap(start time.Time) float64 {
	length := s.End.Sub(s.Start)
	if length <= 0 {
		return 1
	}
	if start.Before(s.Start) {
		start = s.Start
	}
	return max(0, float64(s.End.Sub(start))/float64(length))
}

func (v Verdict) calm() bool  { return v == VerdictStable || v == VerdictSeasonal }
func (v Verdict) clean() bool { return v != VerdictDataQuality }
func (v Verdict) worse() bool { return v == VerdictPerformance }
func (v Verdict) fit() bool   { return !v.worse() }

// looked counts a window's data. One before the latest is history, judged again for people.
func (s MonitorState) looked(event MonitorEvent) MonitorState {
	if event.WindowEnd.Before(s.LastEnd) {
		return s
	}
	if event.WindowEnd.After(s.LastEnd) {
		s.LastEnd = event.WindowEnd
		s.Before.Drifting, s.Before.Calm, s.Before.Clean = s.Drifting, s.Calm, s.Clean
	}
	s.Drifting = s.Before.Drifting.after(event, Verdict.Drifted)
	s.Calm = s.Before.Calm.after(event, Verdict.calm)
	s.Clean = s.Before.Clean.after(event, Verdict.clean)
	return s
}

// performed counts a window whose labels say how the version did. One whose data cannot be true says nothing about that.
func (s MonitorState) performed(event MonitorEvent) MonitorState {
	says := event.LabelledRows > 0 && event.Verdict != VerdictDataQuality && event.Verdict != VerdictInsufficient
	if !says || event.WindowEnd.Before(s.LabelledEnd) {
		return s
	}
	if event.WindowEnd.After(s.LabelledEnd) {
		s.LabelledEnd = event.WindowEnd
		s.Before.Worse, s.Before.Fit = s.Worse, s.Fit
	}
	s.Worse, s.Fit = s.Before.Worse.after(event, Verdict.worse), s.Before.Fit.after(event, Verdict.fit)
	return s
}

// NextEpisodeEvent is the event that a monitor's windows call for and its log does not hold yet, closings before openings.
// The caller appends it, folds, and asks again. It is a function of the state alone: a look that was killed after its window
// was judged is finished by the next one.
//
// An episode of drift opens when open_after witnesses agree, and closes after close_after calm ones. An episode of data
// quality opens with its first window, because what cannot be true needs no second opinion, and closes after close_after
// windows without a fault. An episode of performance has witnesses of its own, the windows whose labels have come: it opens
// when open_after of them agree that the version does worse, closes after close_after that do not, and stands beside one of
// drift.
func NextEpisodeEvent(state MonitorState, monitor DriftMonitor) (MonitorEvent, bool) {
	if len(state.Windows) == 0 {
		return MonitorEvent{}, false
	}
	latest, labelled := state.latest(), state.labelled()
	drift, quality, performance := false, false, false // whether one is open
	for _, episode := range state.Open() {
		ends, by := state.Calm, latest
		switch episode.Verdict {
		case VerdictDataQuality:
			quality, ends = true, state.Clean
		case VerdictPerformance:
			performance, ends, by = true, state.Fit, labelled
		default:
			drift = true
		}
		if ends.Count >= monitor.CloseAfter {
			return MonitorEvent{
				Type: EpisodeClosed, EpisodeID: episode.ID, Verdict: episode.Verdict, WindowEnd: by.End, Report: by.Report, Reason: by.Summary,
			}, true
		}
	}
	drifted := latest.Verdict.Drifted() && !latest.Verdict.worse()
	if latest.Verdict == VerdictDataQuality && !quality || drifted && !drift && state.Drifting.Count >= monitor.OpenAfter {
		if event, opens := state.opening(latest); opens {
			return event, true
		}
	}
	if labelled.Verdict.worse() && !performance && state.Worse.Count >= monitor.OpenAfter {
		return state.opening(labelled)
	}
	return MonitorEvent{}, false
}

// opening is the event by which a window opens an episode, once.
func (s MonitorState) opening(window JudgedWindow) (MonitorEvent, bool) {
	id := EpisodeID(s.Monitor, window)
	return MonitorEvent{
		Type: EpisodeOpened, EpisodeID: id, Verdict: window.Verdict, WindowEnd: window.End, ModelVersion: window.ModelVersion,
		Report: window.Report, Summary: window.Summary,
	}, !s.knows(id)
}

// labelled is the newest judgement of the latest window whose labels say how the version did.
func (s MonitorState) labelled() JudgedWindow {
	var found JudgedWindow
	for _, window := range s.Windows {
		if window.LabelledRows > 0 && window.End.Equal(s.LabelledEnd) {
			found = window
		}
	}
	return found
}

// EpisodeID is a function of the window that opens an episode.
func EpisodeID(monitor string, window JudgedWindow) string {
	return monitor + "-" + window.End.UTC().Format(TimeKey) + "-" + string(window.Verdict)
}

// TimeKey is how times stand in keys.
const TimeKey = "20060102T150405Z"

// latest is the newest judgement of the window with the latest end.
func (s MonitorState) latest() JudgedWindow {
	var latest JudgedWindow
	for _, window := range s.Windows {
		if !window.End.Before(latest.End) {
			latest = window
		}
	}
	return latest
}

// knows says whether an episode was opened before: one that has closed since must not open again by itself.
func (s MonitorState) knows(id string) bool {
	for _, episode := range s.Episodes {
		if episode.ID == id {
			return true
		}
	}
	return false
}
