package mlops

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var dawn = time.Date(2001, 2, 1, 0, 0, 0, 0, time.UTC)

// failer is what a test and a property have in common.
type failer interface {
	Helper()
	Fatal(arguments ...any)
	Fatalf(format string, arguments ...any)
}

// tale is a model's log and world, moved by hand: the world changes, and everything that follows is appended.
type tale struct {
	t     failer
	state State
	world World
}

func newTale(t failer) *tale {
	policy := DefaultPolicy("delay")
	policy.Triggers = Triggers{Drift: &DriftTrigger{Monitors: []string{"delay"}}, DatasetVersion: &struct{}{}, Code: &struct{}{}}
	job := JobCommand{Command: []string{"x"}, Timeout: Duration(30 * time.Minute), Retries: 1}
	s := &tale{t: t, state: NewState("delay"), world: World{
		Now: dawn, Model: &Model{Name: "delay", Training: "delay"}, Incarnation: "one",
		Training: &Training{Name: "delay", Dataset: "flights", Image: "delay:1", Train: job, Evaluate: job, SourceRevision: "1"},
		Policy:   policy, PolicySince: dawn,
		Deployments: []Deployment{{Name: "delay", Model: "delay", Alias: AliasChampion, RollOut: RollOut{Timeout: Duration(time.Minute), Watch: Duration(10 * time.Second)}}},
		Jobs:        map[string]JobStatus{}, Outputs: map[string]StepOutput{}, Judgements: map[string]Judgement{}, Serving: map[string]ServingStatus{},
	}}
	s.publish(1)
	return s
}

func (s *tale) publish(number int64) {
	s.world.Versions = append(slices.Clone(s.world.Versions), DatasetManifest{Dataset: "flights", Number: number, Rows: 100})
}

func (s *tale) code(revision string) {
	training := *s.world.Training
	training.Image, training.SourceRevision = "delay:"+revision, revision
	s.world.Training = &training
}

func (s *tale) wait(span time.Duration) { s.world.Now = s.world.Now.Add(span) }

func (s *tale) episode(id string, verdict Verdict) {
	s.world.Episodes = append(slices.Clone(s.world.Episodes), Episode{ID: id, Monitor: "delay", Verdict: verdict, Summary: "distance moved"})
}

func (s *tale) ask(request Request) Request {
	request.Model, request.ID = "delay", s.world.Now.Format("20060102T150405Z")+"-"+string(rune('a'+len(s.world.Requests)))
	if request.Actor.Name == "" {
		request.Actor.Name = "ada"
	}
	s.world.Requests = append(slices.Clone(s.world.Requests), request)
	return request
}

// follow appends until nothing comes next, and returns what was appended.
func (s *tale) follow() []Event {
	s.t.Helper()
	var events []Event
	for range 300 {
		event, some := Next(s.state, s.world)
		if !some {
			return events
		}
		event.Sequence, event.Time = s.state.Sequence+1, latest(s.world.Now, s.state.Time)
		next, err := Apply(s.state, event)
		if err != nil {
			s.t.Fatalf("%v does not fold: %v", event.Type, err)
		}
		s.state = next
		events = append(events, event)
	}
	s.t.Fatalf("there is no end to it: %v", typesOf(events[:20]))
	return nil
}

func typesOf(events []Event) []string {
	var types []string
	for _, event := range events {
		types = append(types, string(event.Type))
	}
	return types
}

// work lets every job that is wanted succeed and every deployment hold; passed is the gate's word.
func (s *tale) work(passed bool) {
	for _, run := range s.state.Open() {
		switch run.State {
		case RunTraining:
			name := JobName(run.ID, run.Attempt, StepTrain)
			s.world.Outputs[name] = StepOutput{Step: StepTrain, Output: &Output{ArtifactSHA256: name}}
		case RunTrained:
			judgement := Judgement{
				HoldoutDataset: run.Holdout.Dataset, HoldoutVersion: run.Holdout.Version, Champion: run.Holdout.Champion, Passed: passed,
			}
			if !passed {
				judgement.Reasons = []string{"auc: 0.5 is below the minimum of 0.6"}
			}
			s.world.Judgements[run.ID] = judgement
		}
	}
	for _, deployment := range s.world.Deployments {
		wanted := s.state.Wanted(deployment)
		if s.world.Serving[deployment.Name].Version != wanted && wanted > 0 {
			s.world.Serving[deployment.Name] = ServingStatus{Version: wanted, RolledOutSince: s.world.Now}
		}
	}
}

