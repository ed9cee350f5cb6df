package mlops

import (
	"fmt"
	"slices"
	"strconv"
)

// trigger is a cause that is true now, and the request behind it, if a person asked.
type trigger struct {
	cause   Cause
	request *Request
	by      Actor // who asked, as people know them
}

func (t trigger) force() bool { return t.request != nil && t.request.Force }

// event is what a trigger brings into the log, with who asked and why.
func (t trigger) event(kind EventType, runID string) *Event {
	event := &Event{Type: kind, RunID: runID, Cause: &t.cause, Reason: t.cause.Text}
	if t.request != nil {
		event.Actor, event.RequestID, event.Reason = t.by, t.request.Key(), t.request.Reason
	}
	return event
}

// triggers are the causes that are true now, people's first. What was answered is among them as well: see pending.
func (d decision) triggers() []trigger {
	if !d.alive() || d.world.Training == nil {
		return nil
	}
	var triggers []trigger
	for _, request := range d.world.Requests {
		if request.Action == ActionTrain {
			by := d.world.known(request.Actor)
			triggers = append(triggers, trigger{request: &request, by: by, cause: Cause{Kind: CauseRequest, Key: request.Key(), Text: "asked for by " + by.Name}})
		}
	}
	newest, published := d.world.Newest()
	champion, hasChampion := d.state.Champion()
	if !published {
		return nil
	}
	if !hasChampion {
		return append(triggers, trigger{cause: d.bootstrap(newest)})
	}
	for _, cause := range slices.Concat(d.codeCause(champion), d.datasetCause(champion, newest), d.driftCauses(), d.scheduleCause()) {
		triggers = append(triggers, trigger{cause: cause})
	}
	return triggers
}

func (d decision) bootstrap(newest DatasetManifest) Cause {
	return Cause{
		Kind: CauseBootstrap, Key: strconv.FormatInt(newest.Number, 10) + "/" + d.world.Training.Revision(),
		Text: fmt.Sprintf("model %q has no champion", d.state.Model),
	}
}

func (d decision) codeCause(champion ModelVersion) []Cause {
	revision := d.world.Training.Revision()
	if d.world.Policy.Triggers.Code == nil || revision == champion.Inputs.Revision {
		return nil
	}
	return []Cause{{Kind: CauseCode, Key: revision, Text: fmt.Sprintf("training %q is at %s", d.world.Training.Name, d.world.Training.SourceRevision)}}
}

func (d decision) datasetCause(champion ModelVersion, newest DatasetManifest) []Cause {
	if d.world.Policy.Triggers.DatasetVersion == nil || !d.world.newerThan(champion) {
		return nil
	}
	return []Cause{{
		Kind: CauseDatasetVersion, Key: newest.Dataset + "/" + strconv.FormatInt(newest.Number, 10),
		Text: fmt.Sprintf("dataset %q has version %d", newest.Dataset, newest.Number),
	}}
}

// driftCauses are the open episodes of the monitors that the policy names: those that drifted, and those whose fault a
// person has overruled, which makes them a change like any other.
func (d decision) driftCauses() []Cause {
	var causes []Cause
	for _, episode := range d.world.Episodes {
		if d.watched(episode) && (episode.Verdict.Drifted() || episode.Verdict == VerdictDataQuality && episode.Accepted) {
			causes = append(causes, driftCause(episode))
		}
	}
	return causes
}

func driftCause(episode Episode) Cause {
	return Cause{Kind: CauseDrift, Key: episode.ID, Text: fmt.Sprintf("drift monitor %q: %s", episode.Monitor, episode.Summary)}
}

func (d decision) watched(episode Episode) bool {
	drift := d.world.Policy.Triggers.Drift
	return drift != nil && slices.Contains(drift.Monitors, episode.Monitor)
}

func (d decision) scheduleCause() []Cause {
	trigger := d.world.Policy.Triggers.Schedule
	if trigger == nil {
		return nil
	}
	schedule, err := ParseSchedule(trigger.Cron, trigger.TimeZone)
	if err != nil {
		return nil // refused where it was declared
	}
	slot := schedule.Last(latest(d.state.Created, d.world.PolicySince), d.world.Now)
	if slot.IsZero() {
		return nil
	}
	return []Cause{{Kind: CauseSchedule, Key: slot.Format("20060102T150405Z"), Text: "the schedule's slot at " + stamp(slot)}}
}

