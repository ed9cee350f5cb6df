//go:build linux

package loop

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Somebody removes the project's folders while it runs. The runner stops everything and ends by itself, and nothing of the
// old project writes into a new one in the same place.
func TestFoldersRemovedUnderTheRunner(t *testing.T) {
	for name, removed := range map[string][]string{
		"both": {"project", "project.runner"}, "the runner's": {"project.runner"}, "the store": {"project"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.begin(mlops.ApprovalAutomatic)
			s.publish(1)
			s.awaitServed(1)
			s.startTraffic().stop()
			for _, folder := range removed {
				// Files come and go while it is removed.
				s.await("removed "+folder, func() (bool, string) {
					err := os.RemoveAll(s.path(folder))
					return err == nil, ""
				})
			}
			s.in = nil
			if len(removed) == 1 && removed[0] == "project" {
				s.checkForgotten()
				return
			}
			s.await("everything has ended", func() (bool, string) {
				left := s.processes()
				return len(left) == 0, strings.Join(words(left), "\n")
			})
			<-s.ended
			if code := s.runner.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d, want 1: it did not end because somebody asked it to", code)
			}
			s.beginAnew()
		})
	}
}

// beginAnew makes another project in the same place.
func (s *scene) beginAnew() {
	s.t.Helper()
	_ = os.RemoveAll(s.folder)
	s.begin(mlops.ApprovalAutomatic)
	s.publish(2)
	s.awaitServed(1)
	if got, want := s.types(""), "model_created "+bootstrapStory; got != want {
		s.t.Errorf("the log of the new project is %s\nwant %s", got, want)
	}
	s.checkOnce()
}

// checkForgotten looks at a project whose store alone was removed: its controller finds nothing to do, and makes nothing.
func (s *scene) checkForgotten() {
	s.t.Helper()
	time.Sleep(time.Second)
	if entries, err := os.ReadDir(s.folder); err == nil {
		for _, entry := range entries {
			s.t.Errorf("somebody has made %s in the folder that was removed", entry.Name())
		}
	}
}