// through works until the log rests, a minute at a time.
func (s *tale) through(passed bool) []Event {
	s.t.Helper()
	events := s.follow()
	for range 20 {
		s.work(passed)
		s.wait(30 * time.Second)
		events = append(events, s.follow()...)
	}
	return events
}

// champion is a tale whose version 1 is in production, long enough ago for any cool-down.
func champion(t failer) *tale {
	s := newTale(t)
	s.through(true)
	if s.state.Aliases[AliasChampion].Version != 1 {
		t.Fatalf("the bootstrap ended as %+v", s.state.Runs)
	}
	s.wait(48 * time.Hour)
	return s
}

func (s *tale) want(events []Event, types string) {
	s.t.Helper()
	if got := typesOf(events); !slices.Equal(got, strings.Fields(types)) {
		s.t.Fatalf("events %v, want %v", got, strings.Fields(types))
	}
}

func (s *tale) lastEvent(events []Event) Event {
	s.t.Helper()
	if len(events) == 0 {
		s.t.Fatal("nothing happened")
	}
	return events[len(events)-1]
}

func TestIncarnations(t *testing.T) {
	s := champion(t)
	s.publish(2)
	s.follow()
	model := s.world.Model
	s.world.Model = nil
	s.want(s.follow(), "cancelled model_deleted")
	s.ask(Request{Action: ActionTrain})
	s.want(s.follow(), "request_refused")
	s.world.Model, s.world.Incarnation = model, "two"
	events := s.follow()
	s.want(events, "model_created requested training")
	if events[1].Cause.Kind != CauseBootstrap || len(s.state.Aliases) != 0 {
		t.Errorf("the new life begins with %+v and aliases %v, want a bootstrap and none", events[1].Cause, s.state.Aliases)
	}
	// Deleted and declared again while nobody looked.
	s.world.Incarnation = "three"
	s.want(s.follow(), "cancelled model_deleted model_created requested training")
	if got := s.through(true); s.lastEvent(got).Version != 2 {
		t.Errorf("version %d was promoted, want 2: numbers are never used twice", s.lastEvent(got).Version)
	}
}

func TestTriggers(t *testing.T) {
	t.Run("bootstrap that is rejected waits for something new", func(t *testing.T) {
		s := newTale(t)
		s.want(s.through(false), "model_created requested training trained evaluated rejected")
		s.code("2")
		s.want(s.through(true), "requested training trained evaluated registered approved promoting promoted")
	})
	t.Run("nothing starts without a dataset version", func(t *testing.T) {
		s := newTale(t)
		s.world.Versions = nil
		s.want(s.follow(), "model_created")
		s.ask(Request{Action: ActionTrain})
		s.want(s.follow(), "request_refused")
	})
	t.Run("dataset version, once", func(t *testing.T) {
		s := champion(t)
		s.publish(2)
		s.want(s.through(false), "requested training trained evaluated rejected")
		s.want(s.through(true), "")
	})
	t.Run("code, once", func(t *testing.T) {
		s := champion(t)
		s.code("2")
		s.want(s.through(false), "requested training trained evaluated rejected")
		s.code("1")
		s.want(s.follow(), "")
	})
	t.Run("no trigger, no run", func(t *testing.T) {
		s := champion(t)
		s.world.Policy.Triggers = Triggers{}
		s.publish(2)
		s.code("2")
		s.episode("delay-1", VerdictCovariate)
		s.want(s.follow(), "")
	})
	t.Run("a monitor that the policy does not name", func(t *testing.T) {
		s := champion(t)
		s.world.Policy.Triggers.Drift.Monitors = []string{"other"}
		s.episode("delay-1", VerdictCovariate)
		s.want(s.follow(), "")
	})
	t.Run("schedule by slot", func(t *testing.T) {
		s := champion(t)
		s.world.Policy.Triggers = Triggers{Schedule: &ScheduleTrigger{Cron: "0 6 * * *"}}
		s.world.PolicySince = s.world.Now // slots before the policy are nobody's
		s.publish(2)
		s.want(s.follow(), "")
		s.wait(24 * time.Hour)
		events := s.through(true)
		s.want(events, "requested training trained evaluated registered awaiting_approval")
		if events[0].Cause.Key != "20010203T060000Z" {
			t.Errorf("the slot is %s", events[0].Cause.Key)
		}
	})
	t.Run("schedule with nothing new", func(t *testing.T) {
		s := champion(t)
		s.world.Policy.Triggers = Triggers{Schedule: &ScheduleTrigger{Cron: "0 6 * * *"}}
		if event := s.lastEvent(s.follow()); event.Guard != GuardNothingNew {
			t.Errorf("%s %s, want it refused because nothing is new", event.Type, event.Guard)
		}
		s.want(s.follow(), "")
		s.publish(2)
		s.want(s.follow(), "requested training")
	})
	t.Run("the button", func(t *testing.T) {
		s := champion(t)
		request := s.ask(Request{Action: ActionTrain, Reason: "why not"})
		events := s.follow()
		s.want(events, "requested training")
		if events[0].RequestID != request.Key() || events[0].Actor.Name != "ada" || events[0].Reason != "why not" {
			t.Errorf("the event does not say who asked and why: %+v", events[0])
		}
	})
}

