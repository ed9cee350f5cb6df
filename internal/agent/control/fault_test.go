package control

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// One poison document stops one model, says so once, and leaves the others alone.
func TestPoisonStopsOneModel(t *testing.T) {
	poisons := map[string]func(p *plant){
		"not JSON": func(p *plant) { p.store.Put("logs/other/000000000001.json", []byte("{")) },
		"an event that cannot be": func(p *plant) {
			data, _ := json.Marshal(mlops.Event{Header: mlops.Header{Sequence: 1}, Type: mlops.RunPromoted, RunID: "run-1"})
			p.store.Put("logs/other/000000000001.json", data)
		},
		"an event of a later version": func(p *plant) {
			data, _ := json.Marshal(mlops.Event{Header: mlops.Header{Sequence: 1}, Type: "teleported"})
			p.store.Put("logs/other/000000000001.json", data)
		},
	}
	for name, poison := range poisons {
		t.Run(name, func(t *testing.T) {
			p := newPlant(t)
			p.declare(flights()...)
			p.declare(mlops.Model{Name: "other", Training: "delay"})
			p.publish(1)
			poison(p)
			p.settle(p.controller())
			p.settle(p.controller())
			if p.state().Aliases[mlops.AliasChampion].Version != 1 {
				t.Errorf("the other model was held up: %v", p.types())
			}
			if got := p.notifier.topics(); !slices.Equal(got, []string{"promoted", "quarantined"}) {
				t.Errorf("notifications %v, want one about the quarantine", got)
			}
			if keys := p.store.Keys("logs/other/"); len(keys) != 1 {
				t.Errorf("the poisoned log was written to: %v", keys)
			}
		})
	}
}

// A declaration that cannot be read leaves its model as it is: it is neither deleted nor moved by half a policy.
func TestUnreadableDeclaration(t *testing.T) {
	for _, key := range []string{"specs/models/delay/000000000002.json", "specs/retrain_policies/delay/000000000002.json",
		"specs/trainings/delay/000000000002.json", "datasets/flights/000000000002/manifest.json"} {
		p := newPlant(t)
		p.declare(flights()...)
		p.publish(1)
		controller := p.controller()
		p.settle(controller)
		before := p.head()
		p.store.Put(key, []byte("{"))
		for range 5 {
			if err := p.turn(controller); err == nil {
				t.Errorf("%s: no error", key)
			}
		}
		if p.head() != before {
			t.Errorf("%s: the model moved: %v", key, p.types()[before:])
		}
	}
}

// What cannot be read of a monitor may be a fault that holds training back: nothing starts until it can.
func TestMonitorThatCannotBeRead(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	p.settle(p.controller())
	p.drift("delay-1", mlops.VerdictDataQuality)
	p.publish(2)
	down := true
	p.store.Before = func(verb, key string) error {
		if down && p.armed && strings.HasPrefix(key, "monitors/") {
			return errors.New("the store is away")
		}
		return nil
	}
	controller := p.controller()
	for range 3 {
		if err := p.turn(controller); err == nil {
			t.Error("no error")
		}
	}
	down = false
	p.settle(controller)
	if got := p.types()[9:]; !slices.Equal(got, []string{"refused", "refused"}) {
		t.Errorf("events %v, want nothing but refusals", got)
	}
}

// A server that never gets healthy: the deployments go back, the run holds the log, the champion stays.
func TestServerThatNeverGetsHealthy(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	automatic := policy()
	automatic.Approval.Mode = mlops.ApprovalAutomatic
	p.declare(automatic, training("2.0.0"))
	p.workloads.Hold("delay", "panic: no such model")
	for range 30 {
		if err := p.turn(controller); err != nil {
			t.Fatal(err)
		}
	}
	run := p.last()
	if run.State != mlops.RunRolledBack || run.Failure == nil || !strings.Contains(run.Failure.LogTail, "panic") {
		t.Fatalf("the run is %s with %+v, want it rolled back with the log", run.State, run.Failure)
	}
	p.workloads.Hold("delay", "")
	p.settle(controller)
	live, err := p.workloads.Get(t.Context(), workload.KindService, "delay")
	if err != nil || live.Manifest.Service.Version != 1 || !live.RolledOut() {
		t.Errorf("version %+v is served, want 1", live.Manifest.Service)
	}
	if champion, _ := p.state().Champion(); champion.Number != 1 {
		t.Errorf("the champion is %d, want 1", champion.Number)
	}
}

