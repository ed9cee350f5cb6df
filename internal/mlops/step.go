package mlops

import (
	"fmt"
	"time"
)

// Spans that bound what no policy does.
const (
	// startAllowance is how long a job may wait to be started, beside its own timeout.
	startAllowance = time.Hour
	// requestedFor is how long a run may wait for its turn, and a state that lasts for one decision only.
	requestedFor = time.Hour
)

// Next is the event that comes next in a model's log, or false where there is nothing to do but wait. It is asked again
// after each event was appended and folded. Everything is decided from what the log and the world say now, never from
// what was decided a moment ago: a controller that was killed between any two events goes on where it was.
func Next(state State, world World) (Event, bool) {
	if state.Parked != "" {
		return Event{}, false
	}
	world.Requests = state.Unanswered(world.Requests)
	d := decision{state: state, world: world}
	// People first: a freeze or a cancellation must not lose against a step that could be taken as well. Joins stand
	// before steps, so that every cause that a run answers is in the log before it trains.
	for _, rule := range []func() *Event{d.live, d.answer, d.join, d.advance, d.triage, d.start} {
		if event := rule(); event != nil {
			if event.Actor == (Actor{}) {
				event.Actor = Controller
			}
			return *event, true
		}
	}
	return Event{}, false
}

// decision is one look at state and world. Its rules return nil where they have nothing to say.
type decision struct {
	state State
	world World
}

// alive says whether the model is declared and its log is of the declared incarnation.
func (d decision) alive() bool {
	return d.world.Model != nil && !d.state.Deleted && d.state.Incarnation == d.world.Incarnation
}

// live begins and ends incarnations.
func (d decision) live() *Event {
	lives := d.state.Incarnation != "" && !d.state.Deleted
	switch {
	case d.alive():
		return nil
	case lives && len(d.state.Open()) > 0:
		return end(d.state.Open()[0], "the model was deleted")
	case lives:
		return &Event{Type: ModelDeleted, Incarnation: d.state.Incarnation, Reason: "its declaration was deleted"}
	case d.world.Model != nil:
		return &Event{Type: ModelCreated, Incarnation: d.world.Incarnation}
	default:
		return nil
	}
}

// end stops an open run: one that is being promoted goes back, every other is cancelled.
func end(run Run, reason string) *Event {
	if run.State == RunPromoting {
		return rollBack(run, reason, nil)
	}
	return &Event{Type: RunCancelled, RunID: run.ID, Reason: reason}
}

func (d decision) deadline(span time.Duration) time.Time { return d.world.Now.Add(span) }

// advance moves open runs, oldest first.
func (d decision) advance() *Event {
	if !d.alive() {
		return nil
	}
	for _, run := range d.state.Open() {
		if event := d.advanceRun(run); event != nil {
			event.RunID = run.ID
			return event
		}
	}
	return nil
}

func (d decision) advanceRun(run Run) *Event {
	switch run.State {
	case RunRequested:
		return d.afterRequested(run)
	case RunWaitingForData:
		return d.whileWaitingForData(run)
	case RunTraining:
		return d.whileTraining(run)
	case RunTrained:
		return d.whileEvaluating(run)
	case RunEvaluated:
		return d.afterEvaluated(run)
	case RunRegistered:
		return d.afterRegistered(run)
	case RunAwaitingApproval:
		return d.whileAwaitingApproval(run)
	case RunApproved:
		return d.afterApproved(run)
	case RunPromoting:
		return d.whilePromoting(run)
	default:
		return nil
	}
}

// overdue says whether a state has lasted longer than it may.
func (d decision) overdue(run Run) bool {
	return !run.Deadline.IsZero() && !d.world.Now.Before(run.Deadline)
}

// slotTaken says whether a run is in flight, so that no other starts. Only what a person decides goes on beside a run that
// trains: a rollback, and the promotion of a candidate that waited for approval. Promotions are one at a time.
func (d decision) slotTaken() bool {
	_, taken := d.state.InFlightRun()
	return taken
}

func failed(failure Failure) *Event {
	return &Event{Type: RunFailed, Reason: failure.Words(), Failure: &failure}
}

func failedBefore(format string, arguments ...any) *Event {
	return failed(Failure{Message: fmt.Sprintf(format, arguments...), Retry: true})
}
