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
	requested waiting_for_data
	joined requested joined training trained evaluated registered awaiting_approval
	approved promoting promoted
	requested promoting promoted
	requested promoting promoted`)

func TestFullLoop(t *testing.T) {
	p := newPlant(t)
	controller := p.controller()
	fullLoop(t, p, func() { p.settle(controller) })
	t.Log(p.types())
	t.Log(p.notifier.sent)
	t.Log(p.workloads.Created())
	for _, run := range p.state().Runs {
		t.Log(run.ID, run.State, run.Causes, run.Reason)
	}
}
