//go:build linux || darwin

package local

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// serviceState is what the runner remembers of a service from step to step.
type serviceState struct {
	hash     string              // of the manifest that the rest is about
	backOffs map[string]*backOff // by template
	restarts []int64             // of failed replicas that wait to be continued
	message  string
	logTail  string
	rolled   *workload.Service // what was rolled out in full last; nil where nothing was
	complete bool
}

func (s *serviceState) backOff(template string) *backOff {
	if s.backOffs[template] == nil {
		s.backOffs[template] = &backOff{}
	}
	return s.backOffs[template]
}

// rolledDocument is rolled/<name>.json.
type rolledDocument struct {
	UID     string           `json:"uid"`
	Service workload.Service `json:"service"`
}

func (r *runner) serviceState(doc document) *serviceState {
	state, ok := r.services[doc.UID]
	if ok {
		return state
	}
	state = &serviceState{backOffs: map[string]*backOff{}}
	r.services[doc.UID] = state
	var rolled rolledDocument
	err := readJSON(r.folder.rolled(doc.Manifest.Name), &rolled)
	if err == nil && rolled.UID == doc.UID {
		state.rolled = &rolled.Service
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.complain("services/"+doc.Manifest.Name, err)
	}
	return state
}

// tendService takes a service one step further.
func (r *runner) tendService(now time.Time, doc document) {
	replicas := r.replicasOf(doc.Manifest.Name)
	if doc.broken != nil { // what runs goes on as it is
		r.routeService(doc, replicas, 0, doc.broken.Error())
		return
	}
	service, state := *doc.Manifest.Service, r.serviceState(doc)
	template := templateHash(service)
	if hash := doc.Manifest.Hash(); state.hash != hash {
		state.hash, state.message, state.logTail, state.complete = hash, "", "", false
	}
	for _, p := range replicas {
		r.noteReplica(now, doc, state, p)
	}
	plan := planService(state.circumstances(now, service, template), r.views(doc.UID, template, replicas))
	for _, name := range plan.stop {
		r.pods[name].draining = now
	}
	for range plan.start {
		r.startReplica(now, doc, state, service)
	}
	for range plan.revive {
		r.startReplica(now, doc, state, *state.rolled)
	}
	r.routeService(doc, replicas, wantedReplicas(service), state.message)
	for _, p := range replicas {
		if p.live() && p.leaving() {
			if err := p.retire(now); err != nil {
				r.complain("pod "+p.record.Name, err)
			}
		}
	}
	r.reportService(now, doc, state)
}

func (s *serviceState) circumstances(now time.Time, service workload.Service, template string) circumstances {
	c := circumstances{wanted: wantedReplicas(service), mayStart: s.backOff(template).passed(now)}
	if s.rolled != nil {
		rolled := templateHash(*s.rolled)
		failing := s.backOff(template).failures > 0 || s.backOff(rolled).failures > 0
		c.mayRevive = rolled != template && failing && s.backOff(rolled).passed(now)
	}
	return c
}

// replicasOf lists the pods of a service, oldest first.
func (r *runner) replicasOf(service string) []*pod {
	var replicas []*pod
	for _, p := range r.pods {
		if p.record.Kind == workload.KindService && p.record.Workload == service {
			replicas = append(replicas, p)
		}
	}
	slices.SortFunc(replicas, func(a, b *pod) int {
		return cmp.Or(a.record.Created.Compare(b.record.Created), cmp.Compare(a.record.Name, b.record.Name))
	})
	return replicas
}

func (r *runner) views(uid, template string, replicas []*pod) []replicaView {
	var views []replicaView
	for _, p := range replicas {
		if !p.live() || p.leaving() {
			continue
		}
		views = append(views, replicaView{
			name: p.record.Name, updated: p.updated(uid, template), ready: p.ready(), created: p.record.Created,
		})
	}
	return views
}

// updated says that the pod was made from the template of this life of its service.
func (p *pod) updated(uid, template string) bool {
	return p.record.UID == uid && p.record.Template == template
}

// noteReplica finds out whether a replica has failed: by its end, by its probes, or by not becoming ready in time.
func (r *runner) noteReplica(now time.Time, doc document, state *serviceState, p *pod) {
	if !p.live() {
		if p.health != nil {
			p.health.stop()
		}
		if !p.reported && !p.leaving() {
			r.replicaFailed(now, doc, state, p, p.status.Message)
		}
		p.reported = true
		return
	}
	if p.leaving() || p.health == nil {
		if !p.leaving() && r.late(now, p) {
			r.replicaFailed(now, doc, state, p, fmt.Sprintf("not ready within %s: its init containers have not ended", p.record.Service.ReadyTimeout))
			p.draining = now
		}
		return
	}
	ready, dead, reason := p.health.state()
	switch {
	case dead:
		r.replicaFailed(now, doc, state, p, fmt.Sprintf("%d health checks in a row failed: %s", livenessFailures, reason))
		p.draining = now
	case !ready && r.late(now, p):
		r.replicaFailed(now, doc, state, p, fmt.Sprintf("not ready within %s: %s", p.record.Service.ReadyTimeout, reason))
		p.draining = now
	}
}

func (r *runner) late(now time.Time, p *pod) bool {
	timeout := p.record.Service.ReadyTimeout.Std()
	return timeout > 0 && now.Sub(p.seen) > timeout
}

// replicaFailed takes note of a failure and spaces the next start.
func (r *runner) replicaFailed(now time.Time, doc document, state *serviceState, p *pod, why string) {
	state.backOff(p.record.Template).failed(now)
	state.restarts = append(state.restarts, p.record.Restarts+1)
	state.message = fmt.Sprintf("replica %s: %s", p.record.Name, why)
	state.logTail = p.logTail()
	p.reported = true
	r.log.Warn("replica failed", "service", doc.Manifest.Name, "pod", p.record.Name, "reason", why)
	r.say("service %s: %s", doc.Manifest.Name, state.message)
}

// startReplica starts one replica of a declaration.
func (r *runner) startReplica(now time.Time, doc document, state *serviceState, service workload.Service) {
	record := podRecord{
		Kind: workload.KindService, Workload: doc.Manifest.Name, UID: doc.UID, Template: templateHash(service),
		Service: &service, Pod: service.Pod,
	}
	if len(state.restarts) > 0 {
		record.Restarts, state.restarts = state.restarts[0], state.restarts[1:]
	}
	record.Name = r.freePodName(doc.Manifest.Name)
	if err := r.startPod(now, record); err != nil {
		state.backOff(record.Template).failed(now)
		state.message = err.Error()
		r.complain("services/"+doc.Manifest.Name, err)
	}
}

// routeService tells the gateway which replicas take traffic.
func (r *runner) routeService(doc document, replicas []*pod, wanted int, message string) {
	if doc.broken == nil && doc.Manifest.Service.Port == "" {
		return
	}
	var backends []*backend
	var version int64
	for _, p := range replicas {
		if p.ready() && p.backend != nil {
			backends = append(backends, p.backend)
			version = max(version, p.record.Service.Version)
		}
	}
	r.gateway.routes.set(doc.Manifest.Name, backends, int64(wanted), version, message)
}
