package mlops

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// awaiting is a tale whose second version waits for approval.
func awaiting(t *testing.T) *tale {
	s := champion(t)
	s.publish(2)
	s.through(true)
	if s.last().State != RunAwaitingApproval {
		t.Fatalf("the run is %s", s.last().State)
	}
	return s
}

func TestApprovalByPolicy(t *testing.T) {
	s := newTale(t)
	s.world.Policy.Approval.First = ApprovalManual
	s.want(s.through(true), "model_created requested training trained evaluated registered awaiting_approval")
	s = champion(t)
	s.world.Policy.Approval.Mode = ApprovalAutomatic
	s.publish(2)
	s.want(s.through(true), "requested training trained evaluated registered approved promoting promoted")
	if version, _ := s.state.Version(2); version.Approval == nil || version.Approval.Actor != Controller || version.Approval.Digest != version.Output.ArtifactSHA256 {
		t.Errorf("the approval on record is %+v", version.Approval)
	}
}

func TestApprovalByPeople(t *testing.T) {
	tests := map[string]struct {
		set    func(s *tale)
		ask    Request
		events string
		says   string
	}{
		"anybody, where nobody is named": {nil, Request{Action: ActionApprove, Reason: "better"}, "approved promoting", ""},
		"by name":                        {approvers("ada"), Request{Action: ActionApprove}, "approved promoting", ""},
		"by role": {func(s *tale) {
			approvers("data_scientist")(s)
			s.world.Owners = map[Role]Owner{RoleDataScientist: {Email: "Ada@example.com"}}
		}, Request{Action: ActionApprove, Actor: Actor{Name: "ada@example.com"}}, "approved promoting", ""},
		"not named":         {approvers("bob"), Request{Action: ActionApprove}, "request_refused", "not among the approvers"},
		"decline not named": {approvers("bob"), Request{Action: ActionDecline}, "request_refused", "not among the approvers"},
		"decline":           {nil, Request{Action: ActionDecline, Reason: "unfair"}, "declined", "unfair"},
		"four eyes": {func(s *tale) {
			s.world.Policy.Approval.FourEyes = true
			s.state.Runs[len(s.state.Runs)-1].Requesters = []string{"ada"}
		}, Request{Action: ActionApprove}, "request_refused", "four eyes"},
		"four eyes, another": {func(s *tale) {
			s.world.Policy.Approval.FourEyes = true
			s.state.Runs[len(s.state.Runs)-1].Requesters = []string{"bob"}
		}, Request{Action: ActionApprove}, "approved promoting", ""},
	}
	// Verified identities are compared by object id, whatever they call themselves.
	const ada, mallory = "0ada0000-0000-4000-8000-000000000001", "0bad0000-0000-4000-8000-000000000002"
	owned := func(names ...string) func(s *tale) {
		return func(s *tale) {
			approvers(names...)(s)
			s.world.Owners = map[Role]Owner{RoleDataScientist: {Email: "ada@example.com", PrincipalID: strings.ToUpper(ada), PrincipalType: PrincipalUser}}
		}
	}
	verified := func(id, name string) Request {
		return Request{Action: ActionApprove, Actor: Actor{Name: name, ID: id, Verified: true}}
	}
	maps.Copy(tests, map[string]struct {
		set    func(s *tale)
		ask    Request
		events string
		says   string
	}{
		"an owner, where nobody is named":   {owned(), verified(ada, ada), "approved promoting", ""},
		"a stranger, where nobody is named": {owned(), verified(mallory, mallory), "request_refused", "not among the approvers"},
		"verified, by role":                 {owned("data_scientist"), verified(ada, ada), "approved promoting", ""},
		"verified, by e-mail":               {owned("Ada@example.com"), verified(ada, ada), "approved promoting", ""},
		"verified, by object id":            {owned(mallory), verified(mallory, mallory), "approved promoting", ""},
		"verified, under another's e-mail":  {owned("ada@example.com"), verified(mallory, "ada@example.com"), "request_refused", "not among the approvers"},
		"verified, under another's role":    {owned("data_scientist"), verified(mallory, "data_scientist"), "request_refused", "not among the approvers"},
		"verified, no longer among owners":  {approvers("data_scientist"), verified(ada, ada), "request_refused", "not among the approvers"},
		"verified, four eyes under any name": {func(s *tale) {
			owned()(s)
			s.world.Policy.Approval.FourEyes = true
			s.state.Runs[len(s.state.Runs)-1].Requesters = []string{ada}
		}, verified(ada, "somebody else"), "request_refused", "four eyes"},
	})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := awaiting(t)
			if test.set != nil {
				test.set(s)
			}
			test.ask.RunID = s.last().ID
			request := s.ask(test.ask)
			events := s.follow()
			s.want(events, test.events)
			if events[0].RequestID != request.Key() || !strings.Contains(events[0].Reason, test.says) {
				t.Errorf("%+v answers %q, want %q with %q", events[0].Reason, events[0].RequestID, request.Key(), test.says)
			}
			s.want(s.follow(), "") // once
		})
	}
}

