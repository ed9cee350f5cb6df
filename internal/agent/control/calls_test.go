package control

import (
	"maps"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// history appends freezes and thaws.
func (p *plant) history(events int) {
	p.t.Helper()
	state, err := p.project.Model(p.t.Context(), "delay")
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range events {
		kind := mlops.ModelFrozen
		if i%2 == 1 {
			kind = mlops.ModelThawed
		}
		if state, err = p.project.AppendModel(p.t.Context(), state, mlops.Event{Type: kind, Actor: mlops.Controller}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// What a pass, a controller that starts, and a reader that opens the model ask of the store does not grow with history.
func TestCallsDoNotGrowWithHistory(t *testing.T) {
	long := 100_000
	if testing.Short() {
		long = 2_000
	}
	asked := func(events int) (pass, cold, open map[string]int) {
		p := newPlant(t)
		p.declare(flights()...)
		p.publish(1)
		controller := p.controller()
		p.settle(controller)
		p.history(events)
		p.settle(controller)
		count := func(act func() error) map[string]int {
			p.store.ResetCalls()
			if err := act(); err != nil {
				t.Fatal(err)
			}
			return p.store.CallCounts()
		}
		pass = count(func() error { return controller.Pass(t.Context()) })
		cold = count(func() error { return p.controller().Pass(t.Context()) })
		open = count(func() error { _, err := p.project.Model(t.Context(), "delay"); return err })
		return pass, cold, open
	}
	shortPass, shortCold, shortOpen := asked(10)
	longPass, longCold, longOpen := asked(long)
	t.Logf("calls after 10 and after %d events: pass %v, start %v, open %v", long, longPass, longCold, longOpen)
	if !maps.Equal(shortPass, longPass) || !maps.Equal(shortCold, longCold) || !maps.Equal(shortOpen, longOpen) {
		t.Errorf("after 10 events: pass %v, start %v, open %v; after %d: %v, %v, %v",
			shortPass, shortCold, shortOpen, long, longPass, longCold, longOpen)
	}
	if longPass["read"] != 2 || longPass["list"] != 3 || longPass["create"] != 0 {
		t.Errorf("an idle pass asks %v, want one read a log and three listings", longPass)
	}
}
