//go:build linux

package loop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// A replica is killed under load, by each of its processes in turn. The other one answers meanwhile, a new one takes its
// place, and what failed are the requests that were under way.
func TestReplicaKilledUnderLoad(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.begin(mlops.ApprovalManual)
	s.publish(1)
	s.awaitServed(1)
	load := s.startTraffic()
	s.awaitMore(load, 50)
	for name, victim := range map[string]func(process) process{
		"model":     func(serving process) process { return serving },
		"collector": func(serving process) process { return s.some(1, "its collector", in(serving.pod, collector))[0] },
		"pod":       s.holder,
	} {
		serving := s.some(2, "two servers", server)[0]
		killed, before := victim(serving), load.failed.Load()
		s.kill9(killed)
		s.awaitReplaced(serving.pod)
		t.Logf("%s killed: %d of %d requests failed (%v)", name, load.failed.Load()-before, load.answered.Load(), load.last.Load())
		if name == "pod" && load.failed.Load()-before > 2*senders {
			t.Errorf("%d requests failed (%v), and only %d can have been under way", load.failed.Load()-before, load.last.Load(), senders)
		}
		before = load.failed.Load()
		s.awaitMore(load, 100)
		if failed := load.failed.Load() - before; failed > 0 {
			t.Errorf("%s: %d requests failed after there were two replicas again: %v", name, failed, load.last.Load())
		}
	}
	load.stop()
	s.checkOnce()
}

// in narrows a condition to the containers of one pod.
func in(pod string, condition func(process) bool) func(process) bool {
	return func(p process) bool { return p.pod == pod && condition(p) }
}

// awaitReplaced waits until two replicas are ready and a certain one, which was killed, is none of them.
func (s *scene) awaitReplaced(pod string) {
	s.t.Helper()
	s.await("another replica in place of "+pod, func() (bool, string) {
		live, err := s.open().Workloads.Get(s.t.Context(), workload.KindService, modelName)
		known := slices.ContainsFunc(live.Status.Replicas, func(r workload.Replica) bool { return r.Name == pod })
		return err == nil && !known && live.Status.Ready == 2, fmt.Sprintf("%+v %v", live.Status, err)
	})
}

// A training job is killed: the user's program first, then the process that holds the pod of the second attempt. The
// same run tries again, and the log tells of all attempts.
func TestTrainingJobKilled(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.hold()
	s.begin(mlops.ApprovalManual)
	s.publish(1)
	s.awaitWitness("train", 1)
	first := s.some(1, "the first attempt", trainer)[0]
	s.kill9(first)
	s.awaitWitness("train", 2)
	s.kill9(s.holder(s.some(1, "the second attempt", func(p process) bool { return trainer(p) && p.pid != first.pid })[0]))
	s.awaitWitness("train", 3)
	s.release()
	s.awaitServed(1)

	run := s.state().Runs[0]
	want := "requested training training training trained evaluated registered approved promoting promoted"
	if got := s.types(run.ID); got != want || run.Attempt != 3 {
		t.Errorf("attempt %d of %s\nwant 3 of    %s", run.Attempt, got, want)
	}
	attempts := int64(0)
	for _, event := range s.events() {
		if event.Type != mlops.RunTraining {
			continue
		}
		if attempts++; event.Attempt != attempts {
			t.Errorf("event %d is about attempt %d, want %d", event.Sequence, event.Attempt, attempts)
		}
		if attempts > 1 && (event.Failure == nil || event.Failure.Step != mlops.StepTrain || event.Failure.ExitCode != -1) {
			t.Errorf("attempt %d does not say how the one before it ended: %+v", attempts, event.Failure)
		}
	}
	if got := count(s.witnessed()); got["train:"+run.ID] != 3 {
		t.Errorf("jobs that began: %v, want three of training", got)
	}
	if shown := s.must("runs", "show", run.ID); strings.Count(shown, "killed or lost") < 2 {
		t.Errorf("both lost attempts should be shown:\n%s", shown)
	}
	s.checkOnce()
}