func TestDriftWaitsForNewData(t *testing.T) {
	s := champion(t)
	s.world.Policy.Triggers.DatasetVersion = nil
	s.episode("delay-1", VerdictCovariate)
	s.want(s.follow(), "requested waiting_for_data")
	s.episode("delay-2", VerdictPrediction)
	s.want(s.follow(), "joined") // one wait answers both
	s.publish(2)
	events := s.follow()
	s.want(events, "training")
	if events[0].Inputs.DatasetVersion != 2 {
		t.Errorf("it trains on version %d, want 2", events[0].Inputs.DatasetVersion)
	}
}

func TestWaitingRunIsJoinedByItsData(t *testing.T) {
	s := champion(t)
	s.episode("delay-1", VerdictCovariate)
	s.follow()
	s.publish(2)
	events := s.follow()
	s.want(events, "joined training")
	if run, _ := s.state.InFlightRun(); len(run.Causes) != 2 {
		t.Errorf("causes %v, want the episode and the dataset version", run.Causes)
	}
}

func TestWaitingRunGivesWayToOneThatLearnsTheSame(t *testing.T) {
	s := champion(t)
	s.world.Policy.Triggers.DatasetVersion = nil
	s.episode("delay-1", VerdictCovariate)
	s.follow()
	s.ask(Request{Action: ActionTrain})
	s.want(s.follow(), "requested training")
	s.publish(2)
	s.want(s.follow(), "") // the run in flight learns from the old data: the slot is taken
	s.through(false)       // it is rejected; the waiting run takes the new data
	if s.state.Runs[1].State != RunRejected {
		t.Errorf("the waiting run is %s, want it trained and rejected", s.state.Runs[1].State)
	}
}

func TestDataQualityBlocksUntilAccepted(t *testing.T) {
	s := champion(t)
	s.episode("delay-1", VerdictDataQuality)
	s.publish(2)
	events := s.follow()
	s.want(events, "refused refused")
	for _, event := range events {
		if event.Guard != GuardDataQuality || !strings.Contains(event.Reason, "distance moved") || !strings.Contains(event.Reason, "mlops drift accept") {
			t.Errorf("refused by %s: %s; want the fault and the way out", event.Guard, event.Reason)
		}
	}
	s.ask(Request{Action: ActionTrain})
	s.want(s.follow(), "refused")
	s.ask(Request{Action: ActionTrain, Force: true})
	s.want(s.follow(), "requested joined training") // the data version that a guard had refused goes with it
	s.through(false)
	s.world.Episodes[0].Accepted = true
	s.want(s.follow(), "requested training") // what was a fault is a change now, and version 2 is new to the champion
}

