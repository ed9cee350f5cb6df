package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/machinelearning"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// hosted has jobs run by Azure Machine Learning. What they read and write stands in a datastore of the workspace while they
// run: a user's command never sees the project's container.
type hosted struct {
	session *session
	options Options
}

var _ platform.Hosted = (*hosted)(nil)

// jobsFolder of a datastore holds what jobs read and write.
const jobsFolder = "mlops/"

// cancelTimeout is shorter than the grace period of a job's pod.
const cancelTimeout = 8 * time.Second

// Run submits a job, or finds it there, and waits for it.
func (h *hosted) Run(ctx context.Context, job workload.HostedJob, input, output string, say func(string)) error {
	in := machinelearning.Open(h.session.resources, job.AzureML.WorkspaceID)
	if h.options.Poll > 0 {
		in.PollEvery = h.options.Poll
	}
	if err := cancelBefore(ctx, in, job.Replaces, say); err != nil {
		return err
	}
	files, err := h.datastore(ctx, in, job.AzureML)
	if err != nil {
		return err
	}
	at := jobsFolder + job.Name
	state, err := in.State(ctx, job.Name)
	if errors.Is(err, mlops.ErrNotFound) {
		if err := files.PutFolder(ctx, input, at+"/input/"); err != nil {
			return fmt.Errorf("hand over the input: %w", err)
		}
		say("submitting job " + job.Name + " to " + job.AzureML.WorkspaceID)
		err = submit(ctx, in, submission(job, at))
	}
	if err == nil {
		state, err = h.await(ctx, in, job.Name, say)
	}
	if err != nil {
		return err
	}
	if state.Status != machinelearning.Completed {
		return fmt.Errorf("it ended as %s: read its logs at %s", state.Status, cmp.Or(state.Studio, "the workspace's studio, under "+job.Name))
	}
	count, err := files.GetFolder(ctx, at+"/output/", output)
	if err != nil {
		return fmt.Errorf("bring back the output: %w", err)
	}
	say(fmt.Sprintf("brought back %d files", count))
	// The output stays, for a pod that is made again before all is published.
	if err := files.RemoveFolder(ctx, at+"/input/"); err != nil {
		say("left behind: " + err.Error())
	}
	return nil
}

// submit starts a job. One that is there already was started by a try whose reply was lost, or by another pod of the attempt.
// Whoever is stopped meanwhile may have started it all the same.
func submit(ctx context.Context, in *machinelearning.Workspace, job machinelearning.Job) error {
	err := in.Submit(ctx, job)
	if errors.Is(err, mlops.ErrConflict) {
		return nil
	}
	if err != nil && ctx.Err() != nil {
		if stopped := cancelNow(ctx, in, job.Name); !errors.Is(stopped, mlops.ErrNotFound) {
			err = errors.Join(err, stopped)
		}
	}
	return err
}

// await waits until a job is over. A look that fails is tried again: the job goes on meanwhile, and has a timeout.
func (h *hosted) await(ctx context.Context, in *machinelearning.Workspace, name string, say func(string)) (machinelearning.State, error) {
	told, unseen := machinelearning.State{}, 0
	for {
		state, err := in.State(ctx, name)
		switch {
		case ctx.Err() != nil:
			return state, errors.Join(fmt.Errorf("stopped while it was %s", cmp.Or(told.Status, "starting")), cancelNow(ctx, in, name))
		case errors.Is(err, mlops.ErrNotFound):
			if unseen++; unseen > goneAfter {
				return state, err
			}
		case err != nil:
			say("cannot look at it, and will again: " + err.Error())
		case state.Over():
			return state, nil
		case state != told:
			say(state.Status + " " + state.Studio)
			told, unseen = state, 0
		}
		select {
		case <-ctx.Done():
		case <-time.After(in.PollEvery):
		}
	}
}

// goneAfter is how many looks in a row may not see a job: a new one is not seen everywhere at once.
const goneAfter = 6

// cancelNow ends a job though whoever waits for it is to end too.
func cancelNow(ctx context.Context, in *machinelearning.Workspace, name string) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	return in.Cancel(ctx, name)
}

// cancelBefore ends the job of the attempt before, whose pod is gone and did not: nobody waits for it.
func cancelBefore(ctx context.Context, in *machinelearning.Workspace, name string, say func(string)) error {
	if name == "" {
		return nil
	}
	state, err := in.State(ctx, name)
	if errors.Is(err, mlops.ErrNotFound) || err == nil && state.Over() {
		return nil
	}
	if err == nil {
		say("cancelling job " + name + " of the attempt before")
		err = in.Cancel(ctx, name)
	}
	return err
}

// datastore opens the container behind a workspace's datastore.
func (h *hosted) datastore(ctx context.Context, in *machinelearning.Workspace, at mlops.AzureML) (*blob.Store, error) {
	found, err := in.Datastore(ctx, at.Datastore)
	if err != nil {
		return nil, err
	}
	return blob.Open(h.session.cloud.BlobEndpoint(found.Account)+"/"+found.Container, h.session.credential,
		blob.Options{AccountKey: h.session.accountKey, Transport: h.options.Transport})
}

func submission(job workload.HostedJob, at string) machinelearning.Job {
	return machinelearning.Job{
		Name: job.Name, Experiment: job.Title, Image: job.Image, Command: job.Command, Env: job.Env,
		ComputeID: job.AzureML.ComputeID, InstanceType: job.AzureML.InstanceType,
		Datastore: job.AzureML.Datastore, Input: at + "/input", Output: at + "/output", Timeout: time.Duration(job.Timeout),
	}
}
