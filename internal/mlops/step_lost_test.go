package mlops

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A trigger that a guard holds back is not lost when so many other runs end meanwhile that its own is forgotten: a schedule
// of a quarter of an hour fills the memory of a state within half a day of a cool-down.
func TestRefusedTriggerOutlivesItsRun(t *testing.T) {
	s := champion(t)
	s.world.Policy.Guards.Cooldown = Duration(72 * time.Hour)
	s.world.Policy.Triggers.Schedule = &ScheduleTrigger{Cron: "*/15 * * * *"}
	s.state.LastStart = s.world.Now
	s.publish(2)
	s.follow()
	for range 2 * RunsKept {
		s.wait(15 * time.Minute)
		s.follow()
	}
	s.world.Policy.Triggers.Schedule = nil
	s.wait(72 * time.Hour)
	s.want(s.follow(), "requested training")
	if run, _ := s.state.InFlightRun(); run.Cause().Kind != CauseDatasetVersion {
		t.Errorf("the run is for %v, want it for the dataset version that the cool-down held back", run.Causes)
	}
}

// What had joined a run that came to nothing before it began asks for one of its own.
func TestTriggerThatJoinedARefusedRun(t *testing.T) {
	s := champion(t)
	asked := s.ask(Request{Action: ActionTrain})
	requested, _ := Next(s.state, s.world)
	s.add(requested)
	s.publish(2)
	joined, _ := Next(s.state, s.world)
	s.add(joined)
	if requested.Type != RunRequested || joined.Type != RunJoined || !s.state.Answered(asked) {
		t.Fatalf("%s, %s; want it requested and joined", requested.Type, joined.Type)
	}
	s.ask(Request{Action: ActionFreeze, Reason: "audit"})
	s.want(s.follow(), "frozen refused refused")
	s.ask(Request{Action: ActionThaw})
	s.want(s.follow(), "thawed requested training")
}

// add appends one event.
func (s *tale) add(event Event) {
	s.t.Helper()
	event.Sequence, event.Time = s.state.Sequence+1, latest(s.world.Now, s.state.Time)
	next, err := Apply(s.state, event)
	if err != nil {
		s.t.Fatal(err)
	}
	s.state = next
}

// Approvers are compared without case, and so are the four eyes.
func TestFourEyesCompareWithoutCase(t *testing.T) {
	s := awaiting(t)
	s.world.Policy.Approval.FourEyes = true
	s.state.Runs[len(s.state.Runs)-1].Requesters = []string{"Ada@example.com"}
	s.ask(Request{Action: ActionApprove, RunID: s.last().ID, Actor: Actor{Name: "ada@example.com"}})
	s.want(s.follow(), "request_refused")
}

// A person's approval is void when the holdout changed; nobody passes for the controller, whose own is not.
func TestNobodyAsksAsTheController(t *testing.T) {
	for _, name := range []string{"control", "Control"} {
		s := awaiting(t)
		s.ask(Request{Action: ActionApprove, RunID: s.last().ID, Actor: Actor{Name: name}})
		events := s.follow()
		s.want(events, "request_refused")
		if !strings.Contains(events[0].Reason, "controller") {
			t.Errorf("the reason is %q", events[0].Reason)
		}
	}
	s := awaiting(t)
	s.world.Requests = append(s.world.Requests, Request{ID: "1", Action: ActionApprove, RunID: s.last().ID})
	s.want(s.follow(), "request_refused")
}

// Folding in place says what folding copies says, and leaves the state alone where it fails.
func TestFoldIsApply(t *testing.T) {
	s := champion(t)
	s.publish(2)
	before := fmt.Sprintf("%+v", s.state)
	next, some := Next(s.state, s.world)
	if !some {
		t.Fatal("nothing comes next")
	}
	next.Sequence, next.Time = s.state.Sequence+1, s.world.Now
	applied, err := Apply(s.state, next)
	if err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprintf("%+v", s.state); after != before {
		t.Errorf("the argument has changed to\n%s, it was\n%s", after, before)
	}
	folded := s.state.Clone()
	if err := folded.Fold(next); err != nil || fmt.Sprintf("%+v", folded) != fmt.Sprintf("%+v", applied) {
		t.Errorf("folded %+v, %v; want %+v", folded, err, applied)
	}
	wrong := next
	wrong.Sequence, wrong.Type = folded.Sequence+1, RunPromoted
	wrong.RequestID, wrong.Cause = "ada/1", &Cause{Kind: CauseCode, Key: "x"}
	if err := folded.Fold(wrong); err == nil || fmt.Sprintf("%+v", folded) != fmt.Sprintf("%+v", applied) {
		t.Errorf("after an impossible event %+v, %v; want it unchanged", folded, err)
	}
}
