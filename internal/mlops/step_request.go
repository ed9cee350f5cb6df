package mlops

import (
	"fmt"
	"strings"
)

// answer decides what people asked for, oldest first, each once. A request that has to wait for the slot stays where it is.
// Requests to train are causes like any other: see causes.
func (d decision) answer() *Event {
	for _, request := range d.world.Requests {
		event := d.answerOne(request)
		if event == nil {
			continue
		}
		event.Actor, event.RequestID = d.world.known(request.Actor), request.Key()
		if event.Type != RequestRefused && event.Reason == "" {
			event.Reason = request.Reason
		}
		return event
	}
	return nil
}

func (d decision) answerOne(request Request) *Event {
	if !d.alive() {
		return refuse("model %q is not declared", request.Model)
	}
	if request.Actor.Name == "" || strings.EqualFold(request.Actor.Name, Controller.Name) {
		return refuse("a request says who asks, and %q is the controller's own name", Controller.Name)
	}
	if decides := request.Action == ActionApprove || request.Action == ActionDecline; !decides && !d.world.mayAsk(request.Actor) {
		return refuse("%s is neither an owner nor a requester of the project, so nothing was done", request.Actor.Name)
	}
	switch request.Action {
	case ActionTrain:
		return d.answerTrain()
	case ActionFreeze:
		if d.state.Frozen != nil {
			return &Event{Type: RequestAnswered, Reason: "it is frozen already: " + d.state.Frozen.Reason}
		}
		return &Event{Type: ModelFrozen}
	case ActionThaw:
		if d.state.Frozen == nil {
			return &Event{Type: RequestAnswered, Reason: "it is not frozen"}
		}
		return &Event{Type: ModelThawed}
	case ActionRollback:
		return d.answerRollback(request)
	case ActionApprove, ActionDecline, ActionCancel, ActionRetry:
	default:
		return refuse("action %q is not known to this version", request.Action)
	}
	run, ok := d.state.Run(request.RunID)
	if !ok {
		return refuse("model %q has no run %q, or it is too long over to be changed", request.Model, request.RunID)
	}
	var event *Event
	switch request.Action {
	case ActionApprove, ActionDecline:
		event = d.answerApproval(run, request)
	case ActionCancel:
		event = d.answerCancel(run, request)
	default:
		event = d.answerRetry(run, request)
	}
	if event != nil {
		event.RunID = run.ID
	}
	return event
}

func refuse(format string, arguments ...any) *Event {
	return &Event{Type: RequestRefused, Reason: fmt.Sprintf(format, arguments...)}
}

// answerTrain refuses what can never run; everything else is left to start and join.
func (d decision) answerTrain() *Event {
	switch {
	case d.world.Training == nil:
		return refuse("the training of model %q is not declared", d.state.Model)
	case len(d.world.Versions) == 0:
		return refuse("dataset %q has no version to train on: publish one first", d.world.Training.Dataset)
	default:
		return nil
	}
}

func (d decision) answerApproval(run Run, request Request) *Event {
	switch {
	case run.State != RunAwaitingApproval:
		return refuse("run %s does not wait for approval: it is %s", run.ID, run.State)
	case d.void(run) != "" && request.Action == ActionApprove:
		return refuse("run %s cannot be approved: %s", run.ID, d.void(run))
	case !d.world.mayApprove(request.Actor):
		return refuse("%s is not among the approvers of model %q: %s", d.world.known(request.Actor).Name, d.state.Model, d.world.approvers())
	case request.Action == ActionDecline:
		return &Event{Type: RunDeclined, Digest: run.Output.ArtifactSHA256}
	case d.world.Policy.Approval.FourEyes && run.requestedBy(request.Actor):
		return refuse("%s asked for run %s: under four eyes somebody else approves it", d.world.known(request.Actor).Name, run.ID)
	}
	return &Event{
		Type: RunApproved, Version: run.Version, Digest: run.Output.ArtifactSHA256, Deadline: d.deadline(d.world.Policy.Approval.Expiry.Std()),
	}
}

func (d decision) answerCancel(run Run, request Request) *Event {
	if Terminal(run.State) {
		return refuse("run %s is over: it is %s", run.ID, run.State)
	}
	reason := "cancelled by " + d.world.known(request.Actor).Name
	if request.Reason != "" {
		reason += ": " + request.Reason
	}
	return end(run, reason)
}

// answerRetry makes a run again that ended without a verdict on its candidate. It waits for the slot.
func (d decision) answerRetry(run Run, request Request) *Event {
	if !Follows(run.State, RunRequested) {
		return refuse("run %s cannot be made again: it is %s; ask for a new one", run.ID, run.State)
	}
	if d.state.Frozen != nil {
		return refuse("%s", d.frozen().reason)
	}
	if run.Cause().Kind == CauseRollback {
		if reason := d.noRollBack(run.Version); reason != "" {
			return refuse("%s", reason)
		}
		return &Event{Type: RunRequested, Version: run.Version, Deadline: d.deadline(requestedFor)}
	}
	if run.State == RunRefused {
		if refusal := d.guard(Cause{Kind: CauseRequest}, request.Force); refusal != nil {
			return refuse("%s", refusal.reason)
		}
	}
	if d.slotTaken() {
		return nil
	}
	return &Event{Type: RunRequested, Attempt: run.Attempt, Deadline: d.deadline(requestedFor), Force: request.Force}
}

func (d decision) answerRollback(request Request) *Event {
	if d.state.Frozen != nil {
		return refuse("%s", d.frozen().reason)
	}
	if reason := d.noRollBack(request.Version); reason != "" {
		return refuse("%s", reason)
	}
	cause := Cause{Kind: CauseRollback, Key: request.Key(), Text: fmt.Sprintf("back to version %d", request.Version)}
	return &Event{
		Type: RunRequested, RunID: RunID(d.state.Model, d.state.Incarnation, cause), Cause: &cause, Version: request.Version,
		Deadline: d.deadline(requestedFor),
	}
}

// noRollBack says why a version cannot become the champion again. One that nobody let through is no way past approval.
func (d decision) noRollBack(number int64) string {
	version, ok := d.state.Version(number)
	champion, _ := d.state.Champion()
	switch {
	case !ok:
		return fmt.Sprintf("model %q has no version %d; %s", d.state.Model, number, d.state.VersionsThere())
	case champion.Number == number:
		return fmt.Sprintf("version %d is the champion already", number)
	case version.Approval == nil:
		return fmt.Sprintf("version %d was never approved", number)
	default:
		return ""
	}
}
