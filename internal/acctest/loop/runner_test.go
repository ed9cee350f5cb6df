//go:build linux

package loop

import (
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func controller(p process) bool { return p.pod != "" && p.is("mlops", "control") }
func trainer(p process) bool    { return p.is("trainer", "train") }
func server(p process) bool     { return p.is("trainer", "serve") }
func collector(p process) bool  { return p.pod != "" && p.is("mlops", "collect") }
func pod(p process) bool        { return p.pod == "" && p.is("mlops", "pod") }

// some awaits exactly so many processes for which a condition holds, and returns them in order of pid.
func (s *scene) some(number int, what string, condition func(process) bool) []process {
	s.t.Helper()
	var found []process
	s.await(what, func() (bool, string) {
		found = s.having(condition)
		return len(found) == number, strings.Join(words(found), "\n")
	})
	slices.SortFunc(found, func(a, b process) int { return a.pid - b.pid })
	return found
}

func words(processes []process) []string {
	all := make([]string, len(processes))
	for i, p := range processes {
		all[i] = p.String()
	}
	return all
}

func pids(processes []process) []int {
	all := make([]int, len(processes))
	for i, p := range processes {
		all[i] = p.pid
	}
	return all
}

// holder is the process that holds the pod of a container.
func (s *scene) holder(container process) process {
	s.t.Helper()
	return s.some(1, "the process of pod "+container.pod, func(p process) bool {
		return pod(p) && strings.HasSuffix(p.arguments[len(p.arguments)-1], "/"+container.pod)
	})[0]
}

// begin declares the whole loop with its controller and starts the runner.
func (s *scene) begin(mode mlops.ApprovalMode) {
	s.t.Helper()
	s.declare(mode)
	s.declareControl()
	s.startRunner()
	s.some(1, "a controller", controller)
}

// `mlops local` is killed before training, during training, during a roll-out and while it serves. What ran goes on, is
// taken over and not started again, and the loop ends where it would have ended.
func TestRunnerKilled(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.begin(mlops.ApprovalManual)
	control := s.some(1, "a controller", controller)

	s.killRunner() // before training: the job is declared, and nobody is there to run it
	s.hold()
	s.publish(1)
	s.awaitEvent(0, mlops.RunTraining)
	s.startRunner()
	training := s.some(1, "a training job", trainer)

	s.killRunner() // during training: it goes on without a runner
	if now := s.having(trainer); !slices.Equal(pids(now), pids(training)) {
		t.Errorf("training is %v after the runner's end, want it to go on as %v", now, training)
	}
	s.startRunner()
	s.release()
	s.awaitServed(1)

	s.publish(2)
	waiting := s.awaitEvent(0, mlops.RunAwaitingApproval)
	s.awaitNotified(2)
	s.must("approve", waiting.RunID, "--reason", "good", "--no-wait")
	s.awaitEvent(int(waiting.Sequence), mlops.RunPromoting)
	s.killRunner() // during the roll-out
	s.startRunner()
	s.awaitServed(2)
	s.some(2, "the replicas", server)

	serving := s.some(2, "the collectors", collector)
	s.killRunner() // while it serves
	s.startRunner()
	s.awaitServed(2)
	s.awaitAnswer()
	if now := s.some(2, "the collectors", collector); !slices.Equal(pids(now), pids(serving)) {
		t.Errorf("replicas are %v after a restart, want those that ran: %v", now, serving)
	}
	if now := s.having(controller); !slices.Equal(pids(now), pids(control)) {
		t.Errorf("the controller is %v after four restarts, want the one that ran: %v", now, control)
	}
	s.checkEndState()
	s.killRunner() // and `mlops local stop`, by the end of this test, stops what it has left
}

// The runner starts a controller that was killed again, and it answers.
func TestRunnerRestartsController(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.begin(mlops.ApprovalManual)
	for _, kill := range []func(process) process{s.holder, func(container process) process { return container }} {
		running := s.some(1, "a controller", controller)[0]
		s.kill9(kill(running))
		s.some(1, "another controller", func(p process) bool { return controller(p) && p.pid != running.pid })
	}
	s.publish(1)
	s.awaitServed(1)
	s.must("freeze", modelName, "--reason", "audit")
}

// `mlops local` is killed at every event of the loop, while what it has started goes on.
func TestRunnerKilledAtEveryEvent(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.begin(mlops.ApprovalManual)
	s.publish(1)
	kills := s.killAtEveryEvent(s.killRunner)
	s.awaitNotified(3)
	t.Logf("%d events, %d kills", len(s.events()), kills)
	s.checkEndState()
}

// Everything is killed at one blow, as by a power cut, at every event of the loop and while it serves. What was lost is
// done again by another attempt of the same run.
func TestEverythingKilledAtEveryEvent(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.declare(mlops.ApprovalManual)
	training := s.training(nil)
	training.Train.Retries, training.Evaluate.Retries = 20, 20
	s.put(training)
	s.declareControl()
	s.startRunner()
	s.hold()
	s.publish(1)
	s.awaitWitness("train", 1)
	s.killAll() // in the midst of training
	s.release()
	s.startRunner()
	kills := s.killAtEveryEvent(s.killAll)
	s.killAll()
	s.startRunner()
	s.awaitServed(2)
	s.awaitAnswer()
	t.Logf("%d events, %d kills", len(s.events()), kills)

	runs := s.state().Runs
	if len(runs) != 2 || len(s.state().Versions) != 2 || runs[0].Attempt < 2 {
		t.Fatalf("%d runs, %d versions, want 2 and 2, the first run with a second attempt: %s", len(runs), len(s.state().Versions), s.types(""))
	}
	begun := count(s.witnessed())
	for _, run := range runs {
		if n := begun["train:"+run.ID]; int64(n) > run.Attempt || n == 0 {
			t.Errorf("run %s was trained %d times in %d attempts", run.ID, n, run.Attempt)
		}
	}
	s.must("audit", "verify")
}

// killAtEveryEvent plays the whole story, kills whenever an event is in the log, and starts the runner again. An event of
// a run that has come before, because the kill has lost a job, is let pass: else nothing would ever end.
func (s *scene) killAtEveryEvent(kill func()) (kills int) {
	s.t.Helper()
	killedAt := map[string]bool{}
	for seen := 0; s.champion() != 2; {
		s.awaitNext(seen)
		events := s.events()
		seen = len(events)
		last := events[seen-1]
		if at := string(last.Type) + last.RunID; !killedAt[at] {
			killedAt[at] = true
			kill()
			kills++
			s.startRunner()
		}
		s.play(last)
	}
	s.awaitServed(2)
	return kills
}

// killAll kills every process of the scene, the runner first: it starts nothing in their place.
func (s *scene) killAll() {
	s.t.Helper()
	s.killRunner()
	s.await("nothing runs", func() (bool, string) {
		all := s.processes()
		for _, p := range all {
			s.kill9(p)
		}
		return len(all) == 0, strings.Join(words(all), "\n")
	})
}
