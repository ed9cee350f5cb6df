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

// Follows says whether an event may come to a run in a state.
func Follows(state RunState, event EventType) bool { return slices.Contains(followers[state], event) }

// Apply folds one event into a state and returns the state after it; the argument is not changed. An event that cannot
// have happened is mlops.ErrInvalid: its log is then quarantined. An event of a type that this version does not know parks
// the model, and everything after it is left unread.
func Apply(state State, event Event) (State, error) {
	next := state.clone()
	if event.Sequence != state.Sequence+1 {
		return state, fmt.Errorf("%w: event %d of model %q: number %d comes next", ErrInvalid, event.Sequence, state.Model, state.Sequence+1)
	}
	if event.Time.Before(state.Time) {
		return state, fmt.Errorf("%w: event %d of model %q: its time lies before the event before it", ErrInvalid, event.Sequence, state.Model)
	}
	next.Sequence, next.Time = event.Sequence, event.Time
	if event.RequestID != "" {
		next.Requests = keepLast(append(next.Requests, event.RequestID), RequestsKept)
	}
	var err error
	switch event.Type {
	case ModelCreated:
		next = NewState(state.Model)
		next.Sequence, next.Time, next.Created, next.Incarnation = event.Sequence, event.Time, event.Time, event.Incarnation
		next.Versions = slices.Clone(state.Versions) // numbers are never used twice
		next.Requests = slices.Clone(state.Requests) // nor is a request answered twice
	case ModelDeleted:
		next.Deleted, next.Aliases = true, map[string]AliasState{}
	case ModelFrozen:
		next.Frozen = &Freeze{Actor: event.Actor, Time: event.Time, Reason: event.Reason}
	case ModelThawed:
		next.Frozen = nil
	case RequestRefused, RequestAnswered:
	case RunRequested, RunJoined, RunRefused, RunWaitingForData, RunTraining, RunTrained, RunEvaluated, RunRejected, RunRegistered,
		RunAwaitingApproval, RunApproved, RunDeclined, RunSuperseded, RunExpired, RunPromoting, RunPromoted, RunRolledBack,
		RunFailed, RunCancelled:
		err = next.applyRun(event)
	default:
		next.Parked = fmt.Sprintf("event %d has the type %q, which this version does not know: use a newer one", event.Sequence, event.Type)
	}
	if err != nil {
		return state, err
	}
	next.trim()
	return next, nil
}

func (s *State) applyRun(event Event) error {
	at := slices.IndexFunc(s.Runs, func(run Run) bool { return run.ID == event.RunID })
	var run Run
	if at >= 0 {
		run = s.Runs[at]
	}
	if event.RunID == "" || !Follows(run.State, event.Type) {
		return fmt.Errorf("%w: event %d of model %q: %q cannot come to run %q in state %q", ErrInvalid, event.Sequence, s.Model, event.Type, event.RunID, run.State)
	}
	run = run.after(event)
	if event.Cause != nil {
		s.Causes[event.Cause.ID()] = run.ID
	}
	switch event.Type {
	case RunTraining:
		if event.Attempt == 1 {
			s.LastStart = event.Time
			s.Started = append(s.Started, event.Time)
		}
	case RunRegistered:
		if event.Version != int64(len(s.Versions))+1 {
			return fmt.Errorf("%w: event %d of model %q registers version %d; %d comes next", ErrInvalid, event.Sequence, s.Model, event.Version, len(s.Versions)+1)
		}
		if run.Inputs == nil || run.Output == nil {
			return fmt.Errorf("%w: event %d of model %q registers a run that made nothing", ErrInvalid, event.Sequence, s.Model)
		}
		s.Versions = append(s.Versions, run.version(event))
	case RunApproved:
		if version, ok := s.Version(run.Version); ok {
			version.Approval = run.Approval
			s.Versions[run.Version-1] = version
		}
	case RunPromoted:
		s.Aliases[event.Alias] = AliasState{Version: event.Version, Since: event.Time, RunID: run.ID, Sequence: event.Sequence}
	}
	if at >= 0 {
		s.Runs[at] = run
	} else {
		s.Runs = append(s.Runs, run)
	}
	return nil
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
	if event.RequestID != "" && !slices.Contains(r.Requesters, event.Actor.Name) {
		r.Requesters = append(slices.Clone(r.Requesters), event.Actor.Name)
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
func (s *State) trim() {
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
		return true
	})
	s.trimCauses()
	s.Started = slices.DeleteFunc(s.Started, func(t time.Time) bool { return s.Time.Sub(t) > StartedKept })
}

// trimCauses forgets causes that cannot come again, once their runs are forgotten: only the newest slot is ever a cause,
// and a request leaves the inbox when it is answered. Episodes, code and dataset versions may stay true for long.
func (s *State) trimCauses() {
	if len(s.Causes) <= CausesKept {
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

func (s State) clone() State {
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
