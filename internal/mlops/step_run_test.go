package mlops

import (
	"strings"
	"testing"
	"time"
)

// training is a tale whose second run trains.
func trainingTale(t failer) (*tale, Run) {
	s := champion(t)
	s.publish(2)
	s.follow()
	run, ok := s.state.InFlightRun()
	if !ok || run.State != RunTraining {
		t.Fatalf("no run trains: %+v", s.state.Runs)
	}
	return s, run
}

func TestTrainingThatFails(t *testing.T) {
	tests := map[string]struct {
		status JobStatus
		events string
		says   string
	}{
		"error":              {JobStatus{Done: true, ExitCode: 3, Failed: "train", LogTail: "boom"}, "failed", `container "train" ended with exit code 3: boom`},
		"timeout":            {JobStatus{Done: true, ExitCode: -1, TimedOut: true}, "failed", "timeout of 30m"},
		"writes no model":    {JobStatus{Done: true, ExitCode: 1, Failed: "publish", LogTail: "checking\n\x1b[31mmodel/ is empty\x1b[0m\n\n", Message: "container publish ended with exit code 1"}, "failed", `container "publish" ended with exit code 1: model/ is empty`},
		"names itself":       {JobStatus{Done: true, ExitCode: 1, Failed: "publish", LogTail: "Error: publish: model/ is empty\n"}, "failed", "publish: model/ is empty"},
		"publishes nothing":  {JobStatus{Done: true}, "failed", "without an output"},
		"lost":               {JobStatus{Done: true, ExitCode: -1}, "training", "killed or lost"},
		"still there":        {JobStatus{}, "", ""},
		"message is carried": {JobStatus{Done: true, ExitCode: 1, Failed: "train", Message: "no such program"}, "failed", "no such program"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, run := trainingTale(t)
			s.world.Jobs[JobName(run.ID, 1, StepTrain)] = test.status
			events := s.follow()
			s.want(events, test.events)
			if len(events) == 0 {
				return
			}
			failure := events[0].Failure
			if failure == nil || !strings.Contains(failure.Message, test.says) || failure.LogTail != test.status.LogTail {
				t.Errorf("failure %+v, want one that says %q, with the log", failure, test.says)
			}
			if s.state.Aliases[AliasChampion].Version != 1 {
				t.Error("the champion did not stay")
			}
		})
	}
}

func TestLostAttemptsAreBounded(t *testing.T) {
	s, run := trainingTale(t)
	s.code("9") // declared meanwhile: an attempt repeats what was tried
	s.world.Jobs[JobName(run.ID, 1, StepTrain)] = JobStatus{Done: true, ExitCode: -1}
	events := s.follow()
	s.want(events, "training")
	if events[0].Attempt != 2 || events[0].Inputs.SourceRevision != "1" {
		t.Errorf("attempt %d with code %s, want the second with the same code", events[0].Attempt, events[0].Inputs.SourceRevision)
	}
	s.world.Policy.Triggers.Code = nil
	s.world.Jobs[JobName(run.ID, 2, StepTrain)] = JobStatus{Done: true, ExitCode: -1}
	s.want(s.follow(), "failed")
	// A person may try again, and is given as many attempts as before.
	s.ask(Request{Action: ActionRetry, RunID: run.ID})
	events = s.follow()
	s.want(events, "requested training")
	if events[1].Attempt != 3 {
		t.Errorf("attempt %d, want 3: numbers of attempts are never used twice", events[1].Attempt)
	}
	s.world.Jobs[JobName(run.ID, 3, StepTrain)] = JobStatus{Done: true, ExitCode: -1}
	s.want(s.follow(), "training")
}

func TestOutputCountsHoweverLate(t *testing.T) {
	s, run := trainingTale(t)
	s.wait(30 * 24 * time.Hour)
	s.world.Jobs[JobName(run.ID, 1, StepTrain)] = JobStatus{Done: true, ExitCode: -1}
	s.world.Outputs[JobName(run.ID, 1, StepTrain)] = StepOutput{Output: &Output{ArtifactSHA256: "a"}}
	events := s.follow()
	s.want(events, "trained")
	if holdout := events[0].Holdout; holdout == nil || holdout.Version != 2 || holdout.Champion != 1 {
		t.Errorf("judged on %+v, want version 2 against champion 1", holdout)
	}
}

