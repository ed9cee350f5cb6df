//go:build linux || darwin

package local

import (
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

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
