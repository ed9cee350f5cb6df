package mlops

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// followers are the events that may come to a run in each state. "" is a run that does not exist yet.
var followers = map[RunState][]EventType{
	"":                  {RunRequested, RunRefused},
	RunRequested:        {RunJoined, RunRefused, RunWaitingForData, RunTraining, RunPromoting, RunFailed, RunCancelled},
	RunRefused:          {RunRequested, RunRefused},
	RunWaitingForData:   {RunJoined, RunTraining, RunExpired, RunCancelled, RunSuperseded},
	RunTraining:         {RunJoined, RunTraining, RunTrained, RunFailed, RunCancelled},
	RunTrained:          {RunJoined, RunEvaluated, RunTraining, RunFailed, RunCancelled},
	RunEvaluated:        {RunJoined, RunRejected, RunRegistered, RunFailed, RunCancelled},
	RunRegistered:       {RunJoined, RunAwaitingApproval, RunApproved, RunFailed, RunCancelled, RunSuperseded},
	RunAwaitingApproval: {RunJoined, RunApproved, RunDeclined, RunSuperseded, RunExpired, RunCancelled},
	RunApproved:         {RunJoined, RunPromoting, RunSuperseded, RunExpired, RunFailed, RunCancelled},
	RunPromoting:        {RunJoined, RunPromoted, RunRolledBack},
	RunFailed:           {RunTraining, RunRequested},
	RunExpired:          {RunRequested},
	RunCancelled:        {RunRequested},
}

// ofRuns are the events that come to runs.
var ofRuns = func() map[EventType]bool {
	types := map[EventType]bool{}
	for _, following := range followers {
		for _, event := range following {
			types[event] = true
		}
	}
	return types
}()

// Follows says whether an event may come to a run in a state.
func Follows(state RunState, event EventType) bool { return slices.Contains(followers[state], event) }

// Apply folds one event into a state and returns the state after it; the argument is not changed. An event that cannot
// have happened is mlops.ErrInvalid: its log is then quarantined. An event of a type that this version does not know parks
// the model, and everything after it is left unread.
func Apply(state State, event Event) (State, error) {
	next := state.Clone()
	if err := next.Fold(event); err != nil {
		return state, err
	}
	return next, nil
}

// Fold is Apply in place, for readers of long logs: a copy for every event would make their cost grow with the square of
// the log's length. An event that is an error changes nothing.
func (s *State) Fold(event Event) error {
	if event.Sequence != s.Sequence+1 {
		return s.cannot(event, "number %d comes next", s.Sequence+1)
	}
	if event.Time.Before(s.Time) {
		return s.cannot(event, "its time lies before the event before it")
	}
	switch {
	case ofRuns[event.Type]:
		if err := s.foldRun(event); err != nil {
			return err
		}
	case event.Type == ModelCreated:
		*s = State{
			Model: s.Model, Created: event.Time, Incarnation: event.Incarnation, Aliases: map[string]AliasState{}, Causes: map[string]string{},
			Versions: s.Versions, // numbers are never used twice
			Requests: s.Requests, // nor is a request answered twice
		}
	case event.Type == ModelDeleted:
		s.Deleted, s.Aliases = true, map[string]AliasState{}
	case event.Type == ModelFrozen:
		s.Frozen = &Freeze{Actor: event.Actor, Time: event.Time, Reason: event.Reason}
	case event.Type == ModelThawed:
		s.Frozen = nil
	case event.Type == RequestRefused, event.Type == RequestAnswered:
	default:
		s.Parked = fmt.Sprintf("event %d has the type %q, which this version does not know: use a newer one", event.Sequence, event.Type)
	}
	s.Sequence, s.Time = event.Sequence, event.Time
	if event.RequestID != "" {
		s.Requests = keepLast(append(s.Requests, event.RequestID), RequestsKept)
	}
	s.trim(event.Cause != nil)
	return nil
}

// cannot says why an event cannot have happened.
func (s *State) cannot(event Event, format string, arguments ...any) error {
	return fmt.Errorf("%w: event %d of model %q: %s", ErrInvalid, event.Sequence, s.Model, fmt.Sprintf(format, arguments...))
}