func approvers(names ...string) func(s *tale) {
	return func(s *tale) { s.world.Policy.Approval.Approvers = names }
}

// Who asked is kept through joins: the person whose request joined may not approve either.
func TestFourEyesSeesThroughJoins(t *testing.T) {
	s := champion(t)
	s.world.Policy.Approval.FourEyes = true
	s.publish(2)
	s.ask(Request{Action: ActionTrain, Actor: Actor{Name: "bob"}})
	s.through(true)
	s.ask(Request{Action: ActionApprove, RunID: s.last().ID, Actor: Actor{Name: "bob"}})
	s.want(s.follow(), "request_refused")
}

func TestNewerCandidateSupersedes(t *testing.T) {
	s := awaiting(t)
	old := s.last().ID
	s.code("2")
	events := s.through(true)
	s.want(events, "requested training trained evaluated registered awaiting_approval superseded")
	if superseded := s.lastEvent(events); superseded.RunID != old {
		t.Errorf("run %s is superseded, want %s", superseded.RunID, old)
	}
}

func TestApprovalIsVoid(t *testing.T) {
	t.Run("when the holdout changed", func(t *testing.T) {
		s := awaiting(t)
		s.world.Policy.Triggers.DatasetVersion = nil
		s.publish(3)
		s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
		events := s.follow()
		s.want(events, "request_refused superseded")
		if !strings.Contains(events[1].Reason, "version 3") {
			t.Errorf("the reason is %q", events[1].Reason)
		}
	})
	t.Run("when the champion changed", func(t *testing.T) {
		s := awaiting(t)
		s.state.Versions = append(slices.Clone(s.state.Versions), ModelVersion{Number: 3, Approval: &Decision{}})
		s.ask(Request{Action: ActionRollback, Version: 3})
		s.through(true)
		if run, _ := s.state.Run(s.state.Versions[1].RunID); run.State != RunSuperseded {
			t.Errorf("the candidate is %s, want superseded", run.State)
		}
	})
	t.Run("when the champion changed during training", func(t *testing.T) {
		s, run := trainingTale(t)
		s.world.Policy.Approval.Mode = ApprovalAutomatic
		s.state.Versions = append(slices.Clone(s.state.Versions), ModelVersion{Number: 2, Approval: &Decision{}})
		s.work(true)
		s.follow()
		s.state.Aliases[AliasChampion] = AliasState{Version: 2}
		s.through(true)
		if over, _ := s.state.Run(run.ID); over.State != RunSuperseded {
			t.Errorf("it is %s, want superseded", over.State)
		}
	})
}

