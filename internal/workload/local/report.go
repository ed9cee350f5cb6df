//go:build linux || darwin

package local

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// reportService writes the status of a service and says when its roll-out is complete.
func (r *runner) reportService(now time.Time, doc document, state *serviceState) {
	service := *doc.Manifest.Service
	status := r.serviceStatus(doc, state)
	wanted := int64(wantedReplicas(service))
	complete := status.UpdatedReady == wanted && status.Ready == wanted && len(status.Replicas) == int(wanted)
	if complete {
		state.message, state.logTail, state.restarts = "", "", nil
		status.Message, status.LogTail = r.gatewayMessage(service), ""
		state.backOff(templateHash(service)).settled(now)
	} else if status.Message == "" {
		status.Message, status.LogTail = r.holdUp(now, doc)
	}
	if complete && !state.complete {
		r.rolledOut(doc, state, service)
		if service.Version > 0 {
			r.say("service %s: %d of %d ready, model version %d", doc.Manifest.Name, wanted, wanted, service.Version)
		} else {
			r.say("service %s: %d of %d ready", doc.Manifest.Name, wanted, wanted)
		}
		r.log.Info("service ready", "service", doc.Manifest.Name, "replicas", wanted, "version", service.Version)
	}
	state.complete = complete
	r.writeStatus(now, key{kind: workload.KindService, name: doc.Manifest.Name}, doc, status)
}

// rolledOut keeps what runs now as what is kept alive while its successor is rolled out.
func (r *runner) rolledOut(doc document, state *serviceState, service workload.Service) {
	if state.rolled != nil && templateHash(*state.rolled) == templateHash(service) {
		return
	}
	state.rolled = &service
	if err := writeJSON(r.folder.rolled(doc.Manifest.Name), rolledDocument{UID: doc.UID, Service: service}); err != nil {
		r.complain("services/"+doc.Manifest.Name, err)
	}
}

func (r *runner) serviceStatus(doc document, state *serviceState) workload.Status {
	status := workload.Status{ObservedHash: state.hash, Message: state.message, LogTail: state.logTail}
	if status.Message == "" {
		status.Message = r.gatewayMessage(*doc.Manifest.Service)
	}
	template := templateHash(*doc.Manifest.Service)
	for _, p := range r.replicasOf(doc.Manifest.Name) {
		if !p.live() {
			continue
		}
		replica := workload.Replica{
			Name: p.record.Name, PID: int64(p.status.Process.PID), Version: p.record.Service.Version, Ready: p.ready(),
			Updated: p.updated(doc.UID, template), Restarts: p.record.Restarts, Started: p.status.Started,
		}
		status.Replicas = append(status.Replicas, replica)
		if !replica.Ready {
			continue
		}
		status.Ready++
		if replica.Updated {
			status.UpdatedReady++
		}
		if replica.Version != 0 && !slices.Contains(status.Versions, replica.Version) {
			status.Versions = append(status.Versions, replica.Version)
		}
	}
	slices.Sort(status.Versions)
	return status
}

// holdUp is what a replica that is not ready says of itself: whoever waits for a roll-out may give up before the replica's
// own time is up, and wants to know why.
func (r *runner) holdUp(now time.Time, doc document) (message, logTail string) {
	template := templateHash(*doc.Manifest.Service)
	for _, p := range r.replicasOf(doc.Manifest.Name) {
		if !p.live() || p.leaving() || p.health == nil || !p.updated(doc.UID, template) || now.Sub(p.seen) < holdUpAfter {
			continue
		}
		if ready, _, reason := p.health.state(); !ready {
			if now.Sub(p.looked) >= holdUpAfter { // not at every step: it may say much
				p.looked, p.soFar = now, p.logTail()
			}
			return fmt.Sprintf("replica %s is not ready: %s", p.record.Name, reason), p.soFar
		}
	}
	return "", ""
}

// holdUpAfter is how long a replica may start before it is asked what it waits for, and how often it is asked again.
const holdUpAfter = time.Second

func (r *runner) gatewayMessage(service workload.Service) string {
	if service.Port == "" {
		return ""
	}
	return r.gatewayProblem
}

// stoppedStatus is what a workload looks like once the runner has stopped everything.
func (r *runner) stoppedStatus(k key, doc document) workload.Status {
	if k.kind != workload.KindService {
		return r.finalStatus(k, doc)
	}
	status := workload.Status{Message: "stopped with `mlops local`"}
	if state, ok := r.services[doc.UID]; ok {
		status.ObservedHash = state.hash
	}
	return status
}

// writeStatus writes what was observed, if it differs from what was written last.
func (r *runner) writeStatus(now time.Time, k key, doc document, status workload.Status) {
	last, known := r.written[k]
	if !known {
		_ = readJSON(r.folder.status(k.kind, k.name), &last) // none yet, or a broken one: it is written anew
	}
	status.Time = last.Status.Time
	next := statusDocument{UID: doc.UID, Status: status}
	if reflect.DeepEqual(last, next) {
		r.written[k] = next
		return
	}
	next.Status.Time = now.UTC()
	if err := writeJSON(r.folder.status(k.kind, k.name), next); err != nil {
		r.complain(k.String(), err)
		return
	}
	r.written[k] = next
}
