//go:build linux

package loop

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Somebody removes the project's folders while it runs. Where the runner's own is among them, the runner stops everything
// and ends by itself. In each case another project in the same place runs as if there had been none before it.
func TestFoldersRemovedUnderTheRunner(t *testing.T) {
	t.Parallel()
	for name, removed := range map[string][]string{
		"both": {"project", "project.runner"}, "runner": {"project.runner", "project"}, "store": {"project"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.begin(mlops.ApprovalAutomatic)
			s.publish(1)
			s.awaitServed(1)
			old := s.some(1, "a controller", controller)[0]
			s.remove(removed[0])
			if name != "runner" {
				s.remove(removed[1:]...)
			}
			if slices.Contains(removed, "project.runner") {
				s.await("everything has ended", func() (bool, string) {
					left := s.processes()
					return len(left) == 0, strings.Join(words(left), "\n")
				})
				s.awaitRunnerEnded()
				if code := s.runner.ProcessState.ExitCode(); code != 1 {
					t.Errorf("exit code %d, want 1: it did not end because somebody asked it to", code)
				}
			}
			s.remove(removed...) // what was written after the first removal
			s.beginAnew(old)
		})
	}
}

// remove removes folders below the scene while others write into them.
func (s *scene) remove(folders ...string) {
	s.t.Helper()
	for _, folder := range folders {
		s.await("removed "+folder, func() (bool, string) {
			err := os.RemoveAll(s.path(folder))
			return err == nil, ""
		})
	}
	s.in = nil
}

// beginAnew makes another project in the same place. The controller of the first must not have a hand in it.
func (s *scene) beginAnew(old process) {
	s.t.Helper()
	s.declare(mlops.ApprovalAutomatic)
	s.declareControl()
	select {
	case <-s.ended:
		s.startRunner()
	default:
	}
	s.some(1, "a controller of its own", func(p process) bool { return controller(p) && p.pid != old.pid })
	s.publish(2)
	s.awaitServed(1)
	if got, want := s.types(""), "model_created "+bootstrapStory; got != want {
		s.t.Errorf("the log of the new project is %s\nwant %s", got, want)
	}
	want := []string{}
	for _, step := range []string{mlops.StepEvaluateCandidate, mlops.StepTrain} {
		want = append(want, mlops.StepOutputKey(modelName, s.state().Runs[0].ID, 1, step))
	}
	if got := s.documents("runs/"); !slices.Equal(got, want) {
		s.t.Errorf("outputs %v, want %v", got, want)
	}
	s.awaitAnswer()
	s.checkOnce()
}

// A store is removed while nothing runs, and what the runner was told stays. A new project in its place takes over.
func TestStoreRemovedWhileNothingRuns(t *testing.T) {
	s := newScene(t)
	s.begin(mlops.ApprovalAutomatic)
	s.publish(1)
	s.awaitServed(1)
	s.publish(2)
	s.awaitServed(2) // its log is longer now than that of the new project will be
	old := s.some(1, "a controller", controller)[0]
	s.must("local", "stop")
	s.awaitRunnerEnded()
	s.remove("project")
	s.beginAnew(old)
}