// Predictions that cannot be read are a reason to reject, with the fault in words.
func TestPredictionsThatCannotBeRead(t *testing.T) {
	for reason, spoil := range map[string]func(p *plant){
		`no column "score"`: func(p *plant) { p.predicted = func(float64) []byte { return []byte("row,label\n0,1\n") } },
		"other bytes": func(p *plant) {
			p.store.Before = func(verb, key string) error {
				if verb == memstore.VerbRead && strings.HasPrefix(key, mlops.DataKey("")) {
					p.store.Put(key, predictions(1)) // better ones than were published
				}
				return nil
			}
		},
	} {
		p := newPlant(t)
		p.declare(flights()...)
		p.publish(1)
		spoil(p)
		p.settle(p.controller())
		if run := p.last(); run.State != mlops.RunRejected || !strings.Contains(run.Reason, reason) {
			t.Errorf("%s: the run is %s: %s", reason, run.State, run.Reason)
		}
	}
}

// An output that cannot be read fails its run: it is created once, and nothing better will come.
func TestOutputThatCannotBeRead(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	p.job = func(manifest workload.Manifest) (workload.Status, bool) {
		run := argument(manifest.Job.Pod.Containers[0].Command, "--run")
		p.store.Put("runs/delay/"+run+"/1/train.json", []byte("{"))
		return workload.Status{Phase: workload.PhaseSucceeded}, true
	}
	p.settle(p.controller())
	if run := p.last(); run.State != mlops.RunFailed || !strings.Contains(run.Reason, "cannot be read") {
		t.Errorf("the run is %s: %s", run.State, run.Reason)
	}
}

// A model that is deleted loses its jobs at once; one of the same name begins anew.
func TestDeletedModel(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	p.job = func(workload.Manifest) (workload.Status, bool) {
		return workload.Status{Phase: workload.PhaseRunning}, true
	}
	controller := p.controller()
	p.settle(controller)
	if err := p.project.DeleteSpec(t.Context(), mlops.KindModel, "delay", ""); err != nil {
		t.Fatal(err)
	}
	p.settle(controller)
	if got := p.types()[2:]; !slices.Equal(got, []string{"training", "cancelled", "model_deleted"}) {
		t.Errorf("events %v", got)
	}
	if jobs, _ := p.workloads.List(t.Context(), workload.KindJob); len(jobs) != 0 {
		t.Errorf("%d jobs are left", len(jobs))
	}
	p.ask(mlops.Request{Action: mlops.ActionTrain})
	p.settle(controller)
	p.job = nil
	p.declare(flights()[3])
	p.settle(controller)
	want := strings.Fields("request_refused model_created requested training trained evaluated registered approved promoting promoted")
	if got := p.types()[5:]; !slices.Equal(got, want) {
		t.Errorf("events\n got %v\nwant %v", got, want)
	}
}

