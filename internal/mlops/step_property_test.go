package mlops

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// machine lets anything happen in any order and watches what must hold in every log.
type machine struct {
	*tale
	t        *rapid.T
	number   int64
	episodes int
	asked    int
	lives    int
	attempts map[string]bool
}

func (m *machine) act() {
	actions := []func(){
		func() { m.number++; m.publish(m.number) },
		func() { m.code(strconv.Itoa(rapid.IntRange(1, 3).Draw(m.t, "revision"))) },
		m.openEpisode,
		func() {
			if len(m.world.Episodes) > 0 {
				m.world.Episodes = m.world.Episodes[1:]
			}
		},
		func() {
			if len(m.world.Episodes) > 0 {
				m.world.Episodes[0].Accepted = true
			}
		},
		func() { m.work(rapid.Bool().Draw(m.t, "passed")) },
		func() { m.work(true) },
		m.breakJob,
		m.breakService,
		m.declare,
		m.request, m.request, m.request,
		func() { m.wait(time.Duration(rapid.IntRange(1, 72).Draw(m.t, "hours")) * time.Hour) },
		func() { m.wait(time.Duration(rapid.IntRange(1, 90).Draw(m.t, "seconds")) * time.Second) },
	}
	actions[rapid.IntRange(0, len(actions)-1).Draw(m.t, "action")]()
}

func (m *machine) openEpisode() {
	m.episodes++
	m.episode(fmt.Sprintf("delay-%d", m.episodes), rapid.SampledFrom([]Verdict{VerdictCovariate, VerdictDataQuality, VerdictPerformance}).Draw(m.t, "verdict"))
}

func (m *machine) breakJob() {
	for _, run := range m.state.Open() {
		step := map[RunState]string{RunTraining: StepTrain, RunTrained: StepEvaluateCandidate}[run.State]
		if step != "" {
			m.world.Jobs[JobName(run.ID, run.Attempt, step)] = JobStatus{Done: true, ExitCode: int64(rapid.SampledFrom([]int{-1, 0, 1}).Draw(m.t, "exit"))}
		}
	}
}

func (m *machine) breakService() { delete(m.world.Serving, "delay") }

// declare changes what Terraform has declared, at whatever moment of a run.
func (m *machine) declare() {
	changes := []func(){
		func() { // retires a dataset version
			if n := len(m.world.Versions); n > 0 {
				at := rapid.IntRange(0, n-1).Draw(m.t, "retired")
				m.world.Versions = slices.Delete(slices.Clone(m.world.Versions), at, at+1)
			}
		},
		func() { m.world.Policy = DefaultPolicy("delay") }, // the policy is destroyed
		func() {
			m.world.Policy.Approval.Approvers = rapid.SampledFrom([][]string{nil, {"ada"}, {"nobody"}}).Draw(m.t, "approvers")
		},
		func() { // another deployment of the model: one more that has to hold, or one that is pinned
			another := m.world.Deployments[0]
			another.Name = "another"
			if rapid.Bool().Draw(m.t, "pinned") {
				pin := int64(rapid.IntRange(1, 3).Draw(m.t, "pin"))
				another.Alias, another.Version = "", &pin
			}
			m.world.Deployments = []Deployment{m.world.Deployments[0], another}
		},
		func() { m.world.Deployments = m.world.Deployments[:1]; delete(m.world.Serving, "another") },
		func() { // the training moves to another dataset, or back
			training := *m.world.Training
			training.Dataset = rapid.SampledFrom([]string{"flights", "trains"}).Draw(m.t, "dataset")
			m.world.Training = &training
			m.number++
			m.world.Versions = []DatasetManifest{{Dataset: training.Dataset, Number: m.number, Rows: 100}}
		},
		func() { // a new life of the name
			m.lives++
			m.world.Incarnation = fmt.Sprintf("life %d", m.lives)
		},
	}
	changes[rapid.IntRange(0, len(changes)-1).Draw(m.t, "change")]()
}

