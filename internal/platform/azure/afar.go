package azure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// afar are the workloads of a project whose controller alone may talk to its clusters: what is wanted stands in the store, the
// controller makes it so, and what it sees there it writes back.
type afar struct {
	store *project.Project
	own   mlops.Project
	now   func() time.Time
	every time.Duration // between two looks
}

const (
	// afarEvery is how often the controller's word is looked for, afarWithin how long: it looks at the store every half second.
	afarEvery, afarWithin = 500 * time.Millisecond, 3 * time.Minute
	// silentAfter is when a controller that says nothing is taken for gone; see control's reports.
	silentAfter = 5 * time.Minute
)

// seen says whether a controller is there, and if not, what to do.
func (a *afar) seen(ctx context.Context) (there bool, todo string, err error) {
	last, err := a.store.ControllerSeen(ctx)
	switch {
	case errors.Is(err, mlops.ErrNotFound):
		return false, "the controller has not been seen yet (awaiting_controller): install it with the manifests of the data source mlops_agent_manifests", platform.ErrNowhere
	case err != nil:
		return false, "", err
	case a.now().Sub(last.Time) > silentAfter:
		return false, fmt.Sprintf("the controller was seen last at %s: see that its pod runs", last.Time.UTC().Format(time.RFC3339)), nil
	default:
		return true, "", nil
	}
}

// get is what the controller saw last. Before it was seen once there is nothing, and nothing is missing; nor of the controller
// itself, for which whoever installed it answers.
func (a *afar) get(ctx context.Context, kind workload.Kind, name string) (workload.Live, error) {
	if kind == workload.KindService && name == workload.ControlService {
		return workload.Live{}, platform.ErrNowhere
	}
	found, err := a.store.Observed(ctx, kind, name)
	if errors.Is(err, mlops.ErrNotFound) {
		if _, _, seen := a.seen(ctx); seen != nil {
			return workload.Live{}, seen
		}
	}
	return found.Live, err
}

func (a *afar) list(ctx context.Context, kind workload.Kind) ([]workload.Live, error) {
	all, err := a.store.AllObserved(ctx, kind)
	var lives []workload.Live
	for _, one := range all {
		lives = append(lives, one.Live)
	}
	return lives, err
}

// apply waits until the controller has declared what was asked of it.
func (a *afar) apply(ctx context.Context, manifest workload.Manifest) (workload.Live, error) {
	var live workload.Live
	err := a.wait(ctx, func() (done bool, err error) {
		live, err = a.get(ctx, manifest.Kind, manifest.Name)
		if errors.Is(err, mlops.ErrNotFound) {
			return false, nil
		}
		return err == nil && live.Manifest.Incarnation == manifest.Incarnation && live.Manifest.SpecSequence >= manifest.SpecSequence && live.InSync(), err
	})
	if errors.Is(err, errLate) {
		err = fmt.Errorf("workload %s/%s: %w: see the controller's log; apply again to go on waiting", manifest.Kind, manifest.Name, err)
	}
	return live, err
}

// delete waits until the controller has removed a workload, except its own: that is who installed it.
func (a *afar) delete(ctx context.Context, kind workload.Kind, name, incarnation string) error {
	if a.own.Azure.AbandonWorkloadsOnDestroy || kind == workload.KindService && name == workload.ControlService {
		return nil
	}
	err := a.wait(ctx, func() (bool, error) {
		live, err := a.get(ctx, kind, name)
		if errors.Is(err, mlops.ErrNotFound) {
			return true, nil
		}
		return err == nil && incarnation != "" && live.Manifest.Incarnation != incarnation, err
	})
	if errors.Is(err, errLate) {
		return fmt.Errorf("workload %s/%s: %w: see that it runs, or set azure.abandon_workloads_on_destroy of the project to leave what runs", kind, name, err)
	}
	return err
}

var errLate = errors.New("the controller has not done it yet")

// wait looks until something is done. Nobody waits for a controller that is not there.
func (a *afar) wait(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, afarWithin)
	defer cancel()
	tick := time.NewTicker(a.every)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		there, todo, err := a.seen(ctx)
		if errors.Is(err, platform.ErrNowhere) {
			return nil
		}
		if err == nil && !there {
			return fmt.Errorf("%w: %s", errLate, todo)
		}
		select {
		case <-ctx.Done():
			return errors.Join(errLate, err)
		case <-tick.C:
		}
	}
}

func (a *afar) running(ctx context.Context) (bool, string) {
	there, todo, err := a.seen(ctx)
	if err != nil && !errors.Is(err, platform.ErrNowhere) {
		return false, err.Error()
	}
	return there, todo
}

func (a *afar) logs(kind workload.Kind, name string, _ io.Writer) error {
	return fmt.Errorf("workload %s/%s: %w: the controller alone may talk to its cluster: use kubectl there", kind, name, mlops.ErrInvalid)
}

// left says what a project leaves behind that the controller cannot remove.
func (a *afar) left(ctx context.Context) ([]string, error) {
	left := []string{fmt.Sprintf("The controller of project %q and what was installed with it stay in its cluster: remove them with "+
		"`kubectl delete -f` of the manifests that installed them.", a.own.Name)}
	for _, kind := range moving {
		all, err := a.list(ctx, kind)
		if err != nil {
			return left, err
		}
		for _, live := range all {
			if live.Manifest.Name != workload.ControlService {
				left = append(left, fmt.Sprintf("%s/%s was not removed.", kind, live.Manifest.Name))
			}
		}
	}
	return left, nil
}
