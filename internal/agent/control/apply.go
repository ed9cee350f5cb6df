package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// seenEvery is how often a controller that is the only one to apply gives a sign of life.
const seenEvery = time.Minute

// applied is what a controller remembers that is the only one who may talk to the project's clusters.
type applied struct {
	written map[string]string // hash of what was reported last, by kind and name
	seen    time.Time         // of the last sign of life
}

// applies says whether this controller does the provider's part too.
func (c *Controller) applies() bool {
	own := c.specs.project()
	return own != nil && own.Azure != nil && own.Azure.ApplyFrom == mlops.ApplyFromController
}

// applyAll declares what the provider would where it could reach the cluster, and reports what is seen there.
func (c *Controller) applyAll(ctx context.Context, seen *view) error {
	if !c.applies() || seen == nil {
		return nil
	}
	faults := []error{c.applyMonitors(ctx, seen), c.applyOwn(ctx, seen), c.report(ctx, seen)}
	if now := c.project.Now(); errors.Join(faults...) == nil && now.Sub(c.applied.seen) >= seenEvery {
		if err := c.project.SeenControlling(ctx); err != nil {
			return err
		}
		c.applied.seen = now
	}
	return errors.Join(faults...)
}

// applyMonitors declares the schedules of monitors, and removes those of monitors that are deleted.
func (c *Controller) applyMonitors(ctx context.Context, seen *view) error {
	var faults []error
	for _, name := range sortedNames(c.specs.names[mlops.KindDriftMonitor]) {
		monitor, document, err := spec[mlops.DriftMonitor](&c.specs, mlops.KindDriftMonitor, name)
		live, exists := seen.schedules[name]
		switch {
		case err != nil:
		case monitor == nil && exists:
			if err = c.project.Workloads.Delete(ctx, workload.KindSchedule, name, document.Incarnation); err == nil {
				delete(seen.schedules, name)
			}
		case monitor != nil:
			manifest := workload.Monitor(*monitor, workload.Seen{SpecSequence: document.Sequence, Incarnation: document.Incarnation})
			err = c.declare(ctx, seen.schedules, manifest, live)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("drift monitor %q: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

// applyOwn declares this controller's own service, so that it follows the version that the project names.
func (c *Controller) applyOwn(ctx context.Context, seen *view) error {
	for name := range c.specs.names[mlops.KindProject] {
		own, document, err := spec[mlops.Project](&c.specs, mlops.KindProject, name)
		if err != nil || own == nil {
			continue
		}
		live, installed := seen.services[workload.ControlService]
		if !installed { // somebody runs it by hand
			return nil
		}
		manifest := workload.Control(*own, workload.Seen{SpecSequence: document.Sequence, Incarnation: document.Incarnation})
		return c.declare(ctx, seen.services, manifest, live)
	}
	return nil
}

// rollItself lets a controller that is too old for the project be replaced by one that is not: nobody else may do that.
func (c *Controller) rollItself(ctx context.Context) error {
	if !c.applies() {
		return nil
	}
	live, err := c.project.Workloads.Get(ctx, workload.KindService, workload.ControlService)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.applyOwn(ctx, &view{services: map[string]workload.Live{workload.ControlService: live}})
}

// declare applies a manifest unless it is what lives, as it was made.
func (c *Controller) declare(ctx context.Context, known map[string]workload.Live, manifest workload.Manifest, live workload.Live) error {
	if live.Revision != "" && live.Manifest.Incarnation != "" && live.Manifest.Incarnation != manifest.Incarnation {
		if err := c.project.Workloads.Delete(ctx, manifest.Kind, manifest.Name, live.Manifest.Incarnation); err != nil {
			return err
		}
		live = workload.Live{}
	}
	if live.Revision != "" && live.InSync() && live.Manifest.Hash() == manifest.Hash() && live.Manifest.SpecSequence >= manifest.SpecSequence {
		return nil
	}
	applied, err := c.project.Workloads.Apply(ctx, manifest, live.Revision)
	if errors.Is(err, mlops.ErrConflict) {
		return nil // another controller was first: the next pass looks again
	}
	if err == nil {
		known[manifest.Name] = applied
		c.log.Info("declared", "kind", manifest.Kind, "name", manifest.Name)
	}
	return err
}