func (s *State) foldRun(event Event) error {
	at := slices.IndexFunc(s.Runs, func(run Run) bool { return run.ID == event.RunID })
	var run Run
	if at >= 0 {
		run = s.Runs[at]
	}
	if event.RunID == "" || !Follows(run.State, event.Type) {
		return s.cannot(event, "%q cannot come to run %q in state %q", event.Type, event.RunID, run.State)
	}
	if lacks := run.lacks(event); lacks != "" {
		return s.cannot(event, "%q of run %q names no %s", event.Type, event.RunID, lacks)
	}
	versions := int64(len(s.Versions))
	if event.Type == RunRegistered && event.Version != versions+1 {
		return s.cannot(event, "it registers version %d; %d comes next", event.Version, versions+1)
	}
	run = run.after(event)
	if event.Type != RunRegistered && (run.Version > versions || run.Version < 1 && run.promotes()) {
		return s.cannot(event, "%q of version %d, which was never registered", event.Type, run.Version)
	}
	if event.Cause != nil {
		s.Causes[event.Cause.ID()] = run.ID
	}
	switch event.Type {
	case RunTraining:
		if event.Attempt == 1 {
			s.LastStart = event.Time
			s.Started = slices.DeleteFunc(append(s.Started, event.Time), func(start time.Time) bool { return event.Time.Sub(start) > StartedKept })
		}
	case RunRegistered:
		s.Versions = append(s.Versions, run.version(event))
	case RunApproved:
		if version, ok := s.Version(run.Version); ok {
			version.Approval = run.Approval
			s.Versions[run.Version-1] = version
		}
	case RunPromoted:
		s.Aliases[event.Alias] = AliasState{Version: run.Version, Since: event.Time, RunID: run.ID, Sequence: event.Sequence}
	}
	if at >= 0 {
		s.Runs[at] = run
	} else {
		s.Runs = append(s.Runs, run)
	}
	return nil
}

// promotes says whether a run is about a version that there must be: it moves it into production, or goes back to it.
func (r Run) promotes() bool {
	return r.State == RunPromoting || r.State == RunPromoted || r.State == RunRequested && r.Cause().Kind == CauseRollback
}

// lacks names what a run would miss in the state that an event brings it to, "" where it has everything. What decides next
// relies on it.
func (r Run) lacks(event Event) string {
	switch event.Type {
	case RunJoined:
		if event.Cause == nil {
			return "cause"
		}
	case RunRequested, RunRefused:
		if event.Cause == nil && len(r.Causes) == 0 {
			return "cause"
		}
	case RunTraining:
		if event.Inputs == nil {
			return "inputs"
		}
	case RunTrained:
		switch {
		case event.Output == nil:
			return "output"
		case event.Holdout == nil:
			return "holdout"
		}
	case RunEvaluated:
		if event.Judgement == nil {
			return "judgement"
		}
	case RunPromoting, RunPromoted:
		if event.Alias == "" {
			return "alias"
		}
	}
	return ""
}

// after is the run once an event has come to it.
func (r Run) after(event Event) Run {
	if event.Type == RunJoined {
		r.Causes = append(slices.Clone(r.Causes), *event.Cause)
		r.Updated = event.Time
		return r.askedBy(event)
	}
	if event.Type == RunRequested || event.Type == RunRefused && r.ID == "" {
		r = Run{
			ID: event.RunID, Created: event.Time, Actor: event.Actor, Causes: r.Causes, Requesters: r.Requesters,
			PriorAttempts: event.Attempt, Force: event.Force,
		}.askedBy(event)
		if event.Cause != nil && len(r.Causes) == 0 {
			r.Causes = []Cause{*event.Cause}
		}
	}
	r.State, r.Updated, r.Sequence = event.Type, event.Time, event.Sequence
	r.Reason, r.Deadline = event.Reason, event.Deadline
	r.Guard, r.NotBefore = event.Guard, event.NotBefore
	if event.Attempt > 0 {
		r.Attempt = event.Attempt
	}
	if event.Inputs != nil {
		r.Inputs = event.Inputs
	}
	if event.Output != nil {
		r.Output = event.Output
	}
	if event.Holdout != nil {
		r.Holdout = event.Holdout
	}
	if event.Judgement != nil {
		r.Judgement = event.Judgement
	}
	if event.Failure != nil {
		r.Failure = event.Failure
	}
	if event.Version > 0 {
		r.Version = event.Version
	}
	switch event.Type {
	case RunApproved, RunDeclined:
		r.Approval = &Decision{Actor: event.Actor, Time: event.Time, Reason: event.Reason, Digest: event.Digest}
	case RunPromoting:
		r.Alias, r.Previously, r.PromotingSince = event.Alias, event.Previously, event.Time
	}
	return r
}