// pending says whether a trigger still wants a run: nothing has answered it, or only a guard has.
func (d decision) pending(t trigger) (refused Run, wasRefused, pending bool) {
	runID, answered := d.state.Causes[t.cause.ID()]
	if !answered {
		return Run{}, false, true
	}
	run, remembered := d.state.Run(runID)
	switch {
	case !remembered || run.State != RunRefused:
		return run, false, false
	case run.Cause().ID() != t.cause.ID():
		return Run{}, false, true // it had joined a run that nobody may ask for again
	default:
		return run, true, true
	}
}

// join gives causes to the run that answers them too.
func (d decision) join() *Event {
	for _, t := range d.triggers() {
		if _, _, pending := d.pending(t); !pending {
			continue
		}
		for _, run := range d.state.Open() {
			if d.covers(run, t) {
				return t.event(RunJoined, run.ID)
			}
		}
	}
	return nil
}

// covers says whether an open run answers a trigger.
func (d decision) covers(run Run, t trigger) bool {
	if run.Cause().Kind == CauseRollback {
		return false
	}
	champion, hasChampion := d.state.Champion()
	switch {
	case t.cause.Kind == CauseBootstrap:
		return d.learnsTheSame(run)
	case run.State == RunRequested:
		return true // it will learn from what is newest now
	case run.State == RunWaitingForData && t.cause.Kind == CauseDrift:
		return true
	case run.State == RunWaitingForData:
		return t.cause.Kind == CauseDatasetVersion && d.guard(t.cause, run.Force) == nil
	case t.cause.Kind == CauseDrift && hasChampion && !d.world.newerThan(champion):
		return false // January learned again from January
	default:
		return d.learnsTheSame(run)
	}
}

// learnsTheSame says whether an open run has begun to learn from the newest data with the code as declared now. One whose
// champion has changed since comes to nothing, and answers nobody.
func (d decision) learnsTheSame(run Run) bool {
	newest, published := d.world.Newest()
	champion, _ := d.state.Champion()
	learns := InFlight(run.State) || run.State == RunAwaitingApproval
	if run.Holdout != nil && run.Holdout.Champion != champion.Number {
		return false
	}
	return learns && published && d.world.Training != nil && run.Inputs != nil && run.Inputs.Dataset == newest.Dataset &&
		run.Inputs.DatasetVersion == newest.Number && run.Inputs.Revision == d.world.Training.Revision()
}

// triage answers a data-quality episode with the guard that it trips, once: people see why nothing was trained.
func (d decision) triage() *Event {
	if !d.alive() {
		return nil
	}
	for _, episode := range d.world.Episodes {
		t := trigger{cause: driftCause(episode)}
		if _, answered := d.state.Causes[t.cause.ID()]; answered || !d.watched(episode) || !faulty(episode) {
			continue
		}
		return d.refuse(t, refusal{guard: GuardDataQuality, reason: faultText(episode)})
	}
	return nil
}

// start gives the free slot to the first trigger that no guard holds back, and tells every other which guard does.
func (d decision) start() *Event {
	if d.slotTaken() {
		return nil
	}
	for _, t := range d.triggers() {
		run, wasRefused, pending := d.pending(t)
		if !pending || t.cause.Kind == CauseBootstrap && len(d.state.Open()) > 0 {
			continue
		}
		held := d.guard(t.cause, t.force())
		switch {
		case held == nil:
			event := t.event(RunRequested, RunID(d.state.Model, d.state.Incarnation, t.cause))
			event.Deadline, event.Force, event.Attempt = d.deadline(requestedFor), t.force(), run.Attempt
			return event
		case t.cause.Kind == CauseBootstrap: // a frozen model is filled when it thaws
		case !wasRefused || run.Guard != held.guard || !run.NotBefore.Equal(held.notBefore):
			return d.refuse(t, *held)
		}
	}
	return nil
}

func (d decision) refuse(t trigger, held refusal) *Event {
	event := t.event(RunRefused, RunID(d.state.Model, d.state.Incarnation, t.cause))
	event.Guard, event.Reason, event.NotBefore = held.guard, held.reason, held.notBefore
	return event
}
