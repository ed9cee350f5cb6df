package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// finishedJobKept is how long a job that is over stays declared after its run has gone on: a controller that was paused
// meanwhile and still wants it must find it, or it would run again.
const finishedJobKept = time.Minute

// ensureJobs declares the jobs that the log wants and the platform does not have.
func (c *Controller) ensureJobs(ctx context.Context, memory *modelMemory, seen *view) error {
	_, document, err := spec[mlops.Model](&c.specs, mlops.KindModel, memory.state.Model)
	if err != nil {
		return err
	}
	wanted := workload.Seen{LogSequence: memory.state.Sequence, SpecSequence: document.Sequence, Incarnation: memory.state.Incarnation}
	var faults []error
	for _, run := range memory.state.Open() {
		for _, manifest := range jobs(memory, run, wanted) {
			if _, exists := seen.jobs[manifest.Name]; exists {
				continue
			}
			live, err := c.project.Workloads.Apply(ctx, manifest, "")
			switch {
			case errors.Is(err, mlops.ErrConflict): // another controller was first
			case err != nil:
				faults = append(faults, fmt.Errorf("job %s: %w", manifest.Name, err))
			default:
				seen.jobs[manifest.Name] = live
				c.log.Info("job declared", "job", manifest.Name, "run", run.ID)
			}
		}
	}
	return errors.Join(faults...)
}

// jobs are what a run wants to run now and has not published yet.
func jobs(memory *modelMemory, run mlops.Run, seen workload.Seen) []workload.Manifest {
	var wanted []workload.Manifest
	switch run.State {
	case mlops.RunTraining:
		if _, published := memory.outputs[mlops.JobName(run.ID, run.Attempt, mlops.StepTrain)]; !published {
			wanted = append(wanted, workload.Train(memory.state.Model, run, seen))
		}
	case mlops.RunTrained:
		for _, step := range mlops.EvaluationSteps(run) {
			if _, published := memory.outputs[mlops.JobName(run.ID, run.Attempt, step)]; !published {
				wanted = append(wanted, workload.Evaluate(memory.state.Model, run, step, evaluated(memory.state, run, step), seen))
			}
		}
	}
	return wanted
}

// evaluated are the inputs of an evaluation: the same rows for both sides, without what either has learned from.
func evaluated(state mlops.State, run mlops.Run, step string) workload.EvaluateInputs {
	inputs := workload.EvaluateInputs{
		ArtifactSHA256: run.Output.ArtifactSHA256, Code: run.Inputs.Code, ImageDigest: run.Output.ImageDigest,
		HoldoutDataset: run.Holdout.Dataset, HoldoutVersion: run.Holdout.Version, Exclude: []string{learned(*run.Inputs)},
	}
	champion, ok := state.Version(run.Holdout.Champion)
	if !ok {
		return inputs
	}
	if other := learned(champion.Inputs); !slices.Contains(inputs.Exclude, other) {
		inputs.Exclude = append(inputs.Exclude, other)
	}
	if step == mlops.StepEvaluateChampion {
		inputs.ArtifactSHA256, inputs.Code, inputs.ImageDigest = champion.Output.ArtifactSHA256, champion.Inputs.Code, champion.Output.ImageDigest
	}
	return inputs
}

func learned(inputs mlops.Inputs) string {
	return inputs.Dataset + "/" + strconv.FormatInt(inputs.DatasetVersion, 10)
}

// dropJobs removes the jobs of attempts that are over. A job that still runs is stopped at once: nobody waits for it.
func (c *Controller) dropJobs(ctx context.Context, memory *modelMemory, seen *view) error {
	wanted := map[string]bool{}
	for _, run := range memory.state.Open() {
		for _, step := range []string{mlops.StepTrain, mlops.StepEvaluateCandidate, mlops.StepEvaluateChampion} {
			wanted[mlops.JobName(run.ID, run.Attempt, step)] = true
		}
	}
	// Also where another controller has removed the job.
	maps.DeleteFunc(memory.outputs, func(name string, _ mlops.StepOutput) bool { return !wanted[name] })
	maps.DeleteFunc(memory.judgements, func(name string, _ mlops.Judgement) bool { return !wanted[name] })
	var faults []error
	for _, live := range c.jobsOf(memory.state.Model, seen) {
		newer := live.Manifest.LogSequence > memory.state.Sequence // declared by somebody who has read on
		recent := live.Status.Phase.Done() && seen.now.Before(live.Status.Finished.Add(finishedJobKept)) && !memory.state.Deleted
		if wanted[live.Manifest.Name] || newer || recent {
			continue
		}
		if err := c.project.Workloads.Delete(ctx, workload.KindJob, live.Manifest.Name, live.Manifest.Incarnation); err != nil {
			faults = append(faults, fmt.Errorf("job %s: %w", live.Manifest.Name, err))
			continue
		}
		delete(seen.jobs, live.Manifest.Name)
		c.log.Info("job removed", "job", live.Manifest.Name)
	}
	return errors.Join(faults...)
}

func (c *Controller) jobsOf(model string, seen *view) []workload.Live {
	var jobs []workload.Live
	for _, name := range sortedNames(seen.jobs) {
		if seen.jobs[name].Manifest.Owner == string(mlops.KindModel)+"/"+model {
			jobs = append(jobs, seen.jobs[name])
		}
	}
	return jobs
}