func TestEvaluationThatFails(t *testing.T) {
	for _, step := range []string{StepEvaluateCandidate, StepEvaluateChampion} {
		s, run := trainingTale(t)
		s.work(true)
		s.want(s.follow(), "trained")
		s.world.Jobs[JobName(run.ID, 1, step)] = JobStatus{Done: true, ExitCode: 2, Failed: "evaluate"}
		events := s.follow()
		s.want(events, "failed")
		if events[0].Failure.Step != step {
			t.Errorf("failed at %s, want %s", events[0].Failure.Step, step)
		}
	}
}

func TestRejectedSaysWhy(t *testing.T) {
	s, _ := trainingTale(t)
	event := s.lastEvent(s.through(false))
	if event.Type != RunRejected || !strings.Contains(event.Reason, "below the minimum") || len(s.state.Versions) != 1 {
		t.Errorf("%s: %s, %d versions", event.Type, event.Reason, len(s.state.Versions))
	}
}

// Every state that a run can rest in is over by itself: without its deadline nothing would come of this.
func TestEveryWaitEnds(t *testing.T) {
	tests := map[RunState]struct {
		reach func(t *testing.T) *tale
		ends  RunState
	}{
		RunRequested: {func(t *testing.T) *tale { // a rollback behind a promotion that another never ends
			s := awaiting(t)
			s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
			s.follow()
			s.world.Deployments[0].RollOut.Watch = Duration(1000 * time.Hour)
			s.world.Serving["delay"] = ServingStatus{Version: 2, RolledOutSince: s.world.Now}
			approved := *s.state.Versions[0].Approval
			s.state.Versions = append(s.state.Versions, ModelVersion{Number: 3, Approval: &approved})
			s.ask(Request{Action: ActionRollback, Version: 3})
			s.follow()
			return s
		}, RunFailed},
		RunWaitingForData: {func(t *testing.T) *tale {
			s := champion(t)
			s.episode("delay-1", VerdictCovariate)
			s.follow()
			return s
		}, RunExpired},
		RunTraining: {func(t *testing.T) *tale { s, _ := trainingTale(t); return s }, RunFailed},
		RunTrained: {func(t *testing.T) *tale {
			s, _ := trainingTale(t)
			s.work(true)
			s.follow()
			return s
		}, RunFailed},
		RunAwaitingApproval: {awaiting, RunExpired},
		RunApproved: {func(t *testing.T) *tale { // approved while frozen
			s := awaiting(t)
			s.ask(Request{Action: ActionFreeze})
			s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
			s.follow()
			return s
		}, RunExpired},
		RunPromoting: {func(t *testing.T) *tale {
			s := awaiting(t)
			s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
			s.follow()
			return s
		}, RunRolledBack},
	}
	for state, test := range tests {
		t.Run(string(state), func(t *testing.T) {
			s := test.reach(t)
			run := s.last()
			if run.State != state || run.Deadline.IsZero() {
				t.Fatalf("run %s is %s until %v, want %s with a deadline", run.ID, run.State, run.Deadline, state)
			}
			s.world.Now = run.Deadline.Add(-time.Nanosecond)
			if state == RunPromoting { // not ready is not waited for until the watch would be over
				s.world.Now = run.PromotingSince.Add(time.Minute - time.Nanosecond)
			}
			s.want(s.follow(), "")
			s.world.Now = run.Deadline
			s.follow()
			if over, _ := s.state.Run(run.ID); over.State != test.ends || over.Reason == "" {
				t.Errorf("it ended as %s (%q), want %s in words", over.State, over.Reason, test.ends)
			}
		})
	}
	// The other states last for one decision: their events carry a deadline all the same.
	s := newTale(t)
	for _, event := range s.through(true) {
		if state := event.Type; event.RunID != "" && !Terminal(state) && event.Deadline.IsZero() {
			t.Errorf("%s has no deadline", state)
		}
	}
}

// last is the run that changed last.
func (s *tale) last() Run {
	var last Run
	for _, run := range s.state.Runs {
		if run.Sequence > last.Sequence {
			last = run
		}
	}
	return last
}
