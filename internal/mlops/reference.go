package mlops

import (
	"fmt"
	"slices"
	"time"
)

// What a window is compared with.
const (
	// ReferenceTraining is the training split of the version that served.
	ReferenceTraining = "training"
	// ReferenceWindow is the traffic between two fixed times.
	ReferenceWindow = "window"
	// ReferenceRolling is the traffic right before the window.
	ReferenceRolling = "rolling"
	// ReferenceSeason is the traffic of the same window of the last cycle.
	ReferenceSeason = "season"
)

// References lists every kind of reference once.
var References = []string{ReferenceTraining, ReferenceWindow, ReferenceRolling, ReferenceSeason}

// Span is the time from From up to, but not with, To.
type Span struct{ From, To time.Time }

// calendarYear is the cycle that follows the calendar, so that a leap day does not move the season.
const calendarYear = Duration(365 * 24 * time.Hour)

// LastSeason is the same window one cycle earlier.
func (m DriftMonitor) LastSeason(window Span) Span {
	if m.Season == calendarYear {
		return Span{window.From.AddDate(-1, 0, 0), window.To.AddDate(-1, 0, 0)}
	}
	return Span{window.From.Add(-m.Season.Std()), window.To.Add(-m.Season.Std())}
}

// ReferenceSpan is the span of traffic that a window is compared with; false where it is compared with training data.
func (m DriftMonitor) ReferenceSpan(window Span) (Span, bool) {
	switch m.Reference {
	case ReferenceWindow:
		return Span{m.ReferenceFrom, m.ReferenceTo}, true
	case ReferenceRolling:
		return Span{window.From.Add(-m.ReferenceLength.Std()), window.From}, true
	case ReferenceSeason:
		return m.LastSeason(window), true
	default:
		return Span{}, false
	}
}

// referenceProblems checks that a reference has what it needs, and nothing that belongs to another.
func (m DriftMonitor) referenceProblems() []Problem {
	if !slices.Contains(References, m.Reference) {
		return []Problem{problem(fmt.Sprintf("reference %q: use one of %v", m.Reference, References), "reference")}
	}
	var problems []Problem
	switch rolling := m.Reference == ReferenceRolling; {
	case rolling && m.ReferenceLength <= 0:
		problems = append(problems, problem("a rolling reference has a length above zero, for example 30d", "reference_length"))
	case !rolling && m.ReferenceLength != 0:
		problems = append(problems, problem(`reference_length belongs to reference = "rolling"`, "reference_length"))
	}
	fixed := m.Reference == ReferenceWindow
	switch {
	case fixed && m.ReferenceFrom.IsZero():
		problems = append(problems, problem("a fixed window has a beginning, for example 2026-01-01T00:00:00Z", "reference_from"))
	case fixed && !m.ReferenceTo.After(m.ReferenceFrom):
		problems = append(problems, problem("a fixed window ends after it begins", "reference_to"))
	case !fixed && !m.ReferenceFrom.IsZero():
		problems = append(problems, problem(`reference_from belongs to reference = "window"`, "reference_from"))
	case !fixed && !m.ReferenceTo.IsZero():
		problems = append(problems, problem(`reference_to belongs to reference = "window"`, "reference_to"))
	}
	if m.Reference == ReferenceSeason && m.Season <= 0 {
		problems = append(problems, problem(`reference = "season" needs the length of the cycle, for example 7d`, "season"))
	}
	if m.Season > 0 && m.Season < m.Window {
		problems = append(problems, problem("a cycle is at least as long as the window", "season"))
	}
	return problems
}
