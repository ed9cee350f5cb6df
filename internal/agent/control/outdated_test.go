package control

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// A document of a later schema cannot be read, and says why in what of it can.
func TestLaterSchemaIsNotWrittenTo(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.store.Put("specs/models/other/000000000001.json", []byte(`{"schema": "mlops/spec/v2", "kind": {"plural": "models"}, "name": "other"}`))
	if err := p.turn(p.controller()); !errors.Is(err, mlops.ErrOutdated) || !strings.Contains(err.Error(), "mlops/spec/v2") {
		t.Errorf("%v, want a refusal that names the schema", err)
	}
	if keys := p.store.Keys("logs/"); len(keys) != 0 {
		t.Errorf("logs were written: %v", keys)
	}
}

// A controller that is older than the provider that was last applied writes nothing and reads on; once it is replaced by one
// that is new enough, or the declaration by an older one, all goes on. It asks the store no more for knowing.
func TestOutdatedControllerWritesNothing(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	before := p.store.Keys("")
	p.project.AgentVersion = "0.3.0"
	p.declare(training("2.0.0"))
	p.project.AgentVersion = "0.1.0"
	declared := len(before) + 1
	for range 5 {
		err := p.turn(controller)
		if !errors.Is(err, mlops.ErrOutdated) || !strings.Contains(err.Error(), "provider 0.3.0; this mlops is 0.1.0: update mlops") {
			t.Fatalf("%v, want a refusal that says what to do", err)
		}
	}
	if now := p.store.Keys(""); len(now) != declared {
		t.Errorf("there are %d documents, want %d: %v", len(now), declared, now)
	}
	p.store.ResetCalls()
	_ = controller.Pass(t.Context())
	if got, want := p.store.CallCounts(), (map[string]int{"list": 1}); !maps.Equal(got, want) {
		t.Errorf("a refused pass asks %v, want %v", got, want)
	}
	p.project.AgentVersion = "0.3.1-dev"
	p.settle(p.controller())
	if run := p.last(); run.State != mlops.RunAwaitingApproval {
		t.Errorf("the run is %s: %v", run.State, p.types())
	}
}
