package local

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// replicas writes views as letters: N new, n new and not ready, O old, o old and not ready; the first is the oldest.
func replicas(letters string) []replicaView {
	var views []replicaView
	for i, letter := range letters {
		views = append(views, replicaView{
			name: fmt.Sprintf("%c%d", letter, i), updated: letter == 'N' || letter == 'n', ready: letter == 'N' || letter == 'O',
			created: time.Unix(int64(i), 0),
		})
	}
	return views
}

func TestPlanOfAService(t *testing.T) {
	cases := map[string]struct {
		replicas string
		wanted   int
		hold     bool // back-off
		revive   bool
		want     servicePlan
	}{
		"the first start is all at once":              {"", 2, false, false, servicePlan{start: 2}},
		"back-off holds":                              {"", 2, true, false, servicePlan{}},
		"all is well":                                 {"NN", 2, false, false, servicePlan{}},
		"waiting":                                     {"Nn", 2, false, false, servicePlan{}},
		"scaled up":                                   {"N", 3, false, false, servicePlan{start: 2}},
		"scaled down, not ready first":                {"nNN", 1, false, false, servicePlan{stop: []string{"n0", "N2"}}},
		"scaled to nothing":                           {"NO", 0, false, false, servicePlan{stop: []string{"N0", "O1"}}},
		"a roll-out begins with one more":             {"OO", 2, false, false, servicePlan{start: 1}},
		"and waits for it":                            {"OOn", 2, false, false, servicePlan{}},
		"and takes one old away":                      {"OON", 2, false, false, servicePlan{stop: []string{"O1"}}},
		"and goes on":                                 {"ON", 2, false, false, servicePlan{start: 1}},
		"and ends":                                    {"ONN", 2, false, false, servicePlan{stop: []string{"O0"}}},
		"the sick old one goes first":                 {"OoN", 2, false, false, servicePlan{stop: []string{"o1"}}},
		"a roll-out that fails keeps the old":         {"OO", 2, true, true, servicePlan{}},
		"and makes up for an old one that died":       {"O", 2, true, true, servicePlan{revive: 1}},
		"also while the next try is under way":        {"On", 2, false, true, servicePlan{revive: 1}},
		"what was rolled out last serves when nobody": {"", 2, true, true, servicePlan{revive: 2}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := planService(circumstances{wanted: c.wanted, mayStart: !c.hold, mayRevive: c.revive}, replicas(c.replicas))
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// However replicas become ready and die, a plan never lets fewer serve than are wanted by its own doing, never runs more
// than one beyond what it must, and comes to its end once they become ready.
func TestPlanKeepsServing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		views := replicas(rapid.StringMatching(`[NnOo]{0,6}`).Draw(t, "replicas"))
		now := circumstances{
			wanted: rapid.IntRange(0, 4).Draw(t, "wanted"), mayStart: true, mayRevive: rapid.Bool().Draw(t, "may revive"),
		}
		for step := 0; ; step++ {
			if step > 50 {
				t.Fatalf("no end: %+v", views)
			}
			before := countReady(views)
			plan := planService(now, views)
			if plan.start == 0 && plan.revive == 0 && len(plan.stop) == 0 && before == len(views) {
				break
			}
			views = carryOut(plan, views, step)
			if after := countReady(views); after < min(before, now.wanted) {
				t.Fatalf("%+v took ready replicas from %d to %d of %d wanted", plan, before, after, now.wanted)
			}
			for i := range views { // whatever was started becomes ready
				views[i].ready = true
			}
		}
		if len(views) != now.wanted {
			t.Fatalf("ends with %d replicas, want %d", len(views), now.wanted)
		}
		for _, view := range views {
			if !view.updated {
				t.Fatalf("ends with an old replica: %+v", views)
			}
		}
	})
}

func countReady(views []replicaView) int {
	ready := 0
	for _, view := range views {
		if view.ready {
			ready++
		}
	}
	return ready
}

func carryOut(plan servicePlan, views []replicaView, step int) []replicaView {
	var next []replicaView
	for _, view := range views {
		stopped := false
		for _, name := range plan.stop {
			stopped = stopped || name == view.name
		}
		if !stopped {
			next = append(next, view)
		}
	}
	for i := range plan.start + plan.revive {
		next = append(next, replicaView{name: fmt.Sprintf("s%d-%d", step, i), updated: i < plan.start, created: time.Unix(int64(100+step), 0)})
	}
	return next
}
