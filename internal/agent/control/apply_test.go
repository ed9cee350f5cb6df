package control

import (
	"errors"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// far is what flights declares in a project whose controller alone may talk to its cluster.
func far(version string) mlops.Project {
	return mlops.Project{Name: "flights", OnDestroy: mlops.OnDestroyRefuse, AgentVersion: version, Azure: &mlops.Azure{
		ApplyFrom: mlops.ApplyFromController, Clusters: map[string]mlops.AzureCluster{"weu": {Host: "https://127.0.0.1:1", Namespace: "flights"}},
	}}
}

// The controller that alone may talk to a cluster declares what the provider would, says what it sees, once for as long as
// that does not change, and what goes is said to be gone, also by a controller that was started since.
func TestControllerAppliesAndReports(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.declare(far("0.1.0"))
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	if _, err := p.project.ControllerSeen(t.Context()); err != nil {
		t.Errorf("no sign of life: %v", err)
	}
	live, err := p.workloads.Get(t.Context(), workload.KindSchedule, "delay")
	if err != nil {
		t.Fatalf("the monitor's schedule: %v", err)
	}
	for kind, want := range map[workload.Kind]string{workload.KindSchedule: live.Manifest.Hash(), workload.KindService: ""} {
		seen, err := p.project.Observed(t.Context(), kind, "delay")
		if err != nil || want != "" && seen.Live.Manifest.Hash() != want || !seen.Live.InSync() {
			t.Errorf("%s: reported %+v, %v", kind, seen, err)
		}
	}
	reports := len(p.store.Keys("standing/observed/"))
	before := p.store.Keys("standing/observed/")[reports-1]
	p.settle(controller)
	if after := p.store.Keys("standing/observed/"); len(after) != reports || after[reports-1] != before {
		t.Errorf("what has not changed is reported again: %v", after)
	}

	if err := p.project.DeleteSpec(t.Context(), mlops.KindDriftMonitor, "delay", ""); err != nil {
		t.Fatal(err)
	}
	if err := p.project.DeleteSpec(t.Context(), mlops.KindDeployment, "delay", ""); err != nil {
		t.Fatal(err)
	}
	p.settle(p.controller())
	for _, kind := range []workload.Kind{workload.KindSchedule, workload.KindService} {
		if _, err := p.workloads.Get(t.Context(), kind, "delay"); !errors.Is(err, mlops.ErrNotFound) {
			t.Errorf("%s: %v, want it gone", kind, err)
		}
		if _, err := p.project.Observed(t.Context(), kind, "delay"); !errors.Is(err, mlops.ErrNotFound) {
			t.Errorf("report of %s: %v, want that it is gone", kind, err)
		}
	}
}

// A hand edit is repaired by the only one who can, and a controller that is too old for its project replaces itself.
func TestControllerRepairsAndRollsItself(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.declare(far("0.1.0"))
	p.publish(1)
	own := far("0.1.0")
	if _, err := p.workloads.Apply(t.Context(), workload.Control(own, workload.Seen{}), ""); err != nil { // as installed
		t.Fatal(err)
	}
	controller := p.controller()
	p.settle(controller)
	monitor, err := p.workloads.Get(t.Context(), workload.KindSchedule, "delay")
	if err != nil {
		t.Fatal(err)
	}
	edited := monitor.Manifest
	schedule := *edited.Schedule
	schedule.Cron = "0 0 1 1 *"
	edited.Schedule = &schedule
	if _, err := p.workloads.Apply(t.Context(), edited, monitor.Revision); err != nil {
		t.Fatal(err)
	}
	p.settle(controller)
	if monitor, _ = p.workloads.Get(t.Context(), workload.KindSchedule, "delay"); monitor.Manifest.Schedule.Cron != "*/5 * * * *" {
		t.Errorf("the schedule is %q: the edit stands", monitor.Manifest.Schedule.Cron)
	}

	p.project.AgentVersion = "0.2.0"
	p.declare(far("0.2.0"))
	p.project.AgentVersion = "0.1.0"
	document, err := p.project.SpecDocument(t.Context(), mlops.KindProject, "flights")
	if err != nil {
		t.Fatal(err)
	}
	if err := controller.Pass(t.Context()); !errors.Is(err, mlops.ErrOutdated) {
		t.Errorf("%v, want that it is too old", err)
	}
	rolled, err := p.workloads.Get(t.Context(), workload.KindService, workload.ControlService)
	if err != nil || rolled.Manifest.SpecSequence != document.Sequence {
		t.Errorf("the controller is of spec %d, want %d: %v", rolled.Manifest.SpecSequence, document.Sequence, err)
	}
}
