package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// raced is a project in a folder whose model has a champion and whose policy listens to data and code.
func raced(t *testing.T, folder string) *project.Project {
	t.Helper()
	on, err := local.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	in := project.Open(on, "0.1.0")
	policy := mlops.DefaultPolicy("delay")
	policy.Triggers = mlops.Triggers{DatasetVersion: &struct{}{}, Code: &struct{}{}}
	declare(t, in,
		mlops.Project{Name: "flights", OnDestroy: mlops.OnDestroyRefuse},
		mlops.Dataset{Name: "flights", HoldoutPercent: 20, Columns: map[string]mlops.Column{"late": {Type: mlops.TypeBoolean, Role: mlops.RoleLabel}}},
		racedTraining("1"), mlops.Model{Name: "delay", Training: "delay"}, policy)
	publishVersion(t, in)
	makeChampion(t, in, policy)
	return in
}

func racedTraining(revision string) mlops.Training {
	job := mlops.JobCommand{Command: []string{"delay"}, Timeout: mlops.Duration(time.Hour)}
	return mlops.Training{Name: "delay", Dataset: "flights", Image: "delay:" + revision, SourceRevision: revision, Train: job, Evaluate: job}
}

func declare(t *testing.T, in *project.Project, specs ...mlops.Spec) {
	t.Helper()
	for _, spec := range specs {
		_, _, err := in.CreateSpec(t.Context(), spec)
		if errors.Is(err, mlops.ErrExists) {
			_, err = in.UpdateSpec(t.Context(), spec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func publishVersion(t *testing.T, in *project.Project) {
	t.Helper()
	data, err := json.Marshal(mlops.DatasetManifest{Schema: mlops.DatasetManifestSchema, Dataset: "flights", Number: 1, Rows: 10})
	if err == nil {
		err = in.Store.Create(t.Context(), "datasets/flights/000000000001/manifest.json", data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// makeChampion walks the bootstrap to its end, with jobs that all went well.
func makeChampion(t *testing.T, in *project.Project, policy mlops.RetrainPolicy) {
	t.Helper()
	document, err := in.SpecDocument(t.Context(), mlops.KindModel, "delay")
	if err != nil {
		t.Fatal(err)
	}
	code := racedTraining("1")
	state := mlops.NewState("delay")
	for {
		world := mlops.World{
			Now: in.Now(), Model: &mlops.Model{Name: "delay", Training: "delay"}, Incarnation: document.Incarnation, Training: &code, Policy: policy,
			Versions: []mlops.DatasetManifest{{Dataset: "flights", Number: 1}},
			Outputs:  map[string]mlops.StepOutput{}, Judgements: map[string]mlops.Judgement{},
		}
		for _, run := range state.Open() {
			world.Outputs[mlops.JobName(run.ID, run.Attempt, mlops.StepTrain)] = mlops.StepOutput{Output: &mlops.Output{ArtifactSHA256: "a"}}
			world.Judgements[run.ID] = mlops.Judgement{HoldoutDataset: "flights", HoldoutVersion: 1, Passed: true}
		}
		event, more := mlops.Next(state, world)
		if !more {
			break
		}
		if state, err = in.AppendModel(t.Context(), state, event); err != nil {
			t.Fatal(err)
		}
	}
	if champion, _ := state.Champion(); champion.Number != 1 {
		t.Fatalf("no champion: %+v", state.Runs)
	}
}

// startController starts a controller as a process of its own; stop kills it.
func startController(t *testing.T, folder string) (stop func()) {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], "control", "--project", folder, "--interval", "20ms")
	command.Env = append(os.Environ(), asCommand+"=1")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			_ = command.Process.Kill()
			_ = command.Wait()
		}
	}
	t.Cleanup(stop)
	return stop
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 30s", what)
		}
	}
}

// Controllers that are processes of their own, on one folder, given different triggers at once, make one training job; so
// do those that follow them when all are killed.
func TestControllersRaceOnOneFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), ".mlops")
	in := raced(t, folder)
	var stops []func()
	for range 3 {
		stops = append(stops, startController(t, folder))
	}
	await(t, "a controller seals the hour", func() bool {
		seals, err := in.Store.List(t.Context(), "audit/", "", 1)
		return err == nil && len(seals) == 1
	})
	declare(t, in, racedTraining("2")) // first: whatever comes next trains with it
	for _, name := range []string{"ada", "bob"} {
		if _, err := in.Ask(t.Context(), mlops.Request{Action: mlops.ActionTrain, Model: "delay", Actor: mlops.Actor{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	settled := func() bool {
		inbox, err := in.Requests(t.Context())
		state, stateErr := in.Model(t.Context(), "delay")
		run, flies := state.InFlightRun()
		return err == nil && stateErr == nil && len(inbox) == 0 && flies && len(trainingJobs(t, in)) > 0 && len(run.Causes) == 3
	}
	await(t, "all three causes in one run", settled)
	for _, stop := range stops {
		stop()
	}
	defer startController(t, folder)()
	await(t, "it stays so under another controller", settled)
	if jobs := trainingJobs(t, in); len(jobs) != 1 {
		t.Errorf("training jobs %v, want one", jobs)
	}
	events, err := in.Events(t.Context(), "delay")
	if err != nil {
		t.Fatal(err)
	}
	trained := 0
	for _, event := range events {
		if event.Type == mlops.RunTraining {
			trained++
		}
	}
	if trained != 2 { // the bootstrap's and this one
		t.Errorf("%d attempts were begun, want 2", trained)
	}
}

func trainingJobs(t *testing.T, in *project.Project) []string {
	t.Helper()
	live, err := in.Workloads.List(t.Context(), workload.KindJob)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, job := range live {
		if strings.HasSuffix(job.Manifest.Name, "-"+mlops.StepTrain) {
			names = append(names, job.Manifest.Name)
		}
	}
	return names
}