// askedBy notes the person behind an event that answers a request for a run.
func (r Run) askedBy(event Event) Run {
	if event.RequestID != "" && !slices.Contains(r.Requesters, event.Actor.Key()) {
		r.Requesters = append(slices.Clone(r.Requesters), event.Actor.Key())
	}
	return r
}

func (r Run) version(event Event) ModelVersion {
	version := ModelVersion{Number: event.Version, RunID: r.ID, Attempt: r.Attempt, Time: event.Time, Inputs: *r.Inputs, Output: *r.Output}
	if r.Judgement != nil {
		version.Metrics = map[string]float64{}
		for name, metric := range r.Judgement.Metrics {
			version.Metrics[name] = metric.Candidate
		}
	}
	return version
}

// trim bounds what the state remembers, so that a snapshot stays small whatever the log's length.
func (s *State) trim(causeAdded bool) {
	over := 0
	for _, run := range s.Runs {
		if Terminal(run.State) {
			over++
		}
	}
	s.Runs = slices.DeleteFunc(s.Runs, func(run Run) bool {
		if !Terminal(run.State) || over <= RunsKept {
			return false
		}
		over--
		if run.State == RunRefused {
			s.forget(run.ID)
		}
		return true
	})
	if causeAdded {
		s.trimCauses()
	}
}

// forget takes the answer from the causes of a refused run that is remembered no more: a guard only held them up, and those
// that are still true have to be asked again, or they would be lost.
func (s *State) forget(refused string) {
	maps.DeleteFunc(s.Causes, func(_, runID string) bool { return runID == refused })
}

// trimCauses forgets causes that cannot come again, once their runs are forgotten: only the newest slot is ever a cause,
// and a request leaves the inbox when it is answered. Episodes, code and dataset versions may stay true for long.
func (s *State) trimCauses() {
	if len(s.Causes) <= CausesKept || len(s.Causes)%RunsKept != 0 { // now and then: those that stay for ever are looked at as well
		return
	}
	newestSlot := "" // slots sort by time
	for id := range s.Causes {
		if strings.HasPrefix(id, string(CauseSchedule)+":") {
			newestSlot = max(newestSlot, id)
		}
	}
	for id, runID := range s.Causes {
		kind, _, _ := strings.Cut(id, ":")
		switch CauseKind(kind) {
		case CauseSchedule, CauseRequest, CauseRollback:
			if _, remembered := s.Run(runID); !remembered && id != newestSlot {
				delete(s.Causes, id)
			}
		}
	}
}

// Clone shares nothing with the state that Fold could change.
func (s State) Clone() State {
	s.Aliases, s.Causes = maps.Clone(s.Aliases), maps.Clone(s.Causes)
	s.Versions, s.Runs = slices.Clone(s.Versions), slices.Clone(s.Runs)
	s.Started, s.Requests = slices.Clone(s.Started), slices.Clone(s.Requests)
	if s.Aliases == nil {
		s.Aliases = map[string]AliasState{}
	}
	if s.Causes == nil {
		s.Causes = map[string]string{}
	}
	return s
}

func keepLast[T any](values []T, count int) []T {
	if len(values) > count {
		return values[len(values)-count:]
	}
	return values
}
