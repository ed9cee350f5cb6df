package mlops

import (
	"fmt"
	"time"
)

// afterRegistered asks the policy who lets the candidate through.
func (d decision) afterRegistered(run Run) *Event {
	if reason := d.championChanged(run); reason != "" {
		return &Event{Type: RunSuperseded, Reason: reason}
	}
	approval := d.world.Policy.Approval
	mode, text := approval.Mode, "the policy approves automatically"
	if _, hasChampion := d.state.Champion(); !hasChampion {
		mode, text = approval.First, "the policy approves a first version automatically"
	}
	expiry := approval.Expiry.Std()
	if mode == ApprovalAutomatic {
		return &Event{Type: RunApproved, Version: run.Version, Digest: run.Output.ArtifactSHA256, Reason: text, Deadline: d.deadline(expiry)}
	}
	return &Event{Type: RunAwaitingApproval, Version: run.Version, Deadline: d.deadline(expiry), Reason: fmt.Sprintf("version %d waits for a person", run.Version)}
}

// whileAwaitingApproval ends the wait when what would be approved is not what was judged, or when it takes too long. An
// approval itself is a request.
func (d decision) whileAwaitingApproval(run Run) *Event {
	if reason := d.void(run); reason != "" {
		return &Event{Type: RunSuperseded, Reason: reason}
	}
	for _, other := range d.state.Open() {
		if other.State == RunAwaitingApproval && other.Version > run.Version {
			return &Event{Type: RunSuperseded, Reason: fmt.Sprintf("version %d is newer and waits for approval", other.Version)}
		}
	}
	if d.overdue(run) {
		return &Event{Type: RunExpired, Reason: fmt.Sprintf("nobody approved within %s", d.world.Policy.Approval.Expiry)}
	}
	return nil
}

// championChanged says why a judgement against the champion holds no more.
func (d decision) championChanged(run Run) string {
	champion, _ := d.state.Champion()
	if run.Judgement == nil || run.Judgement.Champion == champion.Number {
		return ""
	}
	return fmt.Sprintf("it was judged against version %d, and version %d is the champion now: train again", run.Judgement.Champion, champion.Number)
}

// void says why a person's approval would be of something else than what was judged.
func (d decision) void(run Run) string {
	if reason := d.championChanged(run); reason != "" {
		return reason
	}
	newest, ok := d.world.Newest()
	if judged := run.Judgement; ok && judged != nil && (newest.Dataset != judged.HoldoutDataset || newest.Number > judged.HoldoutVersion) {
		return fmt.Sprintf("it was judged on %s version %d, and version %d of %s is the newest now: train again",
			judged.HoldoutDataset, judged.HoldoutVersion, newest.Number, newest.Dataset)
	}
	return ""
}

// afterApproved promotes, one run at a time; a freeze holds it until it expires.
func (d decision) afterApproved(run Run) *Event {
	reason := d.championChanged(run)
	if run.Approval != nil && run.Approval.Actor != Controller {
		reason = d.void(run)
	}
	switch {
	case reason != "":
		return &Event{Type: RunSuperseded, Reason: reason}
	case d.state.Frozen == nil && !d.promoting():
		return d.promote(run)
	case d.overdue(run):
		return &Event{Type: RunExpired, Reason: "it was approved, but could not be promoted in time"}
	default:
		return nil
	}
}

func (d decision) promoting() bool {
	for _, run := range d.state.Runs {
		if run.State == RunPromoting {
			return true
		}
	}
	return false
}

// rollBackTo promotes an older version, as soon as nothing else is being promoted.
func (d decision) rollBackTo(run Run) *Event {
	switch {
	case !d.promoting():
		return d.promote(run)
	case d.overdue(run):
		return failedBefore("another promotion did not end in time: ask again")
	default:
		return nil
	}
}

// promote opens the roll-out: deployments that follow the alias want the version from now on.
func (d decision) promote(run Run) *Event {
	timeout, watch := d.rollOutSpans()
	return &Event{
		Type: RunPromoting, Version: run.Version, Previously: d.state.Aliases[AliasChampion].Version, Alias: AliasChampion,
		Deadline: d.deadline(timeout + watch),
	}
}

// rollOutSpans are the longest timeout and watch of the deployments that follow the champion.
func (d decision) rollOutSpans() (timeout, watch time.Duration) {
	timeout = time.Minute // where nothing is deployed the promotion takes one decision
	for i, deployment := range d.world.following(AliasChampion) {
		if i == 0 {
			timeout = 0
		}
		timeout, watch = max(timeout, deployment.RollOut.Timeout.Std()), max(watch, deployment.RollOut.Watch.Std())
	}
	return timeout, watch
}

// whilePromoting moves the alias once every deployment has held for its watch time. All hold, or all go back. A deployment
// that has held until its timeout may take the rest of its watch time; one that is not ready by then takes all back.
func (d decision) whilePromoting(run Run) *Event {
	if d.state.Frozen != nil {
		return rollBack(run, "the model was frozen: "+d.state.Frozen.Reason, nil)
	}
	timeout, _ := d.rollOutSpans()
	late := d.overdue(run) || !d.world.Now.Before(run.PromotingSince.Add(timeout))
	held := true
	for _, deployment := range d.world.following(run.Alias) {
		serving := d.world.Serving[deployment.Name]
		ready := serving.Version == run.Version && !serving.RolledOutSince.IsZero()
		if !ready && late {
			failure := Failure{Step: "roll-out", ExitCode: -1, LogTail: serving.LogTail, Message: notReady(deployment, run, serving), Retry: false}
			return rollBack(run, failure.Message, &failure)
		}
		since := latest(serving.RolledOutSince, run.PromotingSince)
		held = held && ready && !d.world.Now.Before(since.Add(deployment.RollOut.Watch.Std()))
	}
	if !held {
		return nil
	}
	return &Event{Type: RunPromoted, Version: run.Version, Previously: run.Previously, Alias: run.Alias}
}

func notReady(deployment Deployment, run Run, serving ServingStatus) string {
	text := fmt.Sprintf("deployment %q was not ready with version %d within %s", deployment.Name, run.Version, deployment.RollOut.Timeout)
	if serving.Message != "" {
		text += ": " + serving.Message
	}
	return text
}

// rollBack gives the deployments back to the version that the alias never left.
func rollBack(run Run, reason string, failure *Failure) *Event {
	return &Event{
		Type: RunRolledBack, RunID: run.ID, Version: run.Version, Previously: run.Previously, Alias: run.Alias, Reason: reason, Failure: failure,
	}
}