func (m *machine) request() {
	m.asked++
	run := "run-of-nobody"
	if len(m.state.Runs) > 0 {
		run = rapid.SampledFrom(m.state.Runs).Draw(m.t, "run").ID
	}
	m.world.Requests = append(m.world.Requests, Request{
		ID: fmt.Sprintf("%04d", m.asked), Model: "delay", RunID: run, Version: int64(rapid.IntRange(0, 3).Draw(m.t, "version")),
		Actor: Actor{Name: rapid.SampledFrom([]string{"ada", "bob"}).Draw(m.t, "actor")}, Force: rapid.Bool().Draw(m.t, "force"),
		Action: rapid.SampledFrom([]RequestAction{ActionTrain, ActionApprove, ActionApprove, ActionDecline, ActionCancel, ActionRetry,
			ActionRollback, ActionFreeze, ActionThaw, ActionThaw, "dance"}).Draw(m.t, "what"),
	})
}

// check follows the log event by event.
func (m *machine) check() {
	frozen := m.state.Frozen != nil
	for _, event := range m.follow() {
		switch event.Type {
		case ModelFrozen:
			frozen = true
		case ModelThawed, ModelCreated: // a new life begins without the freeze of the last
			frozen = false
		case RunTraining:
			attempt := JobName(event.RunID, event.Attempt, StepTrain)
			if m.attempts[attempt] {
				m.t.Fatalf("attempt %s trains twice", attempt)
			}
			m.attempts[attempt] = true
			if frozen {
				m.t.Fatalf("%s trains on a frozen model", event.RunID)
			}
		case RunPromoting, RunPromoted:
			if frozen {
				m.t.Fatalf("%s on a frozen model", event.Type)
			}
			if version, _ := m.state.Version(event.Version); version.Approval == nil {
				m.t.Fatalf("version %d was %s and nobody had approved it", event.Version, event.Type)
			}
		}
	}
	flying, promoting := 0, 0
	for _, run := range m.state.Runs {
		switch {
		case run.State == RunPromoting:
			promoting++
		case InFlight(run.State) && run.State != RunApproved && run.Cause().Kind != CauseRollback:
			flying++
		}
		if !Terminal(run.State) && run.Deadline.IsZero() {
			m.t.Fatalf("run %s is %s without a deadline", run.ID, run.State)
		}
	}
	if flying > 1 || promoting > 1 {
		m.t.Fatalf("%d runs train or are judged and %d are promoted", flying, promoting)
	}
	for _, request := range m.world.Requests {
		waits := request.Action == ActionTrain || request.Action == ActionRetry
		if !m.state.Answered(request) && !waits {
			m.t.Fatalf("%s is not answered", request.Action)
		}
	}
}

func TestStateMachineHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{tale: newTale(t), t: t, number: 1, attempts: map[string]bool{}}
		m.world.Policy.Guards.Cooldown = Duration(time.Duration(rapid.IntRange(0, 48).Draw(t, "cooldown")) * time.Hour)
		m.world.Policy.Guards.MaximumRuns = int64(rapid.IntRange(0, 3).Draw(t, "budget"))
		m.world.Policy.Approval.Mode = rapid.SampledFrom(ApprovalModes).Draw(t, "mode")
		m.world.Policy.Approval.First = rapid.SampledFrom(ApprovalModes).Draw(t, "first")
		m.world.Policy.Approval.FourEyes = rapid.Bool().Draw(t, "four eyes")
		m.check()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.act()
			m.check()
		}
		// Whatever was left open ends by itself: nothing happens any more but time.
		m.world.Episodes, m.world.Policy.Triggers = nil, Triggers{}
		m.world.Jobs, m.world.Outputs, m.world.Serving = map[string]JobStatus{}, map[string]StepOutput{}, map[string]ServingStatus{}
		for range 40 {
			m.wait(31 * 24 * time.Hour)
			m.check()
		}
		if open := m.state.Open(); len(open) > 0 {
			t.Fatalf("runs that never end: %+v", open)
		}
		// All of a model's deeds survive its end.
		m.world.Model = nil
		m.check()
		if !m.state.Deleted {
			t.Fatal("the model was not ended")
		}
	})
}