func TestPromotionHoldsAllOrNone(t *testing.T) {
	two := func(t *testing.T) *tale {
		s := awaiting(t)
		second := s.world.Deployments[0]
		second.Name = "delay-eu"
		pinned, old := second, int64(1)
		pinned.Name, pinned.Version = "pinned", &old
		s.world.Deployments = append(s.world.Deployments, second, pinned)
		s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
		s.want(s.follow(), "approved promoting")
		return s
	}
	t.Run("watched", func(t *testing.T) {
		s := two(t)
		s.world.Serving["delay"] = ServingStatus{Version: 2, RolledOutSince: s.world.Now}
		s.wait(11 * time.Second)
		s.want(s.follow(), "")
		s.world.Serving["delay-eu"] = ServingStatus{Version: 2, RolledOutSince: s.world.Now}
		s.wait(9 * time.Second)
		s.want(s.follow(), "")
		s.wait(time.Second)
		events := s.follow()
		s.want(events, "promoted")
		if events[0].Version != 2 || events[0].Previously != 1 || s.state.Aliases[AliasChampion].Version != 2 {
			t.Errorf("promoted %d after %d, alias %+v", events[0].Version, events[0].Previously, s.state.Aliases)
		}
	})
	t.Run("one does not hold", func(t *testing.T) {
		s := two(t)
		s.world.Serving["delay"] = ServingStatus{Version: 2, RolledOutSince: s.world.Now}
		s.world.Serving["delay-eu"] = ServingStatus{Version: 2, Message: "health check answers 500", LogTail: "panic"}
		s.wait(time.Minute)
		events := s.follow()
		s.want(events, "rolled_back")
		failure := events[0].Failure
		if failure == nil || !strings.Contains(failure.Message, "health check answers 500") || failure.LogTail != "panic" {
			t.Errorf("failure %+v, want what stood in the way and the log", failure)
		}
		if wanted := s.state.Wanted(s.world.Deployments[0]); wanted != 1 {
			t.Errorf("version %d is wanted, want 1 again", wanted)
		}
	})
	t.Run("crash in the watch", func(t *testing.T) {
		s := two(t)
		for _, name := range []string{"delay", "delay-eu"} {
			s.world.Serving[name] = ServingStatus{Version: 2, RolledOutSince: s.world.Now.Add(55 * time.Second)}
		}
		s.wait(61 * time.Second)
		s.want(s.follow(), "") // late to be ready, but it holds: the watch goes on
		s.world.Serving["delay"] = ServingStatus{Version: 2}
		s.want(s.follow(), "rolled_back")
	})
	t.Run("nothing deployed", func(t *testing.T) {
		s := awaiting(t)
		s.world.Deployments = nil
		s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
		s.want(s.follow(), "approved promoting promoted")
	})
}

func TestFreeze(t *testing.T) {
	s := awaiting(t)
	s.ask(Request{Action: ActionFreeze, Reason: "audit"})
	s.ask(Request{Action: ActionFreeze, Reason: "again"})
	s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
	s.want(s.follow(), "frozen request_answered approved")
	s.ask(Request{Action: ActionRollback, Version: 1})
	s.want(s.follow(), "request_refused")
	s.ask(Request{Action: ActionThaw})
	s.want(s.follow(), "thawed promoting")
	s.ask(Request{Action: ActionFreeze, Reason: "stop"})
	s.want(s.follow(), "frozen rolled_back")
	if s.state.Aliases[AliasChampion].Version != 1 {
		t.Error("the champion of a frozen model did not stay")
	}
}

func TestRollback(t *testing.T) {
	s := awaiting(t)
	refused := map[int64]string{1: "champion already", 2: "never approved", 7: "no version 7"}
	for version, says := range refused {
		s.ask(Request{Action: ActionRollback, Version: version})
		events := s.follow()
		s.want(events, "request_refused")
		if !strings.Contains(events[0].Reason, says) {
			t.Errorf("version %d: %q, want %q", version, events[0].Reason, says)
		}
	}
	s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
	s.want(s.through(true), "approved promoting promoted")
	s.publish(3) // a run that trains does not hold a rollback up
	s.wait(48 * time.Hour)
	s.want(s.follow(), "requested training")
	s.ask(Request{Action: ActionRollback, Version: 1, Reason: "worse in production"})
	events := s.follow()
	s.want(events, "requested promoting")
	if events[0].Cause.Kind != CauseRollback || events[1].Version != 1 || events[1].Previously != 2 {
		t.Errorf("%+v", events)
	}
	s.work(true)
	s.wait(20 * time.Second)
	s.follow()
	if s.state.Aliases[AliasChampion].Version != 1 {
		t.Errorf("the champion is %d, want 1", s.state.Aliases[AliasChampion].Version)
	}
}

