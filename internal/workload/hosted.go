package workload

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// HostedJob is a user's command that a service outside of the project's clusters runs. The pod that stands in its place in a
// job hands it the input folder, waits, and brings back its output folder; so fetch and publish are the same as ever.
type HostedJob struct {
	// Name is the job's in the service, unique for ever: who asks twice for it gets the same job.
	Name string `json:"name"`
	// Replaces is the job of the attempt before, "" for a first one. If it still runs it is cancelled.
	Replaces string            `json:"replaces,omitempty"`
	AzureML  mlops.AzureML     `json:"azure_ml"`
	Title    string            `json:"title"` // what people see: the model
	Image    string            `json:"image"`
	Command  []string          `json:"command"`
	Env      map[string]string `json:"env,omitempty"`
	Timeout  mlops.Duration    `json:"timeout"`
}

// ParseHostedJob reads what a pod was told.
func ParseHostedJob(text string) (HostedJob, error) {
	var job HostedJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return job, fmt.Errorf("%w: hosted job: %w", mlops.ErrInvalid, err)
	}
	if job.Name == "" || job.Image == "" || len(job.Command) == 0 || job.AzureML.WorkspaceID == "" || time.Duration(job.Timeout) <= 0 {
		return job, fmt.Errorf("%w: hosted job %q lacks a name, an image, a command, a workspace or a timeout", mlops.ErrInvalid, job.Name)
	}
	return job, nil
}

// hosted puts the pod's own part in the place of a user's container: an agent that has the job run elsewhere.
func hosted(user Container, model string, run mlops.Run, step string, timeout mlops.Duration) Container {
	job := HostedJob{
		Name: mlops.JobName(run.ID, run.Attempt, step), AzureML: *run.Inputs.Code.AzureML, Title: model,
		Image: user.Image, Command: user.Command, Env: map[string]string{}, Timeout: timeout,
	}
	if run.Attempt > 1 {
		job.Replaces = mlops.JobName(run.ID, run.Attempt-1, step)
	}
	for _, name := range []string{"MLOPS_PARAMETERS", "MLOPS_RUN_ID"} { // folders are the service's to name
		job.Env[name] = user.Env[name]
	}
	text, err := json.Marshal(job)
	if err != nil {
		panic("workload: a hosted job cannot be marshalled: " + err.Error()) // only plain fields: cannot happen
	}
	container := agent("hosted", "--job", string(text), "--input", inputDir, "--output", outputDir)
	container.Name = user.Name
	return container
}
