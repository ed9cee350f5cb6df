package control

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// trainings counts the training jobs that were ever declared.
func (p *plant) trainings() int {
	count := 0
	for name, times := range p.workloads.Created() {
		if len(name) > 6 && name[len(name)-6:] == "-train" {
			count += times
		}
	}
	return count
}

// together makes passes of several controllers at once until the log is still.
func (p *plant) together(controllers ...*Controller) {
	p.t.Helper()
	still, last := 0, int64(-1)
	for range 300 {
		var wait sync.WaitGroup
		for _, controller := range controllers {
			wait.Go(func() {
				if err := controller.Pass(p.t.Context()); err != nil {
					p.t.Error(err)
				}
			})
		}
		wait.Wait()
		p.workloads.Step(p.clock())
		p.advance(5 * time.Second)
		if head := p.head(); head == last {
			still++
		} else {
			still, last = 0, head
		}
		if still > 3 {
			return
		}
	}
	p.t.Fatalf("the log is not still: %v", p.types())
}

// Two controllers that see two different triggers in the same moment make one training job, and both causes are recorded.
func TestTwoControllersTwoTriggersOneTraining(t *testing.T) {
	for round := range 20 {
		p := newPlant(t)
		p.declare(flights()...)
		p.publish(1)
		controllers := []*Controller{p.controller(), p.controller(), p.controller()}
		p.together(controllers...)
		before := p.trainings()
		p.publish(2)
		p.declare(training("2.0.0"))
		p.drift("delay-1", mlops.VerdictCovariate)
		p.ask(mlops.Request{Action: mlops.ActionTrain, Actor: mlops.Actor{Name: "ada"}})
		p.ask(mlops.Request{Action: mlops.ActionTrain, Actor: mlops.Actor{Name: "bob"}})
		p.together(controllers...)
		if made := p.trainings() - before; made != 1 {
			t.Fatalf("round %d: %d training jobs, want 1: %v", round, made, p.types())
		}
		kinds := map[mlops.CauseKind]int{}
		for _, cause := range p.last().Causes {
			kinds[cause.Kind]++
		}
		want := map[mlops.CauseKind]int{mlops.CauseRequest: 2, mlops.CauseCode: 1, mlops.CauseDatasetVersion: 1, mlops.CauseDrift: 1}
		if !maps.Equal(kinds, want) {
			t.Fatalf("round %d: causes %v, want %v", round, kinds, want)
		}
	}
}

// A thousand people who press the button while nothing runs make one run.
func TestThousandCopiesOneRun(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controllers := []*Controller{p.controller(), p.controller()}
	p.together(controllers...)
	before := p.trainings()
	for i := range 1000 {
		p.ask(mlops.Request{Action: mlops.ActionTrain, Actor: mlops.Actor{Name: fmt.Sprintf("webhook-%d", i%7)}})
	}
	p.together(controllers...)
	if made := p.trainings() - before; made != 1 {
		t.Errorf("%d training jobs, want 1", made)
	}
	if causes := len(p.last().Causes); causes != 1000 {
		t.Errorf("%d causes are recorded, want 1000", causes)
	}
	if left := len(p.store.Keys("requests/")); left != 0 {
		t.Errorf("%d requests are left in the inbox", left)
	}
}

// A drift that lasts makes one episode, one alert and one run, however often it is looked at.
func TestLongDriftOneRun(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	p.drift("delay-1", mlops.VerdictCovariate)
	for range 300 {
		if err := p.turn(controller); err != nil {
			t.Fatal(err)
		}
		p.advance(5 * time.Minute)
	}
	if got := p.types()[9:]; !slices.Equal(got, []string{"requested", "waiting_for_data"}) {
		t.Errorf("events after the bootstrap: %v, want one run that waits for data", got)
	}
	if got := p.notifier.topics(); !slices.Equal(got, []string{"drift", "promoted"}) {
		t.Errorf("notifications %v, want one about the drift", got)
	}
}
