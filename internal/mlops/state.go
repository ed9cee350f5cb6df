package mlops

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// RunState is where a run is. It has the name of the event that brought it there.
type RunState = EventType

// Terminal says that a run is over by itself. A refused run may be requested again when its guard lets it pass, a failed
// one may be retried by a person.
func Terminal(state RunState) bool {
	switch state {
	case RunRefused, RunRejected, RunDeclined, RunSuperseded, RunExpired, RunPromoted, RunRolledBack, RunFailed, RunCancelled:
		return true
	default:
		return false
	}
}

// InFlight says that a run holds the model's one slot: it trains, is judged or is promoted. A run that waits for data or
// for a person holds none.
func InFlight(state RunState) bool {
	switch state {
	case RunRequested, RunTraining, RunTrained, RunEvaluated, RunRegistered, RunApproved, RunPromoting:
		return true
	default:
		return false
	}
}

// Run is one way from a cause to a promoted version, or to the reason why not.
type Run struct {
	ID             string     `json:"id"`
	State          RunState   `json:"state"`
	Causes         []Cause    `json:"causes"`
	Attempt        int64      `json:"attempt"`
	PriorAttempts  int64      `json:"prior_attempts,omitempty"` // made before it was last requested: they count as no automatic retry
	Deadline       time.Time  `json:"deadline,omitzero"`
	Created        time.Time  `json:"created"`
	Updated        time.Time  `json:"updated"`
	Sequence       int64      `json:"sequence"` // of the event that set State
	Actor          Actor      `json:"actor"`    // who asked
	Reason         string     `json:"reason,omitempty"`
	Guard          Guard      `json:"guard,omitempty"`
	NotBefore      time.Time  `json:"not_before,omitzero"`
	Inputs         *Inputs    `json:"inputs,omitempty"`
	Output         *Output    `json:"output,omitempty"`
	Holdout        *Holdout   `json:"holdout,omitempty"`
	Judgement      *Judgement `json:"judgement,omitempty"`
	Failure        *Failure   `json:"failure,omitempty"`
	Version        int64      `json:"version,omitempty"` // the version it registered, or goes back to
	Approval       *Decision  `json:"approval,omitempty"`
	Alias          string     `json:"alias,omitempty"` // while promoting and after
	Previously     int64      `json:"previously,omitempty"`
	PromotingSince time.Time  `json:"promoting_since,omitzero"`
	Force          bool       `json:"force,omitempty"` // asked for past the guards
	// Requesters are the keys of those who asked for it: under four eyes none of them approves it.
	Requesters []string `json:"requesters,omitempty"`
}

// Cause is the first cause of a run: the one its id comes from.
func (r Run) Cause() Cause {
	if len(r.Causes) == 0 {
		return Cause{}
	}
	return r.Causes[0]
}

// requestedBy compares names as approvers are compared: without case.
func (r Run) requestedBy(actor Actor) bool {
	return slices.ContainsFunc(r.Requesters, func(name string) bool { return strings.EqualFold(name, actor.Key()) })
}

// Decision is what a person said of a candidate.
type Decision struct {
	Actor  Actor     `json:"actor"`
	Time   time.Time `json:"time"`
	Reason string    `json:"reason,omitempty"`
	Digest string    `json:"digest"`
}

// ModelVersion is an immutable registered version, in the registry of its model.
type ModelVersion struct {
	Number   int64              `json:"number"`
	RunID    string             `json:"run_id"`
	Attempt  int64              `json:"attempt"`
	Time     time.Time          `json:"time"`
	Inputs   Inputs             `json:"inputs"`
	Output   Output             `json:"output"`
	Metrics  map[string]float64 `json:"metrics,omitempty"` // the candidate's on the holdout
	Approval *Decision          `json:"approval,omitempty"`
}

// AliasState is what an alias names.
type AliasState struct {
	Version  int64     `json:"version"`
	Since    time.Time `json:"since"`
	RunID    string    `json:"run_id"`
	Sequence int64     `json:"sequence"`
}

// Freeze stops starting and promoting, not judging.
type Freeze struct {
	Actor  Actor     `json:"actor"`
	Time   time.Time `json:"time"`
	Reason string    `json:"reason,omitempty"`
}

