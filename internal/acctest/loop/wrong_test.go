//go:build linux

package loop

import (
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Trainers, evaluators and servers that go wrong, one after another: each run says what went wrong, with the end of its
// log, and the champion answers all the time.
func TestWhatGoesWrongStopsAtItsRun(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.begin(mlops.ApprovalAutomatic)
	s.publish(1)
	s.awaitServed(1)
	load := s.startTraffic()
	s.awaitMore(load, 10)
	for _, wrong := range []struct {
		behaviour string
		ends      mlops.EventType
		shown     []string // by mlops runs show
	}{
		{"exit", mlops.RunFailed, []string{"Failed in train, exit code 1", "it does not converge, as it was told not to"}},
		{"no_model", mlops.RunFailed, []string{"Failed in train", "all is well, and there is no model"}},
		{"nan", mlops.RunFailed, []string{"Failed in evaluate-candidate", "NaN"}},
		{"no_metrics", mlops.RunFailed, []string{"Failed in evaluate-candidate", "metrics.json"}},
		{"memorise", mlops.RunRejected, []string{"auc", "rejected", "minimum"}},
		{"unhealthy", mlops.RunRolledBack, []string{"Failed in roll-out", "503", "not ready"}},
	} {
		seen := len(s.events())
		if wrong.behaviour == "unhealthy" {
			s.put(deployment(mlops.Duration(4 * time.Second)))
		}
		s.put(s.training(map[string]string{"behaviour": wrong.behaviour}))
		over := s.awaitEvent(seen, wrong.ends)
		shown := s.must("runs", "show", over.RunID)
		for _, want := range wrong.shown {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: %q is not shown:\n%s", wrong.behaviour, want, shown)
			}
		}
		if s.champion() != 1 {
			t.Errorf("%s: the champion is version %d", wrong.behaviour, s.champion())
		}
		s.awaitMore(load, 10)
	}
	s.awaitServed(1)
	load.stop()
	if failed := load.failed.Load(); failed > 0 {
		t.Errorf("%d of %d requests failed meanwhile: %v", failed, failed+load.answered.Load(), load.last.Load())
	}
	if alerts := s.documents("alerts/"); len(alerts) != 7 {
		t.Errorf("%d messages to the owners, want one of the promotion and one of each of the six: %v", len(alerts), alerts)
	}
	s.must("audit", "verify")
}
