package local

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// tendJob runs a job once. Its pod's name follows from the life of the workload, so that a second one cannot be made.
func (r *runner) tendJob(now time.Time, doc document) {
	if doc.broken != nil {
		return
	}
	k := key{kind: workload.KindJob, name: doc.Manifest.Name}
	name := doc.Manifest.Name + "-" + strings.SplitN(doc.UID, "-", 2)[0]
	p := r.pods[name]
	if p == nil {
		r.beginJob(now, k, doc, name)
		return
	}
	r.reportEnd(p)
	r.writeStatus(now, k, doc, jobStatus(p, doc.Manifest.Hash()))
}

// beginJob starts the job's pod, unless the status says that there has been one.
func (r *runner) beginJob(now time.Time, k key, doc document, podName string) {
	status := r.knownStatus(k, doc)
	switch status.Phase {
	case workload.PhaseSucceeded, workload.PhaseFailed:
		return
	case workload.PhaseRunning: // and yet there is no pod: somebody has removed it
		status.Phase, status.ExitCode, status.Finished = workload.PhaseFailed, -1, now.UTC()
		status.Message = "lost: the folder of its pod was removed"
		r.writeStatus(now, k, doc, status)
		return
	}
	for _, p := range r.pods {
		if p.record.Kind == k.kind && p.record.Workload == k.name && p.live() {
			return // of an earlier life of the name: never two at once
		}
	}
	job := doc.Manifest.Job
	err := r.startPod(now, podRecord{
		Name: podName, Kind: k.kind, Workload: k.name, UID: doc.UID, Pod: job.Pod, Timeout: job.Timeout.Std(),
	})
	if err != nil {
		r.complain(k.String(), err)
		return
	}
	r.settledComplaint(k.String())
	r.say("job %s started", k.name)
	r.log.Info("job started", "job", k.name, "pod", podName)
	r.writeStatus(now, k, doc, jobStatus(r.pods[podName], doc.Manifest.Hash()))
}

// knownStatus is what was written of this life of a workload, by this runner or an earlier one.
func (r *runner) knownStatus(k key, doc document) workload.Status {
	known, ok := r.written[k]
	if !ok {
		err := readJSON(r.folder.status(k.kind, k.name), &known)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.complain(k.String(), err)
		}
	}
	if known.UID != doc.UID {
		return workload.Status{}
	}
	return known.Status
}

// jobStatus is a job as its pod shows it.
func jobStatus(p *pod, hash string) workload.Status {
	status := workload.Status{
		ObservedHash: hash, Phase: workload.PhasePending, Started: p.status.Started, Finished: p.status.Finished,
		Failed: p.status.Failed, ExitCode: p.status.ExitCode, TimedOut: p.status.TimedOut, Message: p.status.Message,
	}
	switch {
	case p.status.Phase == podSucceeded:
		status.Phase = workload.PhaseSucceeded
	case p.status.Phase == podFailed:
		status.Phase, status.LogTail = workload.PhaseFailed, p.failedTail()
	case p.begun:
		status.Phase = workload.PhaseRunning
	}
	return status
}

// failedTail reads the log of what failed once: it changes no more.
func (p *pod) failedTail() string {
	if p.finalTail == nil {
		text := p.logTail()
		p.finalTail = &text
	}
	return *p.finalTail
}

// reportEnd says once how a job has ended.
func (r *runner) reportEnd(p *pod) {
	if p.live() || p.reported {
		return
	}
	p.reported = true
	took := p.status.Finished.Sub(p.status.Started).Round(time.Millisecond)
	r.log.Info("job ended", "job", p.record.Workload, "pod", p.record.Name, "phase", p.status.Phase, "exit_code", p.status.ExitCode)
	if p.status.Phase == podSucceeded {
		r.say("%s %s finished after %s", noun(p.record.Kind), p.record.Workload, took)
		return
	}
	r.say("%s %s failed after %s: %s; see `mlops logs`", noun(p.record.Kind), p.record.Workload, took, p.status.Message)
}

// finalStatus is a job or schedule after the runner has stopped everything.
func (r *runner) finalStatus(k key, doc document) workload.Status {
	status := r.knownStatus(k, doc)
	pods := r.podsOfLife(k, doc.UID)
	if len(pods) == 0 || doc.broken != nil {
		return status
	}
	last := jobStatus(pods[len(pods)-1], doc.Manifest.Hash())
	last.LastSlot = status.LastSlot
	return last
}

