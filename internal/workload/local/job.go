//go:build linux || darwin

package local

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

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
	for name, container := range p.status.Containers {
		if container.Digest != "" {
			if status.Digests == nil {
				status.Digests = map[string]string{}
			}
			status.Digests[name] = container.Digest
		}
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