// A candidate waits on the terms under which it came: who destroys the policy has not made everybody an approver.
func TestDestroyedPolicyOpensNoDoor(t *testing.T) {
	p := newPlant(t)
	guarded := policy()
	guarded.Approval.Approvers = []string{"science@example.com"}
	p.declare(append(flights(), guarded)...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	p.declare(training("2.0.0"))
	p.settle(controller)
	waiting := p.last()
	if waiting.State != mlops.RunAwaitingApproval {
		t.Fatalf("run %s is %s", waiting.ID, waiting.State)
	}
	if err := p.project.DeleteSpec(t.Context(), mlops.KindRetrainPolicy, "delay", ""); err != nil {
		t.Fatal(err)
	}
	p.ask(mlops.Request{Action: mlops.ActionApprove, RunID: waiting.ID, Actor: mlops.Actor{Name: "mallory@example.com"}})
	p.settle(p.controller()) // one that never saw the policy live
	if got := p.last().State; got != mlops.RunAwaitingApproval {
		t.Fatalf("somebody who was no approver made it %s", got)
	}
	p.ask(mlops.Request{Action: mlops.ActionApprove, RunID: waiting.ID, Actor: mlops.Actor{Name: "science@example.com"}})
	p.settle(controller)
	if got := p.last().State; got != mlops.RunPromoted {
		t.Errorf("after the approver's word it is %s", got)
	}
}

// A request to a model that was never declared is refused in a log of its name, and the inbox is emptied.
func TestRequestToNobody(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	for _, model := range []string{"nobody", "No Model!"} {
		if _, err := p.project.Ask(t.Context(), mlops.Request{Model: model, Action: mlops.ActionTrain, Actor: mlops.Actor{Name: "ada"}}); err != nil {
			t.Fatal(err)
		}
	}
	controllers := []*Controller{p.controller(), p.controller()}
	p.together(controllers...)
	if events, err := p.project.Events(t.Context(), "nobody"); err != nil || len(events) != 1 || events[0].Type != mlops.RequestRefused {
		t.Errorf("%+v, %v; want it refused once", events, err)
	}
	if left := p.store.Keys("requests/"); len(left) > 0 {
		t.Errorf("the inbox still holds %v", left)
	}
	if logs := p.store.Keys("logs/"); len(logs) != 2 { // and the model's own creation
		t.Errorf("logs %v", logs)
	}
}

// A service that serves what is wanted is left alone, also when somebody has edited it: that is for plan and apply.
func TestHandEditIsLeftToApply(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	live, err := p.workloads.Get(t.Context(), workload.KindService, "delay")
	if err != nil {
		t.Fatal(err)
	}
	edited := live.Manifest
	service := *edited.Service
	service.Replicas = 5
	edited.Service = &service
	if _, err := p.workloads.Apply(t.Context(), edited, live.Revision); err != nil {
		t.Fatal(err)
	}
	p.settle(controller)
	if live, _ = p.workloads.Get(t.Context(), workload.KindService, "delay"); live.Manifest.Service.Replicas != 5 {
		t.Errorf("%d replicas: the controller undid a hand edit that plan must show", live.Manifest.Service.Replicas)
	}
	changed := deployment("delay")
	three := int64(3)
	changed.Replicas = &three
	p.declare(changed)
	p.settle(controller)
	if live, _ = p.workloads.Get(t.Context(), workload.KindService, "delay"); live.Manifest.Service.Replicas != 3 {
		t.Errorf("%d replicas, want the 3 that are declared now", live.Manifest.Service.Replicas)
	}
}

// An owner who cannot be reached is tried again later, and holds nothing up.
func TestNotificationIsTriedAgain(t *testing.T) {
	p := newPlant(t)
	fails := 3
	p.project.Notifier = flaky{p.notifier, &fails}
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	for range 200 {
		_ = p.turn(controller)
	}
	if champion, _ := p.state().Champion(); champion.Number != 1 || fails != 0 {
		t.Errorf("champion %d, %d tries were left", champion.Number, fails)
	}
	if got := p.notifier.topics(); !slices.Equal(got, []string{"promoted"}) {
		t.Errorf("notifications %v", got)
	}
}

type flaky struct {
	*notifier
	fails *int
}

func (f flaky) Send(ctx context.Context, notification mlops.Notification, owners []mlops.Owner) error {
	if *f.fails > 0 {
		*f.fails--
		return errors.New("the webhook answers 500")
	}
	return f.notifier.Send(ctx, notification, owners)
}

// The heads of all logs are sealed every hour, and bear out what the logs hold.
func TestSealedHourly(t *testing.T) {
	p := newPlant(t)
	controller := p.controller()
	fullLoop(t, p, func() { p.settle(controller) })
	for range 3 {
		p.advance(time.Hour)
		p.settle(controller)
	}
	if seals := p.store.Keys("audit/"); len(seals) != 4 {
		t.Errorf("seals %v, want four hours", seals)
	}
	report, err := audit.Verify(t.Context(), p.project)
	if err != nil || !report.Intact() || report.Seals != 4 || report.Logs != 2 {
		t.Errorf("%+v, %v", report, err)
	}
}

// The controller's log holds ids and nothing that users sent.
func TestRunLogsAndStops(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	var text strings.Builder
	controller := New(p.project, hclog.New(&hclog.LoggerOptions{Output: &text, JSONFormat: true}))
	ctx, cancel := context.WithCancel(t.Context())
	ticks := make(chan time.Time)
	done := make(chan error)
	go func() { done <- controller.Run(ctx, ticks) }()
	for range 10 {
		ticks <- p.clock()
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text.String()), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is not JSON: %s", line)
		}
	}
	if !strings.Contains(text.String(), `"type":"training"`) {
		t.Errorf("the log does not name the event: %s", text.String())
	}
}