func TestGuards(t *testing.T) {
	tests := map[string]struct {
		set       func(s *tale)
		guard     Guard
		notBefore time.Duration // from now; 0: no time lifts it
		lift      func(s *tale)
	}{
		"cool-down": {
			set: func(s *tale) {
				s.world.Policy.Guards.Cooldown = Duration(7 * 24 * time.Hour)
				s.state.LastStart = s.world.Now
			},
			guard: GuardCooldown, notBefore: 7 * 24 * time.Hour, lift: func(s *tale) { s.wait(7 * 24 * time.Hour) },
		},
		"budget": {
			set: func(s *tale) {
				s.world.Policy.Guards.MaximumRuns, s.world.Policy.Guards.BudgetPeriod = 2, Duration(10*24*time.Hour)
				s.state.Started = []time.Time{s.world.Now.Add(-24 * time.Hour), s.world.Now}
			},
			guard: GuardBudget, notBefore: 9 * 24 * time.Hour, lift: func(s *tale) { s.wait(9 * 24 * time.Hour) },
		},
		"rows": {
			set:   func(s *tale) { s.world.Policy.Guards.MinimumNewRows = 150 },
			guard: GuardMinimumNewRows, lift: func(s *tale) { s.world.Versions[1].Rows = 150 },
		},
		"frozen": {
			set:   func(s *tale) { s.state.Frozen = &Freeze{Actor: Actor{Name: "ada"}, Reason: "audit"} },
			guard: GuardFrozen, lift: func(s *tale) { s.state.Frozen = nil },
		},
		"data quality": {
			set: func(s *tale) {
				s.world.Policy.Triggers.Drift.Monitors = []string{"other"}
				s.episode("x", VerdictDataQuality)
			},
			guard: GuardDataQuality, lift: func(s *tale) { s.world.Episodes = nil },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := champion(t)
			test.set(s)
			s.publish(2)
			events := s.follow()
			s.want(events, "refused")
			event := events[0]
			if event.Guard != test.guard || event.Reason == "" || event.Cause.Kind != CauseDatasetVersion {
				t.Errorf("refused by %q: %q, want %q in words", event.Guard, event.Reason, test.guard)
			}
			if want := s.world.Now.Add(test.notBefore); test.notBefore > 0 && !event.NotBefore.Equal(want) || test.notBefore == 0 && !event.NotBefore.IsZero() {
				t.Errorf("not before %v, want %v", event.NotBefore, want)
			}
			s.want(s.follow(), "") // once
			if test.notBefore > 0 {
				s.wait(test.notBefore - time.Second)
				s.want(s.follow(), "")
				s.wait(time.Second - test.notBefore)
			}
			test.lift(s)
			events = s.follow()
			s.want(events, "requested training")
			if events[0].RunID != event.RunID {
				t.Errorf("run %s, want the refused run %s again", events[0].RunID, event.RunID)
			}
		})
	}
}

func TestForcePassesGuardsButNotTheFreeze(t *testing.T) {
	s := champion(t)
	s.world.Policy.Guards.Cooldown = Duration(7 * 24 * time.Hour)
	s.ask(Request{Action: ActionTrain})
	s.want(s.follow(), "refused")
	s.ask(Request{Action: ActionFreeze, Reason: "audit"})
	s.ask(Request{Action: ActionTrain, Force: true})
	s.want(s.follow(), "frozen refused")
	s.ask(Request{Action: ActionThaw})
	s.ask(Request{Action: ActionTrain, Force: true})
	s.want(s.follow(), "thawed requested training")
	if run, _ := s.state.InFlightRun(); !run.Force {
		t.Error("the run does not say that it was forced")
	}
}

func TestOneRunInFlight(t *testing.T) {
	s := champion(t)
	s.publish(2)
	s.want(s.follow(), "requested training")
	s.code("2") // not what the run learns from: it waits for the slot
	request := s.ask(Request{Action: ActionTrain})
	s.want(s.follow(), "")
	if s.state.Answered(request) {
		t.Error("the request was answered before its run could start")
	}
	events := s.through(false)
	s.want(events, "trained evaluated rejected requested joined training trained evaluated rejected")
}

func TestTwoTriggersAtOnceOneRun(t *testing.T) {
	s := champion(t)
	s.publish(2)
	s.code("2")
	s.episode("delay-1", VerdictCovariate)
	s.want(s.follow(), "requested joined joined training")
}

// A run on the champion's own data answers new code, but not a drift: that waits for data.
func TestDriftDoesNotJoinOldData(t *testing.T) {
	s := champion(t)
	s.code("2")
	s.want(s.follow(), "requested training")
	s.episode("delay-1", VerdictCovariate)
	s.want(s.follow(), "")
	events := s.through(false)
	s.want(events, "trained evaluated rejected requested waiting_for_data")
}
