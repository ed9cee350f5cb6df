package machinelearning

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/arm"
)

// Job is a command that reads one folder and writes another.
type Job struct {
	Name, Experiment string
	Image            string
	Command          []string
	Env              map[string]string
	ComputeID        string // "" is serverless
	InstanceType     string // "" is the compute's own
	// Input and Output are folders of a datastore, without slashes at the ends.
	Datastore, Input, Output string
	Timeout                  time.Duration
}

// State is a job as the service tells it.
type State struct {
	Status string
	// Studio is where a person sees the job, its output and its logs; "" where that is not known.
	Studio string
}

// States in which a job stays.
const (
	Completed = "Completed"
	Failed    = "Failed"
	Cancelled = "Canceled" // as the service spells it
)

// Over says whether a job has come to its end. One that is not responding may come back.
func (s State) Over() bool {
	return s.Status == Completed || s.Status == Failed || s.Status == Cancelled
}

// Submit starts a job. One of that name that is there is left as it is: a name stands for one job for ever.
func (w *Workspace) Submit(ctx context.Context, job Job) error {
	environment, err := w.environment(ctx, job.Image)
	if err != nil {
		return err
	}
	body, err := w.body(job, environment)
	if err != nil {
		return err
	}
	if err := w.client.Put(ctx, w.jobID(job.Name), Version, body, nil, arm.Condition{}); err != nil {
		return fmt.Errorf("job %s: start: %w", job.Name, err)
	}
	return nil
}

// State reads a job; mlops.ErrNotFound where there is none.
func (w *Workspace) State(ctx context.Context, name string) (State, error) {
	var found struct {
		Properties struct {
			Status   string `json:"status"`
			Services map[string]struct {
				Endpoint string `json:"endpoint"`
			} `json:"services"`
		} `json:"properties"`
	}
	if err := w.client.Get(ctx, w.jobID(name), Version, &found); err != nil {
		return State{}, fmt.Errorf("job %s: %w", name, err)
	}
	return State{Status: found.Properties.Status, Studio: found.Properties.Services["Studio"].Endpoint}, nil
}

// Cancel asks a job to end. It does not wait until it has.
func (w *Workspace) Cancel(ctx context.Context, name string) error {
	if err := w.client.Post(ctx, w.jobID(name), "cancel", Version, nil, nil, arm.Condition{}); err != nil {
		return fmt.Errorf("job %s: cancel: %w", name, err)
	}
	return nil
}

func (w *Workspace) jobID(name string) string { return w.id + "/jobs/" + name }

// environmentName is that of all images; a version stands for one of them.
const environmentName = "mlops"

// environment registers an image with the workspace, under a version that follows from it, so that doing it twice is doing it
// once. Jobs name environments, not images.
func (w *Workspace) environment(ctx context.Context, image string) (id string, err error) {
	sum := sha256.Sum256([]byte(image))
	container := w.id + "/environments/" + environmentName
	id = container + "/versions/" + hex.EncodeToString(sum[:8])
	if err := w.client.Get(ctx, id, Version, nil); err == nil {
		return id, nil
	}
	body := map[string]any{"properties": map[string]any{"image": image, "osType": "Linux", "description": "An image of a training, registered by mlops"}}
	if err := w.client.Put(ctx, container, Version, map[string]any{"properties": map[string]any{}}, nil, arm.Condition{}); err != nil {
		return "", fmt.Errorf("environment %s: %w", environmentName, err)
	}
	if err := w.client.Put(ctx, id, Version, body, nil, arm.Condition{}); err != nil {
		return "", fmt.Errorf("environment of image %s: %w", image, err)
	}
	return id, nil
}

func (w *Workspace) body(job Job, environment string) (map[string]any, error) {
	input, err := w.datastoreURI(job.Datastore, job.Input+"/")
	if err != nil {
		return nil, err
	}
	output, err := w.datastoreURI(job.Datastore, job.Output+"/")
	if err != nil {
		return nil, err
	}
	properties := map[string]any{
		"jobType": "Command", "displayName": job.Name, "experimentName": job.Experiment, "environmentId": environment,
		"command": commandLine(job.Command), "environmentVariables": job.Env,
		"inputs":  map[string]any{inputName: map[string]any{"jobInputType": "uri_folder", "uri": input, "mode": "Download"}},
		"outputs": map[string]any{outputName: map[string]any{"jobOutputType": "uri_folder", "uri": output, "mode": "Upload"}},
		"limits":  map[string]any{"jobLimitsType": "Command", "timeout": fmt.Sprintf("PT%dS", int64(job.Timeout/time.Second))},
		"tags":    map[string]string{"mlops": job.Experiment},
	}
	resources := map[string]any{"instanceCount": 1}
	if job.InstanceType != "" {
		resources["instanceType"] = job.InstanceType
	}
	properties["resources"] = resources
	if job.ComputeID != "" {
		properties["computeId"] = job.ComputeID
	}
	return map[string]any{"properties": properties}, nil
}

const (
	inputName  = "input"
	outputName = "output"
)

// commandLine is what a shell of the image runs. The service puts folders in the place of its own brackets.
func commandLine(command []string) string {
	quoted := make([]string, len(command))
	for i, word := range command {
		quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return fmt.Sprintf(`export MLOPS_INPUT_DIR="${{inputs.%s}}" MLOPS_OUTPUT_DIR="${{outputs.%s}}" && exec %s`, inputName, outputName, strings.Join(quoted, " "))
}