// podsOfLife lists the pods of one life of a workload, oldest first.
func (r *runner) podsOfLife(k key, uid string) []*pod {
	var pods []*pod
	for _, p := range r.pods {
		if p.record.Kind == k.kind && p.record.Workload == k.name && p.record.UID == uid {
			pods = append(pods, p)
		}
	}
	slices.SortFunc(pods, func(a, b *pod) int {
		return cmp.Or(a.record.Created.Compare(b.record.Created), cmp.Compare(a.record.Name, b.record.Name))
	})
	return pods
}

// scheduleState is what the runner remembers of a schedule from step to step.
type scheduleState struct {
	hash     string
	schedule mlops.Schedule
	next     time.Time // nothing is due before
	leftOut  time.Time // the last slot that came while its predecessor ran
}

// tendSchedule starts a job at each slot. Of the slots that passed while no runner ran, the latest is made up for.
func (r *runner) tendSchedule(now time.Time, doc document) {
	if doc.broken != nil {
		return
	}
	k := key{kind: workload.KindSchedule, name: doc.Manifest.Name}
	pods := r.podsOfLife(k, doc.UID)
	last := r.knownStatus(k, doc).LastSlot
	busy := false
	for _, p := range pods {
		r.reportEnd(p)
		busy = busy || p.live()
		if p.record.Slot.After(last) { // a runner was killed before it could say so
			last = p.record.Slot
		}
	}
	if slot := r.dueSlot(now, doc, last); !slot.IsZero() {
		if busy {
			r.schedules[doc.UID].leftOut = slot
			r.say("schedule %s: the slot of %s is left out, the one before still runs", k.name, slot.Format(time.RFC3339))
		} else if p := r.beginSlot(now, k, doc, slot); p != nil {
			last, pods = slot, append(pods, p)
		}
	}
	status := workload.Status{ObservedHash: doc.Manifest.Hash()}
	if len(pods) > 0 {
		status = jobStatus(pods[len(pods)-1], doc.Manifest.Hash())
	}
	status.LastSlot = last
	r.writeStatus(now, k, doc, status)
}

// dueSlot is the latest slot that is due and has neither been started nor left out; zero where there is none.
func (r *runner) dueSlot(now time.Time, doc document, last time.Time) time.Time {
	state := r.schedules[doc.UID]
	if hash := doc.Manifest.Hash(); state == nil || state.hash != hash {
		schedule, err := mlops.ParseSchedule(doc.Manifest.Schedule.Cron, doc.Manifest.Schedule.TimeZone)
		if err != nil {
			r.complain("schedules/"+doc.Manifest.Name, err) // check has let it pass: it cannot come to this
			return time.Time{}
		}
		state = &scheduleState{hash: hash, schedule: schedule}
		r.schedules[doc.UID] = state
	}
	if now.Before(state.next) && state.next.Sub(now) <= time.Minute {
		return time.Time{}
	}
	since := last
	for _, other := range []time.Time{doc.Created, state.leftOut} {
		if other.After(since) {
			since = other
		}
	}
	slot := state.schedule.Last(since, now)
	// Looked at again within a minute, however rare the slots are: the clock may be set.
	state.next = now.Add(time.Minute)
	if next := state.schedule.Next(now); !next.IsZero() && next.Before(state.next) {
		state.next = next
	}
	return slot
}

// beginSlot starts the job of one slot; nil where that failed.
func (r *runner) beginSlot(now time.Time, k key, doc document, slot time.Time) *pod {
	job := doc.Manifest.Schedule.Job
	name := fmt.Sprintf("%s-%s", k.name, strings.ToLower(slot.UTC().Format("20060102T150405Z")))
	if earlier := r.pods[name]; earlier != nil && earlier.record.UID != doc.UID {
		name += "-" + strings.SplitN(doc.UID, "-", 2)[0] // the name was deleted and made again within one slot
	}
	err := r.startPod(now, podRecord{
		Name: name, Kind: k.kind, Workload: k.name, UID: doc.UID, Slot: slot, Pod: job.Pod, Timeout: job.Timeout.Std(),
	})
	if err != nil {
		r.complain(k.String(), err)
		r.schedules[doc.UID].next = time.Time{} // tried again at the next tick
		return nil
	}
	r.log.Info("schedule started", "schedule", k.name, "slot", slot)
	r.say("schedule %s: started the slot of %s", k.name, slot.Format(time.RFC3339))
	return r.pods[name]
}
