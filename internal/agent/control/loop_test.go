package control

import (
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// A model without a version is filled, served and promoted without anybody asking.
func TestBootstrapIsPromoted(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	p.settle(p.controller())
	want := []string{"model_created", "requested", "training", "trained", "evaluated", "registered", "approved", "promoting", "promoted"}
	if got := p.types(); !slices.Equal(got, want) {
		t.Fatalf("events\n got %v\nwant %v", got, want)
	}
	live, err := p.workloads.Get(t.Context(), "services", "delay")
	if err != nil || live.Manifest.Service.Version != 1 {
		t.Errorf("served version %v, %v; want 1", live.Manifest.Service, err)
	}
	if got := p.notifier.topics(); !slices.Equal(got, []string{"promoted"}) {
		t.Errorf("notifications %v, want one that it was promoted", got)
	}
}

// fullLoop is the story of the demo: bootstrap, drift that waits, new data and code, approval, rollback and forward again.
func fullLoop(t *testing.T, p *plant, settle func()) {
	t.Helper()
	p.declare(flights()...)
	p.publish(1)
	settle()
	p.drift("delay-1", mlops.VerdictDataQuality)
	settle()
	p.monitorEvent(mlops.MonitorEvent{Type: mlops.EpisodeClosed, EpisodeID: "delay-1", WindowEnd: p.clock()})
	p.drift("delay-2", mlops.VerdictCovariate)
	settle()
	p.declare(training("2.0.0"))
	p.publish(2)
	settle()
	p.ask(mlops.Request{Action: mlops.ActionApprove, RunID: p.last().ID, Reason: "better"})
	settle()
	p.ask(mlops.Request{Action: mlops.ActionRollback, Version: 1, Reason: "practice"})
	settle()
	p.ask(mlops.Request{Action: mlops.ActionRollback, Version: 2, Reason: "forward"})
	settle()
}

var fullStory = strings.Fields(`model_created requested training trained evaluated registered approved promoting promoted
	refused
	requested waiting_for_data joined training joined trained evaluated registered awaiting_approval
	approved promoting promoted
	requested promoting promoted
	requested promoting promoted`)

// The whole story is told once: every trigger has its run, every attempt one job, every event one notification.
func TestFullLoop(t *testing.T) {
	p := newPlant(t)
	controller := p.controller()
	fullLoop(t, p, func() { p.settle(controller) })
	p.checkFullLoop("undisturbed")
}

func (p *plant) checkFullLoop(when string) {
	p.t.Helper()
	if got := p.types(); !slices.Equal(got, fullStory) {
		p.t.Errorf("%s: events\n got %v\nwant %v", when, got, fullStory)
	}
	state := p.state()
	if champion, _ := state.Champion(); champion.Number != 2 || len(state.Versions) != 2 {
		p.t.Errorf("%s: champion %d of %d versions, want 2 of 2", when, champion.Number, len(state.Versions))
	}
	created := p.workloads.Created()
	for name, count := range created {
		if count != 1 {
			p.t.Errorf("%s: %s was declared %d times, want once", when, name, count)
		}
	}
	if len(created) != 6 { // two trainings, three evaluations, one service
		p.t.Errorf("%s: declared %v, want 6 workloads", when, created)
	}
	want := []string{"approval", "data_quality", "data_quality", "drift", "promoted", "promoted", "promoted", "promoted"}
	if got := p.notifier.topics(); !slices.Equal(got, want) {
		p.t.Errorf("%s: notifications %v, want %v", when, got, want)
	}
	if left := p.store.Keys("requests/"); len(left) > 0 {
		p.t.Errorf("%s: the inbox still holds %v", when, left)
	}
}
