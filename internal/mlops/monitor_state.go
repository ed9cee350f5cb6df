package mlops

import (
	"fmt"
	"slices"
	"time"
)

// JudgedWindow is one window in a monitor's memory.
type JudgedWindow struct {
	Start        time.Time `json:"start"`
	End          time.Time `json:"end"`
	Verdict      Verdict   `json:"verdict"`
	Rows         int64     `json:"rows"`
	ModelVersion int64     `json:"model_version"`
	Report       string    `json:"report"`
	Summary      string    `json:"summary"`
	Judged       time.Time `json:"judged"`
	LabelledRows int64     `json:"labelled_rows,omitempty"`
}

// MonitorState is a monitor's log, folded.
type MonitorState struct {
	Monitor  string         `json:"monitor"`
	Sequence int64          `json:"sequence"`
	SHA256   string         `json:"sha256"`
	Time     time.Time      `json:"time"`
	Windows  []JudgedWindow `json:"windows"`  // the last WindowsKept, in the order in which they were judged
	Episodes []Episode      `json:"episodes"` // open ones, and the last EpisodesKept that are over
	// Streaks count the witnesses since the last window that said otherwise.
	Drifting Streak    `json:"drifting"`          // windows that drifted
	Calm     Streak    `json:"calm"`              // windows that were stable or seasonal
	Clean    Streak    `json:"clean"`             // windows without a data-quality fault
	LastEnd  time.Time `json:"last_end,omitzero"` // the latest window end judged
	// Worse and Fit count, in the same way, windows by whose labels the version did worse than on its holdout, and did not.
	// LabelledEnd is the latest end of such a window: labels come late, so this goes behind LastEnd.
	Worse       Streak    `json:"worse,omitzero"`
	Fit         Streak    `json:"fit,omitzero"`
	LabelledEnd time.Time `json:"labelled_end,omitzero"`
	// Before are the streaks as they were before the windows that end at LastEnd and LabelledEnd: a window that is judged
	// again counts by its last judgement alone.
	Before Streaks `json:"before,omitzero"`
	// Incarnation is the life of the monitor's name that all of this is about.
	Incarnation string `json:"incarnation,omitempty"`
	Parked      string `json:"parked,omitempty"`
}

// Streaks are all streaks of a monitor.
type Streaks struct {
	Drifting Streak `json:"drifting,omitzero"`
	Calm     Streak `json:"calm,omitzero"`
	Clean    Streak `json:"clean,omitzero"`
	Worse    Streak `json:"worse,omitzero"`
	Fit      Streak `json:"fit,omitzero"`
}

// Life is the state in a life of the monitor's name. One that begins remembers nothing of the life before: its windows were
// judged for another declaration, and an episode of it must neither trigger a run nor hold one back.
func (s MonitorState) Life(incarnation string) MonitorState {
	if incarnation == "" || s.Incarnation == "" || incarnation == s.Incarnation {
		return s
	}
	return MonitorState{Monitor: s.Monitor, Sequence: s.Sequence, SHA256: s.SHA256, Time: s.Time, Incarnation: incarnation, Parked: s.Parked}
}

// Bounds of what a monitor remembers.
const (
	WindowsKept  = 64
	EpisodesKept = 20
)

// Open are the episodes that are not closed.
func (s MonitorState) Open() []Episode {
	var open []Episode
	for _, episode := range s.Episodes {
		if episode.Closed.IsZero() {
			open = append(open, episode)
		}
	}
	return open
}

// ApplyMonitor folds one event into a monitor's state; the argument is not changed.
func ApplyMonitor(state MonitorState, event MonitorEvent) (MonitorState, error) {
	next := state.Life(event.Incarnation)
	next.Windows, next.Episodes = slices.Clone(next.Windows), slices.Clone(next.Episodes)
	if event.Incarnation != "" {
		next.Incarnation = event.Incarnation
	}
	if event.Sequence != state.Sequence+1 {
		return state, fmt.Errorf("%w: event %d of monitor %q: number %d comes next", ErrInvalid, event.Sequence, state.Monitor, state.Sequence+1)
	}
	next.Sequence, next.Time = event.Sequence, event.Time
	at := slices.IndexFunc(next.Episodes, func(episode Episode) bool { return episode.ID == event.EpisodeID })
	switch event.Type {
	case WindowJudged:
		next.Windows = keepLast(append(next.Windows, JudgedWindow{
			Start: event.WindowStart, End: event.WindowEnd, Verdict: event.Verdict, Rows: event.Rows, ModelVersion: event.ModelVersion,
			Report: event.Report, Summary: event.Summary, Judged: event.Time, LabelledRows: event.LabelledRows,
		}), WindowsKept)
		next = next.performed(event)
		next = next.looked(event)
	case EpisodeOpened:
		next.Episodes = append(next.Episodes, Episode{
			ID: event.EpisodeID, Monitor: state.Monitor, Verdict: event.Verdict, Opened: event.WindowEnd, Report: event.Report, Summary: event.Summary,
			Sequence: event.Sequence,
		})
		if closed := len(next.Episodes) - len(next.Open()); closed > EpisodesKept {
			oldest := slices.IndexFunc(next.Episodes, func(episode Episode) bool { return !episode.Closed.IsZero() })
			next.Episodes = slices.Delete(next.Episodes, oldest, oldest+1)
		}
	case EpisodeClosed, EpisodeAccepted:
		if at < 0 {
			return state, fmt.Errorf("%w: event %d of monitor %q: no episode %q", ErrInvalid, event.Sequence, state.Monitor, event.EpisodeID)
		}
		if event.Type == EpisodeClosed {
			next.Episodes[at].Closed, next.Episodes[at].ClosedSequence = event.WindowEnd, event.Sequence
		} else {
			next.Episodes[at].Accepted, next.Episodes[at].Reason = true, event.Reason
		}
	default:
		next.Parked = fmt.Sprintf("event %d has the type %q, which this version does not know: use a newer one", event.Sequence, event.Type)
	}
	return next, nil
}
