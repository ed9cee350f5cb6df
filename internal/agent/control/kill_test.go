package control

import (
	"errors"
	"fmt"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/fakeworkloads"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

var errKilled = errors.New("killed")

// reaper kills the controller at its n-th effect on store or platform: before it, or after it and before the reply.
type reaper struct {
	at     int
	before bool
	count  int
	dead   bool
}

func (r *reaper) arm(p *plant) {
	effect := map[string]bool{memstore.VerbCreate: true, memstore.VerbDelete: true, fakeworkloads.VerbApply: true}
	before := func(verb, _ string) error {
		switch {
		case !p.armed:
			return nil
		case r.dead:
			return errKilled
		case effect[verb]:
			r.count++
			if r.before && r.count == r.at {
				r.dead = true
				return errKilled
			}
		}
		return nil
	}
	after := func(verb, _ string) error {
		if p.armed && !r.before && effect[verb] && r.count == r.at {
			r.dead = true
			return errKilled
		}
		return nil
	}
	p.store.Before, p.store.After, p.workloads.Before, p.workloads.After = before, after, before, after
}

// A controller that dies at any effect, before or after it, is replaced by one that ends in the same place: nothing twice,
// nothing lost.
func TestKilledAtEveryEffect(t *testing.T) {
	undisturbed := &reaper{}
	loopWith(t, undisturbed)
	if undisturbed.count < 60 {
		t.Fatalf("the loop has %d effects: this test would prove little", undisturbed.count)
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for at := 1; at <= undisturbed.count && !t.Failed(); at += step {
		for _, before := range []bool{true, false} {
			p := loopWith(t, &reaper{at: at, before: before})
			p.checkFullLoop(fmt.Sprintf("killed at effect %d, before=%t", at, before))
		}
	}
}

func loopWith(t *testing.T, r *reaper) *plant {
	p := newPlant(t)
	r.arm(p)
	controller := p.controller()
	fullLoop(t, p, func() {
		for {
			dead := p.settleOrDie(controller, r)
			if !dead {
				return
			}
			controller, r.dead, r.at = p.controller(), false, -1
		}
	})
	return p
}

// settleOrDie is settle, and says whether the controller died meanwhile.
func (p *plant) settleOrDie(controller *Controller, r *reaper) (dead bool) {
	p.t.Helper()
	still, last := 0, int64(-1)
	for range 300 {
		err := p.turn(controller)
		if r.dead {
			return true
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if sequence := p.head(); sequence == last {
			still++
		} else {
			still, last = 0, sequence
		}
		if still > 3 {
			return false
		}
	}
	p.t.Fatalf("the log is not still: %v", p.types())
	return false
}

// head is the number of events in the log.
func (p *plant) head() int64 { return int64(len(p.store.Keys("logs/delay/"))) }
