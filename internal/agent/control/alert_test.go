package control

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/alert"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// An alert over the controller's own gauges, however often it comes, and the controller's own reading of the episode make
// one run. An alert that names a model makes one, too, however often it comes, also after it was answered.
func TestAlertsMakeOneRun(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	p.drift("delay-1", mlops.VerdictCovariate)
	woken := 0
	actions := alert.NewActions(p.project, func() { woken++ })
	tell := func(found alert.Alert) {
		t.Helper()
		if _, err := actions.Act(t.Context(), found); err != nil {
			t.Error(err)
		}
	}
	own := alert.Alert{ID: "/alerts/A1", Properties: map[string]string{mlops.AlertPropertySignal: "drift"}}
	before := len(p.state().Runs)
	tell(own)
	p.settle(controller)
	tell(own)
	p.settle(controller)
	if got := len(p.state().Runs) - before; got != 1 || woken != 2 {
		t.Errorf("%d runs for one episode, woken %d times", got, woken)
	}

	hand := alert.Alert{ID: "/alerts/A2", Rule: "accuracy", Severity: "Sev3", Fired: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC), Properties: map[string]string{"model": "delay"}}
	p.publish(2)
	for range 3 {
		tell(hand)
	}
	p.settle(controller)
	causes := func() int {
		found := 0
		for cause := range p.state().Causes {
			if strings.HasPrefix(cause, "request:azure-monitor/") {
				found++
			}
		}
		return found
	}
	if causes() != 1 {
		t.Errorf("%d causes for one alert", causes())
	}
	runs := len(p.state().Runs)
	tell(hand)
	p.settle(controller)
	if causes() != 1 || len(p.state().Runs) != runs {
		t.Errorf("a delivery that came again made another run")
	}
	if left, err := p.project.Requests(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
	hand.Resolved = true
	tell(hand)
	for name, bad := range map[string]alert.Alert{
		"no model": {ID: "x"}, "no such model": {ID: "x", Properties: map[string]string{"model": "other"}}, "no name": {ID: "x", Properties: map[string]string{"model": "../x"}},
	} {
		if _, err := actions.Act(t.Context(), bad); !errors.Is(err, mlops.ErrInvalid) && !errors.Is(err, mlops.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
