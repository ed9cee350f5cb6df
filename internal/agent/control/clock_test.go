package control

import (
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// A clock that was set back by days neither breaks the log nor stops time: a promotion is watched, and a wait expires.
func TestClockSetBack(t *testing.T) {
	p := newPlant(t)
	automatic := policy()
	automatic.Approval.Mode = mlops.ApprovalAutomatic
	p.declare(flights()...)
	p.declare(automatic)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	p.advance(-72 * time.Hour)
	p.declare(training("2.0.0"))
	p.publish(2)
	p.settle(controller)
	if champion, _ := p.state().Champion(); champion.Number != 2 {
		t.Fatalf("the champion is %d, want 2: %v", champion.Number, p.types())
	}
	// As well for a controller that was started since, and for a service that is never ready.
	p.advance(-72 * time.Hour)
	p.workloads.Hold("delay", "panic: no such model")
	p.ask(mlops.Request{Action: mlops.ActionRollback, Version: 1})
	again := p.controller()
	for range 30 {
		if err := p.turn(again); err != nil {
			t.Fatal(err)
		}
	}
	if run := p.last(); run.State != mlops.RunRolledBack {
		t.Errorf("the run is %s, want it rolled back when its time was over", run.State)
	}
	// When the clock is right again nothing is overdue that was not.
	p.advance(144 * time.Hour)
	p.workloads.Hold("delay", "")
	p.ask(mlops.Request{Action: mlops.ActionRollback, Version: 1})
	p.settle(again)
	if champion, _ := p.state().Champion(); champion.Number != 1 {
		t.Errorf("the champion is %d, want 1: %v", champion.Number, p.types())
	}
}
