package envelope

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Workload is what a spec makes run.
type Workload[S mlops.Spec] struct {
	Kind workload.Kind
	// Name is the workload's name for an object's.
	Name func(object string) string
	// Render reads what else it needs and says what should run; wanted is false while nothing should. It is asked again
	// whenever somebody else has written meanwhile.
	Render func(ctx context.Context, in *project.Project, spec S, document mlops.SpecDocument) (manifest workload.Manifest, wanted bool, err error)
	// MayBeAbsent says that somebody else is about to declare it; nil never says so.
	MayBeAbsent func(ctx context.Context, in *project.Project, spec S) (bool, error)
}

// applyTries bounds how often an apply meets another writer before it gives up.
const applyTries = 20

// apply renders and declares until nobody has written in between.
func (w *Workload[S]) apply(ctx context.Context, in *project.Project, spec S, document mlops.SpecDocument) error {
	var err error
	for range applyTries {
		var live workload.Live
		live, err = in.Workloads.Get(ctx, w.Kind, w.Name(spec.SpecName()))
		if errors.Is(err, platform.ErrNowhere) {
			return nil
		}
		if err != nil && !errors.Is(err, mlops.ErrNotFound) {
			return err
		}
		manifest, wanted, renderErr := w.Render(ctx, in, spec, document)
		if renderErr != nil || !wanted {
			return renderErr
		}
		if upToDate(live, manifest) {
			return nil
		}
		if live.Revision != "" && live.Manifest.Incarnation != manifest.Incarnation {
			// What an earlier life of this name left behind has seen numbers that mean nothing to this one.
			if err = in.Workloads.Delete(ctx, w.Kind, manifest.Name, live.Manifest.Incarnation); err != nil {
				return err
			}
			live.Revision = ""
		}
		if _, err = in.Workloads.Apply(ctx, manifest, live.Revision); !errors.Is(err, mlops.ErrConflict) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("workload %s/%s: %d tries: %w", w.Kind, w.Name(spec.SpecName()), applyTries, err)
}

func upToDate(live workload.Live, manifest workload.Manifest) bool {
	return live.Revision != "" && live.InSync() && live.Manifest.Hash() == manifest.Hash() &&
		live.Manifest.SpecSequence == manifest.SpecSequence && live.Manifest.LogSequence == manifest.LogSequence
}

// inSync says whether what lives is what was written last, of this life of the name and of this number of the spec.
func (w *Workload[S]) inSync(ctx context.Context, in *project.Project, spec S, document mlops.SpecDocument) (bool, error) {
	live, err := in.Workloads.Get(ctx, w.Kind, w.Name(spec.SpecName()))
	if errors.Is(err, platform.ErrNowhere) {
		return true, nil
	}
	if errors.Is(err, mlops.ErrNotFound) {
		if w.MayBeAbsent == nil {
			return false, nil
		}
		return w.MayBeAbsent(ctx, in, spec)
	}
	if err != nil {
		return false, err
	}
	return live.InSync() && live.Manifest.Incarnation == document.Incarnation && live.Manifest.SpecSequence >= document.Sequence, nil
}

// removeWorkloads removes all that was rendered from one life of an object, its jobs among them.
func removeWorkloads(ctx context.Context, in *project.Project, owner, incarnation string) error {
	left, err := workloadsOf(ctx, in, owner, incarnation)
	faults := []error{err}
	for _, live := range left {
		faults = append(faults, in.Workloads.Delete(ctx, live.Manifest.Kind, live.Manifest.Name, live.Manifest.Incarnation))
	}
	return errors.Join(faults...)
}

// workloadsOf are those that were rendered from one life of an object. Kinds that cannot be listed are joined into the error.
func workloadsOf(ctx context.Context, in *project.Project, owner, incarnation string) ([]workload.Live, error) {
	var found []workload.Live
	var faults []error
	for _, kind := range workload.Kinds {
		all, err := in.Workloads.List(ctx, kind)
		faults = append(faults, err)
		for _, live := range all {
			if live.Manifest.Owner == owner && (incarnation == "" || live.Manifest.Incarnation == "" || live.Manifest.Incarnation == incarnation) {
				found = append(found, live)
			}
		}
	}
	return found, errors.Join(faults...)
}
