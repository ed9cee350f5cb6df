package control

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// ensureServices makes every deployment run the version that the log wants. A service that runs it is left alone, also
// where a newer agent would render it otherwise and where somebody has edited it by hand: that is for plan and apply, where those
// can reach it.
func (c *Controller) ensureServices(ctx context.Context, memory *modelMemory, seen *view) error {
	if memory.state.Deleted {
		return nil
	}
	var faults []error
	for _, deployment := range c.deployments(memory.state.Model) {
		if err := c.ensureService(ctx, memory, seen, deployment); err != nil {
			faults = append(faults, fmt.Errorf("deployment %q: %w", deployment.Name, err))
		}
	}
	return errors.Join(faults...)
}

func (c *Controller) ensureService(ctx context.Context, memory *modelMemory, seen *view, deployment mlops.Deployment) error {
	number := memory.state.Wanted(deployment)
	version, ok := memory.state.Version(number)
	if !ok { // awaiting a model, or pinned to a version that is not there: the provider says so
		return c.dropWentBack(ctx, memory.state, seen, deployment)
	}
	_, document, err := spec[mlops.Deployment](&c.specs, mlops.KindDeployment, deployment.Name)
	if err != nil {
		return err
	}
	live, exists := seen.services[deployment.Name]
	if exists && live.Manifest.Incarnation != document.Incarnation {
		if gone, err := c.dropEarlier(ctx, live, document); err != nil || !gone {
			return err
		}
		live, exists = workload.Live{}, false
	}
	stale := live.Manifest.LogSequence > memory.state.Sequence || live.Manifest.SpecSequence > document.Sequence
	edited := exists && c.applies() && !live.InSync() // else that is for plan and apply
	same := exists && !edited && live.Manifest.Service != nil && live.Manifest.Service.Version == number &&
		live.Manifest.SpecSequence == document.Sequence && live.Manifest.Incarnation == document.Incarnation
	if same || stale {
		return nil
	}
	manifest := workload.Deployment(deployment, version, c.timestampColumn(version.Inputs.Dataset), workload.Seen{
		LogSequence: memory.state.Sequence, SpecSequence: document.Sequence, Incarnation: document.Incarnation,
	})
	// What a log says that was begun anew since it was read must not be served in the name of the new one.
	head := eventlog.Head{Sequence: memory.state.Sequence, SHA256: memory.state.SHA256}
	if err := c.project.ModelLog(memory.state.Model).Stands(ctx, head); err != nil {
		return err
	}
	applied, err := c.project.Workloads.Apply(ctx, manifest, live.Revision)
	if errors.Is(err, mlops.ErrConflict) {
		return nil // an apply or another controller was first: the next pass looks again
	}
	if err != nil {
		return err
	}
	seen.services[deployment.Name] = applied
	c.log.Info("service declared", "deployment", deployment.Name, "version", number)
	return nil
}

// dropWentBack removes the service of a version whose promotion was rolled back where the alias had none before: there is
// nothing to go back to, and what did not hold must not go on serving. Of a version that nothing in the log sent back, as of
// an earlier life of the model, the service stays until there is one to follow it.
func (c *Controller) dropWentBack(ctx context.Context, state mlops.State, seen *view, deployment mlops.Deployment) error {
	live, exists := seen.services[deployment.Name]
	if !exists || live.Manifest.Service == nil || deployment.Version != nil || live.Manifest.LogSequence > state.Sequence {
		return nil
	}
	wentBack := slices.ContainsFunc(state.Runs, func(run mlops.Run) bool {
		return run.State == mlops.RunRolledBack && run.Alias == deployment.Alias && run.Version == live.Manifest.Service.Version
	})
	if !wentBack {
		return nil
	}
	c.log.Info("service of a version that went back removed", "deployment", deployment.Name, "version", live.Manifest.Service.Version)
	delete(seen.services, deployment.Name)
	return c.project.Workloads.Delete(ctx, workload.KindService, deployment.Name, live.Manifest.Incarnation)
}

// dropEarlier removes the service of an earlier life of a deployment's name: the numbers that it has seen mean nothing to
// this life, which it would hold up. Specs are read again first: it may be we who are of yesterday.
func (c *Controller) dropEarlier(ctx context.Context, live workload.Live, document mlops.SpecDocument) (gone bool, err error) {
	newest, err := c.project.SpecDocument(ctx, mlops.KindDeployment, document.Name)
	if err != nil || newest.Deleted || newest.Incarnation != document.Incarnation {
		return false, err
	}
	if err := c.project.Workloads.Delete(ctx, workload.KindService, live.Manifest.Name, live.Manifest.Incarnation); err != nil {
		return false, err
	}
	c.log.Info("service of an earlier life removed", "deployment", document.Name)
	return true, nil
}

func (c *Controller) timestampColumn(dataset string) string {
	declared, _, err := spec[mlops.Dataset](&c.specs, mlops.KindDataset, dataset)
	if err != nil || declared == nil {
		return ""
	}
	return declared.ColumnOf(mlops.RoleTimestamp)
}

// dropServices removes the services of deployments that are deleted, where the provider could not.
func (c *Controller) dropServices(ctx context.Context, seen *view) error {
	var faults []error
	for _, name := range sortedNames(c.specs.names[mlops.KindDeployment]) {
		document := c.specs.names[mlops.KindDeployment][name].document
		live, runs := seen.services[name]
		if !runs || !document.Deleted || live.Manifest.Owner != string(mlops.KindDeployment)+"/"+name {
			continue
		}
		if err := c.project.Workloads.Delete(ctx, workload.KindService, name, document.Incarnation); err != nil {
			faults = append(faults, fmt.Errorf("deployment %q: %w", name, err))
			continue
		}
		delete(seen.services, name)
	}
	return errors.Join(faults...)
}
