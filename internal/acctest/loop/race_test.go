//go:build linux

package loop

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Two controllers see two different triggers at the same moment: a version of the dataset and a change of the code. There
// is one training job each time, which answers both, and each event was decided once.
func TestTwoControllersTwoTriggers(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.declare(mlops.ApprovalAutomatic)
	s.startRunner()
	s.publish(1)
	rivals := []*exec.Cmd{}
	for i := range 2 {
		rival := s.start(fmt.Sprintf("rival-%d.log", i), "control", "--project", s.folder, "--interval", "10ms")
		t.Cleanup(func() { end(rival) })
		rivals = append(rivals, rival)
	}
	tell := func(signal syscall.Signal) {
		for _, rival := range rivals {
			if err := rival.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.awaitServed(1)
	const rounds = 4
	for round := 1; round <= rounds; round++ {
		tell(syscall.SIGSTOP)
		s.publish(uint64(round + 1))
		s.put(s.training(map[string]string{"round": strconv.Itoa(round)}))
		tell(syscall.SIGCONT)
		s.awaitServed(int64(round + 1))
	}
	want := map[string]int{"evaluate": 1 + 2*rounds}
	runs := s.state().Runs
	if len(runs) != rounds+1 {
		t.Errorf("%d runs, want %d: %s", len(runs), rounds+1, s.types(""))
	}
	for i, run := range runs {
		want["train:"+run.ID] = 1
		if i > 0 && len(run.Causes) != 2 {
			t.Errorf("run %d answers %v, want data and code", i+1, run.Causes)
		}
	}
	if got := count(s.witnessed()); !equal(got, want) {
		t.Errorf("jobs that began: %v, want %v", got, want)
	}
	s.must("audit", "verify")
}

// Fifty people press the button at once, half of them while a run is under way and half while it ends. All are answered,
// and there is never more than one run at a time.
func TestFiftyRequestsAtOnce(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.begin(mlops.ApprovalAutomatic)
	s.publish(1)
	s.awaitServed(1)
	s.hold()
	first := s.press(0, 25)
	s.some(1, "one training job", trainer)
	first.Wait()
	if runs := s.state().Runs; len(runs) != 2 || len(runs[1].Causes) != 25 {
		t.Errorf("%d runs for 25 requests during one, want one that answers all", len(runs)-1)
	}
	second := s.press(25, 25)
	s.release()
	second.Wait()
	s.await("the last run is over", func() (bool, string) {
		_, busy := s.state().InFlightRun()
		return !busy, s.types("")
	})

	answered := map[string]int{}
	state := mlops.NewState(modelName)
	for _, event := range s.events() {
		if event.RequestID != "" {
			answered[event.RequestID]++
		}
		var err error
		if state, err = mlops.Apply(state, event); err != nil {
			t.Fatal(err)
		}
		flying := 0
		for _, run := range state.Runs {
			if mlops.InFlight(run.State) {
				flying++
			}
		}
		if flying > 1 {
			t.Errorf("%d runs are in flight after event %d", flying, event.Sequence)
		}
	}
	for request, times := range answered {
		if times != 1 {
			t.Errorf("request %s was answered %d times", request, times)
		}
	}
	if len(answered) != 50 {
		t.Errorf("%d requests were answered, want 50", len(answered))
	}
	for what, times := range count(s.witnessed()) {
		if strings.HasPrefix(what, "train:") && times != 1 {
			t.Errorf("%s began %d times", what, times)
		}
	}
	s.await("the inbox is empty", func() (bool, string) {
		left := s.documents("requests/")
		return len(left) == 0, fmt.Sprint(left)
	})
	s.must("audit", "verify")
}

// press asks for training as so many people at once; each waits for the answer.
func (s *scene) press(from, people int) *sync.WaitGroup {
	var asking sync.WaitGroup
	for i := range people {
		asking.Go(func() {
			if output, err := s.mlops("train", modelName, "--reason", "now", "--as", fmt.Sprintf("person-%d", from+i)); err != nil {
				s.t.Errorf("%s: %v", output, err)
			}
		})
	}
	return &asking
}