// State is a model's log, folded.
type State struct {
	Model       string                `json:"model"`
	Sequence    int64                 `json:"sequence"` // of the last event folded
	SHA256      string                `json:"sha256"`   // of its bytes
	Time        time.Time             `json:"time"`
	Incarnation string                `json:"incarnation,omitempty"`
	Created     time.Time             `json:"created,omitzero"` // of this incarnation
	Deleted     bool                  `json:"deleted,omitempty"`
	Frozen      *Freeze               `json:"frozen,omitempty"`
	Aliases     map[string]AliasState `json:"aliases"`
	Versions    []ModelVersion        `json:"versions"` // number n stands at n-1
	// Runs are the open runs and the last RunsKept that are over; the whole history is the log itself.
	Runs []Run `json:"runs"`
	// Causes answered, by Cause.ID, with the run that answers them: a thousand copies of one trigger make one run.
	Causes map[string]string `json:"causes"`
	// Started are the times at which runs began to train within the longest budget period, for the budget.
	Started []time.Time `json:"started,omitempty"`
	// LastStart is when the last run that was not a rollback began to train, for the cool-down.
	LastStart time.Time `json:"last_start,omitzero"`
	// Requests answered, newest last, at most RequestsKept.
	Requests []string `json:"requests,omitempty"`
	// Parked says why this model is left alone: an event of an unknown type, or a log that cannot be folded.
	Parked string `json:"parked,omitempty"`
}

// Bounds of what a state remembers.
const (
	RunsKept     = 50
	RequestsKept = 200
	CausesKept   = 4 * RunsKept // above it, those that cannot come again go with their runs
	StartedKept  = 366 * 24 * time.Hour
)

// FoldVersion changes whenever a fold comes to mean something else, so that old snapshots are not used.
const FoldVersion = 3

// NewState is the state of an empty log.
func NewState(model string) State {
	return State{Model: model, Aliases: map[string]AliasState{}, Causes: map[string]string{}}
}

// Run returns a run that the state still remembers.
func (s State) Run(id string) (Run, bool) {
	for _, run := range s.Runs {
		if run.ID == id {
			return run, true
		}
	}
	return Run{}, false
}

// InFlightRun is the run that holds the slot, if any.
func (s State) InFlightRun() (Run, bool) {
	for _, run := range s.Runs {
		if InFlight(run.State) {
			return run, true
		}
	}
	return Run{}, false
}

// Open returns the runs that are not over, oldest first.
func (s State) Open() []Run {
	var open []Run
	for _, run := range s.Runs {
		if !Terminal(run.State) {
			open = append(open, run)
		}
	}
	return open
}

// AwaitsApproval says whether a candidate waits for a person.
func (s State) AwaitsApproval() bool {
	return slices.ContainsFunc(s.Runs, func(run Run) bool { return run.State == RunAwaitingApproval })
}

// Version returns a registered version.
func (s State) Version(number int64) (ModelVersion, bool) {
	if number < 1 || number > int64(len(s.Versions)) {
		return ModelVersion{}, false
	}
	return s.Versions[number-1], true
}

// Champion is the version in production, if any.
func (s State) Champion() (ModelVersion, bool) { return s.Version(s.Aliases[AliasChampion].Version) }

// Wanted is the version that a deployment should serve: the target of an open promotion of its alias, else its pin, else
// its alias; 0 while there is none.
func (s State) Wanted(deployment Deployment) int64 {
	if deployment.Version != nil {
		return *deployment.Version
	}
	for _, run := range s.Runs {
		if run.State == RunPromoting && run.Alias == deployment.Alias {
			return run.Version
		}
	}
	return s.Aliases[deployment.Alias].Version
}

// Answered says whether a request has been answered.
func (s State) Answered(request Request) bool { return slices.Contains(s.Requests, request.Key()) }

// Unanswered are the requests of an inbox that the log has not answered, in their order.
func (s State) Unanswered(inbox []Request) []Request {
	answered := make(map[string]bool, len(s.Requests))
	for _, key := range s.Requests {
		answered[key] = true
	}
	var open []Request
	for _, request := range inbox {
		if !answered[request.Key()] {
			open = append(open, request)
		}
	}
	return open
}

// VersionsThere says in words which versions there are, for who has asked for another.
func (s State) VersionsThere() string {
	switch count := len(s.Versions); count {
	case 0:
		return "no version is registered yet"
	case 1:
		return "there is version 1"
	default:
		return fmt.Sprintf("there are versions 1 to %d", count)
	}
}