// A first version whose server never gets healthy goes back to nothing: it does not go on trying to serve.
func TestFirstVersionThatNeverGetsHealthy(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	p.workloads.Hold("delay", "panic: no such model")
	controller := p.controller()
	for range 40 {
		if err := p.turn(controller); err != nil {
			t.Fatal(err)
		}
	}
	if run := p.last(); run.State != mlops.RunRolledBack {
		t.Fatalf("the run is %s, want it rolled back", run.State)
	}
	if _, err := p.workloads.Get(t.Context(), workload.KindService, "delay"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("the service: %v, want it removed", err)
	}
	p.workloads.Hold("delay", "")
	p.declare(training("2.0.0"))
	p.settle(controller)
	live, err := p.workloads.Get(t.Context(), workload.KindService, "delay")
	if err != nil || live.Manifest.Service.Version != 2 {
		t.Errorf("served is %+v, %v; want version 2", live.Manifest.Service, err)
	}
}

// A monitor that is deleted and declared anew holds nothing back by what its earlier life has seen.
func TestEpisodeOfAnEarlierLife(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	document, err := p.project.SpecDocument(t.Context(), mlops.KindDriftMonitor, "delay")
	if err != nil {
		t.Fatal(err)
	}
	p.monitorEvent(mlops.MonitorEvent{
		Type: mlops.EpisodeOpened, EpisodeID: "delay-1", Verdict: mlops.VerdictDataQuality, WindowEnd: p.clock(), Incarnation: document.Incarnation,
	})
	p.publish(2)
	p.settle(controller)
	if got := p.last(); got.State != mlops.RunRefused {
		t.Fatalf("the run is %s, want it refused while the data are faulty", got.State)
	}
	if err := p.project.DeleteSpec(t.Context(), mlops.KindDriftMonitor, "delay", ""); err != nil {
		t.Fatal(err)
	}
	p.declare(flights()...)
	p.settle(controller)
	if got := p.last(); got.State == mlops.RunRefused {
		t.Errorf("the run is still %s: %s", got.State, got.Reason)
	}
}

// A project that is removed and begun anew under a living controller, with documents of the very same sizes: the controller
// serves nothing of the old log in the new project's name, and the new log tells its own story.
func TestProjectBegunAnewUnderAController(t *testing.T) {
	p := newPlant(t)
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	old := p.state()
	for _, key := range p.store.Keys("") {
		if err := p.store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	p.quality["1.0.0"] = 0.7 // another artifact
	p.declare(flights()...)
	p.publish(1)
	p.settle(controller)
	want := []string{"model_created", "requested", "training", "trained", "evaluated", "registered", "approved", "promoting", "promoted"}
	if got := p.types(); !slices.Equal(got, want) {
		t.Errorf("events of the new project\n got %v\nwant %v", got, want)
	}
	if p.state().Incarnation == old.Incarnation {
		t.Error("the new model has the old one's incarnation")
	}
	document, err := p.project.SpecDocument(t.Context(), mlops.KindDeployment, "delay")
	if err != nil {
		t.Fatal(err)
	}
	champion, _ := p.state().Champion()
	live, err := p.workloads.Get(t.Context(), workload.KindService, "delay")
	if err != nil || live.Manifest.Incarnation != document.Incarnation || live.Manifest.LogSequence > p.state().Sequence ||
		!slices.Contains(live.Manifest.Service.Pod.Init[0].Command, champion.Output.ArtifactSHA256) {
		t.Errorf("served is %+v, %v; want the new champion's artifact %s", live.Manifest, err, champion.Output.ArtifactSHA256)
	}
}
