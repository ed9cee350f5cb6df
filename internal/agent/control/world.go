package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// world is what mlops.Next looks at for one model. A declaration that cannot be read is an error: the model is then left
// as it is, rather than moved by half of what was declared.
func (c *Controller) world(ctx context.Context, memory *modelMemory, seen *view) (mlops.World, error) {
	name := memory.state.Model
	world := mlops.World{
		Now: memory.now(seen.now), Policy: mlops.DefaultPolicy(name), Requests: seen.requests[name], Self: seen.self,
		Jobs: map[string]mlops.JobStatus{}, Outputs: map[string]mlops.StepOutput{}, Judgements: map[string]mlops.Judgement{},
		Serving: map[string]mlops.ServingStatus{},
	}
	model, document, err := spec[mlops.Model](&c.specs, mlops.KindModel, name)
	if err != nil || model == nil {
		return world, err
	}
	world.Model, world.Incarnation = model, document.Incarnation
	if world.Training, _, err = spec[mlops.Training](&c.specs, mlops.KindTraining, model.Training); err != nil {
		return world, err
	}
	if world.Training != nil {
		if err := c.datasets.faults[world.Training.Dataset]; err != nil {
			return world, err
		}
		world.Versions = c.datasets.versions[world.Training.Dataset]
	}
	policy, document, err := spec[mlops.RetrainPolicy](&c.specs, mlops.KindRetrainPolicy, name)
	if err != nil {
		return world, err
	}
	if policy != nil {
		world.Policy, world.PolicySince = *policy, document.Time
	} else if memory.state.AwaitsApproval() {
		// A candidate waits on the terms under which it came: destroying the policy opens no door.
		said, err := c.lastSaid(ctx, mlops.KindRetrainPolicy, name)
		if err != nil {
			return world, err
		}
		if last, ok := said.(*mlops.RetrainPolicy); ok {
			world.Policy.Approval = last.Approval
		}
	}
	if declared := c.specs.project(); declared != nil {
		world.Owners = declared.Owners
		if declared.Azure != nil {
			world.Requesters = declared.Azure.Requesters
		}
	}
	world.Deployments = c.deployments(name)
	if world.Episodes, err = c.episodes(world); err != nil {
		return world, err
	}
	for _, deployment := range world.Deployments {
		if live, ok := seen.services[deployment.Name]; ok && live.Manifest.Service != nil {
			world.Serving[deployment.Name] = memory.serving(deployment.Name, live, world)
		}
	}
	return world, c.addRuns(ctx, memory, seen, &world)
}

// now is the time by this controller's clock. Where that was set back, time goes on from where the log is: were it to stand
// still until the clock has caught up, nothing would be due and no promotion could end.
func (m *modelMemory) now(clock time.Time) time.Time {
	if behind := m.state.Time.Sub(clock); behind <= 0 {
		m.ahead = 0
	} else {
		m.ahead = max(m.ahead, behind)
	}
	return clock.Add(m.ahead)
}

// deployments of a model in order of name. A deployment that cannot be read is not rolled, and holds no promotion up.
func (c *Controller) deployments(model string) []mlops.Deployment {
	live, _ := all[mlops.Deployment](&c.specs, mlops.KindDeployment)
	var deployments []mlops.Deployment
	for _, deployment := range live {
		if deployment.Model == model {
			deployments = append(deployments, *deployment)
		}
	}
	return deployments
}

// episodes are the open ones of the monitors that watch the model or that its policy names. One whose log cannot be read is
// an error: it may know of a fault that must hold training back.
func (c *Controller) episodes(world mlops.World) ([]mlops.Episode, error) {
	var episodes []mlops.Episode
	for _, name := range sortedNames(c.monitors) {
		memory := c.monitors[name]
		watches := slices.ContainsFunc(world.Deployments, func(d mlops.Deployment) bool { return d.Name == memory.spec.Deployment })
		named := world.Policy.Triggers.Drift != nil && slices.Contains(world.Policy.Triggers.Drift.Monitors, name)
		if !watches && !named {
			continue
		}
		if memory.fault != nil {
			return nil, memory.fault
		}
		episodes = append(episodes, memory.state.Life(memory.incarnation).Open()...)
	}
	return episodes, nil
}

// serving notes since when a deployment has held. The time is this controller's own: one that was started again watches
// from the start.
func (m *modelMemory) serving(name string, live workload.Live, world mlops.World) mlops.ServingStatus {
	status := mlops.ServingStatus{Version: live.Manifest.Service.Version, Message: live.Status.Message, LogTail: tail(live.Status.LogTail)}
	hash := live.Manifest.Hash()
	switch {
	case !live.RolledOut():
		delete(m.rolledOut, name)
	case m.rolledOut[name].hash != hash:
		m.rolledOut[name] = rolledOut{hash: hash, since: world.Now}
	}
	status.RolledOutSince = m.rolledOut[name].since
	return status
}

// addRuns adds jobs, outputs and judgements of the runs that train or are judged.
func (c *Controller) addRuns(ctx context.Context, memory *modelMemory, seen *view, world *mlops.World) error {
	for _, run := range memory.state.Open() {
		var steps []string
		switch run.State {
		case mlops.RunTraining:
			steps = []string{mlops.StepTrain}
		case mlops.RunTrained:
			steps = mlops.EvaluationSteps(run)
		}
		for _, step := range steps {
			if err := c.addStep(ctx, memory, seen, world, run, step); err != nil {
				return err
			}
		}
		if run.State != mlops.RunTrained {
			continue
		}
		judgement, ok, err := c.judge(ctx, memory, run, world)
		if err != nil {
			return err
		}
		if ok {
			world.Judgements[run.ID] = judgement
		}
	}
	return nil
}

// addStep reads a step's output once its job is over, or where there is no job: another controller may have read it
// already and removed the job.
func (c *Controller) addStep(ctx context.Context, memory *modelMemory, seen *view, world *mlops.World, run mlops.Run, step string) error {
	name := mlops.JobName(run.ID, run.Attempt, step)
	live, exists := seen.jobs[name]
	if exists {
		world.Jobs[name] = jobStatus(live)
	}
	output, known := memory.outputs[name]
	if !known && (!exists || live.Status.Phase.Done()) {
		data, err := c.project.Store.Read(ctx, mlops.StepOutputKey(memory.state.Model, run.ID, run.Attempt, step))
		if errors.Is(err, mlops.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("output of %s: %w", name, err)
		}
		if fault := json.Unmarshal(data, &output); fault == nil {
			memory.outputs[name], known = output, true
		} else { // outputs are created once: nothing better will come
			world.Jobs[name] = mlops.JobStatus{Done: true, ExitCode: 1, Failed: "publish", Message: "what it published cannot be read: " + fault.Error()}
		}
	}
	if known {
		world.Outputs[name] = output
	}
	return nil
}

func jobStatus(live workload.Live) mlops.JobStatus {
	return mlops.JobStatus{
		Done: live.Status.Phase.Done(), ExitCode: live.Status.ExitCode, TimedOut: live.Status.TimedOut, Failed: live.Status.Failed,
		Message: live.Status.Message, LogTail: tail(live.Status.LogTail), Digests: live.Status.Digests,
	}
}

// logTailKept is how much of a log an event keeps.
const logTailKept = 64 << 10

func tail(log string) string {
	if len(log) > logTailKept {
		return log[len(log)-logTailKept:]
	}
	return log
}
