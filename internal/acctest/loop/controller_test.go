//go:build linux

package loop

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// startController starts a controller that belongs to no runner.
func (s *scene) startController(interval time.Duration) (kill func()) {
	s.t.Helper()
	command := s.start("control.log", "control", "--project", s.folder, "--interval", interval.String())
	return func() { end(command) }
}

// A controller that is killed as soon as an event is in the log, at every event of a whole loop, is followed by one that
// ends in the same place. What a controller does within a moment cannot always be cut in two, so the loop is played a few
// times.
func TestControllerKilledAtEveryEvent(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	killedAt := map[mlops.EventType]int{}
	t.Cleanup(func() {
		t.Logf("killed at %v", killedAt)
		if len(killedAt) < len(strings.Fields(bootstrapStory)) && !t.Failed() && !t.Skipped() {
			t.Errorf("the controller was killed at %v: this proves too little", killedAt)
		}
	})
	for round := range 3 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			s := newScene(t)
			s.guard()
			s.playKilling(func(event mlops.Event) {
				mu.Lock()
				defer mu.Unlock()
				killedAt[event.Type]++
			})
			s.checkEndState()
		})
	}
}

// playKilling plays the whole story with controllers each of which lives for one event.
func (s *scene) playKilling(killed func(at mlops.Event)) {
	s.declare(mlops.ApprovalManual)
	s.startRunner()
	s.publish(1)
	kill := func() {}
	s.t.Cleanup(func() { kill() })
	for s.champion() != 2 {
		seen := s.events()
		kill = s.startController(20 * time.Millisecond)
		if len(seen) > 0 {
			s.play(seen[len(seen)-1])
		}
		s.awaitNext(len(seen))
		kill()
		killed(s.events()[len(s.events())-1])
	}
	kill = s.startController(20 * time.Millisecond) // to finish what follows from the last event
	s.awaitServed(2)
	s.awaitNotified(3)
}

// play is what people do when the log has come to an event.
func (s *scene) play(last mlops.Event) {
	switch {
	case last.Type == mlops.RunPromoted && last.Version == 1:
		s.publish(2)
	case last.Type == mlops.RunAwaitingApproval:
		s.awaitNotified(2) // who approves has been told
		s.must("approve", last.RunID, "--reason", "good", "--no-wait")
	}
}

// Whenever a controller is killed, between two events too, the loop goes on.
func TestControllerKilledAtAnyMoment(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.declare(mlops.ApprovalManual)
	s.startRunner()
	s.publish(1)
	kill := func() {}
	t.Cleanup(func() { kill() })
	kills, played := 0, 0
	for deadline := time.Now().Add(patience); s.champion() != 2; kills++ {
		if time.Now().After(deadline) {
			t.Fatalf("the loop does not end: %s\n%s", s.types(""), s.circumstances())
		}
		kill = s.startController(5 * time.Millisecond)
		if events := s.events(); len(events) > played {
			played = len(events)
			s.play(events[played-1])
		}
		// Most of this is the start of a process: whatever moment of its work comes next.
		time.Sleep(time.Duration(10+kills%40) * time.Millisecond)
		kill()
	}
	kill = s.startController(20 * time.Millisecond)
	s.awaitServed(2)
	s.awaitNotified(3)
	t.Logf("%d kills", kills)
	s.checkEndState()
}

// awaitNext waits until the log is longer than it was. It looks at one file, hard, so that the controller gets no further.
func (s *scene) awaitNext(seen int) {
	s.t.Helper()
	next := s.logFile(seen + 1)
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Microsecond) {
		if _, err := os.Stat(next); err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("event %d does not come: %s\n%s", seen+1, s.types(""), s.circumstances())
		}
	}
}
