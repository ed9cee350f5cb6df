package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/story"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// step runs an agent container of a rendered pod as the platform would, with its own shared folder.
func (p *place) step(container workload.Container, shared string, code int) string {
	p.t.Helper()
	var arguments []string
	for _, argument := range container.Command {
		arguments = append(arguments, strings.NewReplacer(workload.SharedDir, shared, workload.Place, local.Scheme+p.path).Replace(argument))
	}
	stdout, stderr, got := typed(p.t.Context(), arguments...)
	if got != code {
		p.t.Fatalf("%v: exit code %d, want %d\n%s%s", arguments, got, code, stdout, stderr)
	}
	return stdout + stderr
}

func (p *place) keep(key string, data []byte) {
	p.t.Helper()
	if err := p.in.Store.Create(p.t.Context(), key, data); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) keepSplit(content string, rows int64) mlops.Split {
	p.t.Helper()
	sum := sha256.Sum256([]byte(content))
	split := mlops.Split{SHA256: hex.EncodeToString(sum[:]), Rows: rows}
	p.keep(mlops.DataKey(split.SHA256), []byte(content))
	return split
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The pods that the renderer makes are understood by the commands that they run: what train leaves behind is what evaluate
// and serve find, and a second pod of one attempt ends without effect.
func TestRenderedPodsRun(t *testing.T) {
	p := newPlace(t)
	story.Declare(t, p.in)
	manifest, err := json.Marshal(mlops.DatasetManifest{
		Schema: mlops.DatasetManifestSchema, Dataset: "flights", Number: 1, Columns: []string{"x", "late"},
		Training: p.keepSplit("x,late\n1,true\n2,false\n", 2), Holdout: p.keepSplit("x,late\n2,false\n3,true\n", 2),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.keep("datasets/flights/000000000001/manifest.json", manifest)
	code := mlops.Training{Image: "flight-delay:1", Train: mlops.JobCommand{Command: []string{"flight-delay", "train"}}}
	run := mlops.Run{ID: "run-1a2b3c4d5e", Attempt: 1, Inputs: &mlops.Inputs{Dataset: "flights", DatasetVersion: 1, Image: code.Image, Code: code}}

	train := workload.Train(story.Model, run, workload.Seen{}).Job.Pod
	for i, says := range []string{"published model", "already: the first counts"} {
		shared := t.TempDir()
		p.step(train.Init[0], shared, 0)
		if data, err := os.ReadFile(filepath.Join(shared, "input/data.csv")); err != nil || string(data) != "x,late\n1,true\n2,false\n" {
			t.Fatalf("train finds %q, %v", data, err)
		}
		if i == 0 {
			if said := p.step(train.Containers[0], shared, exitFailed); !strings.Contains(said, "left no model") {
				t.Errorf("a trainer that wrote nothing: %s", said)
			}
		}
		write(t, filepath.Join(shared, "output/model/weights.json"), strings.Repeat("1", i+1))
		if said := p.step(train.Containers[0], shared, 0); !strings.Contains(said, says) {
			t.Errorf("pod %d said %q, want %q", i+1, said, says)
		}
	}
	output := p.output(run, mlops.StepTrain).Output

	evaluate := workload.Evaluate(story.Model, run, mlops.StepEvaluateCandidate, workload.EvaluateInputs{
		ArtifactSHA256: output.ArtifactSHA256, Code: code, HoldoutDataset: "flights", HoldoutVersion: 1, Exclude: []string{"flights/1"},
	}, workload.Seen{}).Job.Pod
	shared := t.TempDir()
	p.step(evaluate.Init[0], shared, 0)
	if data, err := os.ReadFile(filepath.Join(shared, "model/weights.json")); err != nil || string(data) != "1" {
		t.Errorf("evaluate finds the model %q, %v; want the first pod's", data, err)
	}
	write(t, filepath.Join(shared, "output/metrics.json"), `{"auc": 0.7}`)
	write(t, filepath.Join(shared, "output/predictions.csv"), "row,label,score\n0,1,0.9\n")
	p.step(evaluate.Containers[0], shared, 0)
	judged := p.output(run, mlops.StepEvaluateCandidate)
	if judged.HoldoutRows != 1 || judged.ExcludedRows != 1 || judged.Metrics["auc"] != 0.7 || judged.PredictionsSHA256 == "" {
		t.Errorf("evaluated %+v", judged)
	}

	version := mlops.ModelVersion{Number: 1, Inputs: mlops.Inputs{Code: code}, Output: *output}
	serve := workload.Deployment(mlops.Deployment{Name: story.Model, Model: story.Model}, version, "", workload.Seen{}).Service.Pod
	shared = t.TempDir()
	p.step(serve.Init[0], shared, 0)
	if _, err := os.Stat(filepath.Join(shared, "model/weights.json")); err != nil {
		t.Errorf("serve finds no model: %v", err)
	}
}

func (p *place) output(run mlops.Run, step string) mlops.StepOutput {
	p.t.Helper()
	data, err := p.in.Store.Read(p.t.Context(), mlops.StepOutputKey(story.Model, run.ID, run.Attempt, step))
	if err != nil {
		p.t.Fatal(err)
	}
	var output mlops.StepOutput
	if err := json.Unmarshal(data, &output); err != nil {
		p.t.Fatal(err)
	}
	return output
}

func TestLogsNamesWhatItCannotFind(t *testing.T) {
	p := planted(t)
	p.shows(exitNothingFound, words("logs nobody"), "neither a workload nor a run")
	p.shows(exitNothingFound, words("logs nobody --kind monitor"), "nothing runs by the name")
	p.shows(exitNothingFound, words("logs c4"), "no log is kept any more")
	p.shows(exitUsage, words("logs c"), "write more of it")
	for _, manifest := range []workload.Manifest{
		{Kind: workload.KindService, Name: "same", Service: &workload.Service{Replicas: 1, Pod: pod()}},
		{Kind: workload.KindSchedule, Name: "same", Schedule: &workload.Schedule{Cron: "@daily", Job: workload.Job{Pod: pod()}}},
	} {
		if _, err := p.in.Workloads.Apply(t.Context(), manifest, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"logs same", "logs same --kind deployment", "logs same --kind monitor"} { // a monitor has its deployment's name by default
		if _, stderr, code := p.typed(words(line)...); code != 0 {
			t.Errorf("mlops %s of what has not started: %d, %s", line, code, stderr)
		}
	}
}

func pod() workload.Pod {
	return workload.Pod{Containers: []workload.Container{{Name: "c", Agent: true, Command: []string{"control"}}}}
}

// The real controller answers what people type.
func TestControllerAnswers(t *testing.T) {
	p := newPlace(t)
	story.Declare(t, p.in)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		_, _, code := typed(ctx, "control", "--interval", "20ms", "--project", p.path)
		ended <- code
	}()
	p.shows(0, words("freeze flight-delay --reason holiday"), "flight-delay frozen: holiday")
	p.shows(0, words("status"), "FROZEN since", "by carol: holiday")
	p.shows(0, words("thaw flight-delay --reason over"), "flight-delay thawed: over")
	p.shows(exitFailed, words("train flight-delay --reason now"), `refused: dataset "flights" has no version to train on: publish one first`)
	p.shows(exitFailed, words("rollback flight-delay --to 7 --reason x"), "refused:", "has no version 7")
	p.shows(0, words("audit verify"), "intact")
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("the controller ended with code %d", code)
	}
}