// Going back must not start the training that led forward again.
func TestRollbackTrainsNothing(t *testing.T) {
	s := awaiting(t)
	s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
	s.through(true)
	s.wait(48 * time.Hour)
	s.ask(Request{Action: ActionRollback, Version: 1})
	s.want(s.through(true), "requested promoting promoted")
}

func TestCancelAndRetry(t *testing.T) {
	s, run := trainingTale(t)
	s.ask(Request{Action: ActionRetry, RunID: run.ID})
	s.want(s.follow(), "request_refused")
	s.ask(Request{Action: ActionCancel, RunID: run.ID, Reason: "wrong data"})
	events := s.follow()
	s.want(events, "cancelled")
	if !strings.Contains(events[0].Reason, "ada") || !strings.Contains(events[0].Reason, "wrong data") {
		t.Errorf("the reason is %q", events[0].Reason)
	}
	s.ask(Request{Action: ActionCancel, RunID: run.ID})
	s.want(s.follow(), "request_refused")
	s.ask(Request{Action: ActionRetry, RunID: run.ID})
	events = s.follow()
	s.want(events, "requested training")
	if events[1].Attempt != 2 {
		t.Errorf("attempt %d, want 2", events[1].Attempt)
	}
	s.through(true)
	s.ask(Request{Action: ActionApprove, RunID: run.ID})
	s.follow()
	s.ask(Request{Action: ActionCancel, RunID: run.ID})
	s.want(s.follow(), "rolled_back")
	s.ask(Request{Action: ActionCancel, RunID: "run-of-nobody"})
	s.ask(Request{Action: "dance"})
	s.want(s.follow(), "request_refused request_refused")
}

// What was approved while another promotion held the alias waits for it, and is void when that one moved the champion.
func TestOnePromotionAtATime(t *testing.T) {
	s := awaiting(t)
	candidate := s.last().ID
	s.state.Versions = append(slices.Clone(s.state.Versions), ModelVersion{Number: 3, Approval: &Decision{}})
	s.ask(Request{Action: ActionRollback, Version: 3})
	s.want(s.follow(), "requested promoting")
	s.ask(Request{Action: ActionApprove, RunID: candidate})
	s.want(s.follow(), "approved")
	s.work(true)
	s.wait(20 * time.Second)
	s.world.Policy.Triggers = Triggers{}
	s.want(s.follow(), "promoted superseded")
}

// An approval that waits for a thaw is void, too, when a newer holdout arrives meanwhile.
func TestApprovedIsVoidWhenTheHoldoutChanged(t *testing.T) {
	s := awaiting(t)
	s.world.Policy.Triggers = Triggers{}
	s.ask(Request{Action: ActionFreeze})
	s.ask(Request{Action: ActionApprove, RunID: s.last().ID})
	s.want(s.follow(), "frozen approved")
	s.publish(3)
	s.want(s.follow(), "superseded")
}

// A run whose champion has changed since it was trained comes to nothing: whoever asks meanwhile waits for a run of their own.
func TestNobodyJoinsWhatComesToNothing(t *testing.T) {
	s, _ := trainingTale(t)
	s.world.Policy.Triggers = Triggers{}
	s.work(true)
	s.want(s.follow(), "trained")
	s.state.Versions = append(slices.Clone(s.state.Versions), ModelVersion{Number: 2, Approval: &Decision{}})
	s.state.Aliases[AliasChampion] = AliasState{Version: 2}
	s.ask(Request{Action: ActionTrain})
	s.want(s.follow(), "")
	s.work(true)
	s.want(s.follow(), "evaluated registered superseded requested training")
}
