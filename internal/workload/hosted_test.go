package workload_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// A hosted attempt is the same job with another middle: an agent that says what is to be run, and what it replaces.
func TestTrainIsHosted(t *testing.T) {
	run := mlops.Run{ID: "run-1", Attempt: 2, Inputs: &mlops.Inputs{
		Dataset: "flights", DatasetVersion: 1, Image: "delay@sha256:0f", Parameters: map[string]string{"l2": "1"},
		Code: mlops.Training{Train: mlops.JobCommand{Command: []string{"train", "--fast"}, Timeout: mlops.DefaultJobTimeout}, Resources: mlops.Resources{CPU: "8"}},
	}}
	own := workload.Train("delay", run, workload.Seen{}).Job.Pod
	run.Inputs.Code.Engine, run.Inputs.Code.AzureML = mlops.EngineAzureMLJob, &mlops.AzureML{WorkspaceID: "/w", Datastore: "d"}
	manifest := workload.Train("delay", run, workload.Seen{})
	if err := manifest.Check(); err != nil {
		t.Fatal(err)
	}
	pod := manifest.Job.Pod
	train := pod.Init[1]
	if train.Name != own.Init[1].Name || !train.Agent || train.Image != "" || train.Resources != (mlops.Resources{}) || len(pod.Init) != 2 || len(pod.Containers) != 1 {
		t.Errorf("%+v", train)
	}
	at := slices.Index(train.Command, "--job")
	job, err := workload.ParseHostedJob(train.Command[at+1])
	if err != nil || job.Name != "run-1-2-train" || job.Replaces != "run-1-1-train" || job.Image != "delay@sha256:0f" || !slices.Equal(job.Command, []string{"train", "--fast"}) ||
		job.Env["MLOPS_PARAMETERS"] != `{"l2":"1"}` || job.Env["MLOPS_RUN_ID"] != "run-1" || len(job.Env) != 2 || job.Timeout != mlops.DefaultJobTimeout || job.AzureML.Datastore != "d" {
		t.Errorf("%+v %v", job, err)
	}
	for _, text := range []string{"", "{", "{}", `{"name":"x"}`} {
		if _, err := workload.ParseHostedJob(text); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
