package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/monitor"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// alerts are a project's rules in Azure Monitor. All of them follow from all that is declared, so they are made one time
// after another: whoever asks while that goes on shares the next time with all others who do.
type alerts struct {
	of  *opened
	now func() time.Time

	lock          sync.Mutex
	running, next *turn
	surveyed      sync.Mutex
	last          *survey
}

var _ platform.Alerts = (*alerts)(nil)

// turn is one time of making the rules.
type turn struct {
	done chan struct{}
	err  error
}

// survey is what there must be and what of it is not so, at one moment.
type survey struct {
	plan    monitor.Plan
	changes []monitor.Change
	err     error
	until   time.Time
}

// surveyLives is how long a survey answers a walk over a configuration; what takes long to see is looked at more seldom.
const surveyLives = 2 * time.Second

// declared is all that rules and groups follow from; false where the project has none.
func (a *alerts) declared(ctx context.Context, own mlops.Project) (monitor.Declared, bool, error) {
	if own.Azure == nil || own.Azure.Alerts == nil {
		return monitor.Declared{}, false, nil
	}
	found := monitor.Declared{Place: a.of.place, Project: own}
	if telemetry := own.Azure.Telemetry; telemetry != nil {
		found.Component = telemetry.ApplicationInsightsID
	}
	in, err := a.of.session.component(ctx, found.Component)
	if err != nil {
		return found, true, err
	}
	found.Location = in.Location
	declared := project.Open(platform.Platform{Place: a.of.place, Store: a.of.store}, version.Version)
	monitors, err := declared.Specs(ctx, mlops.KindDriftMonitor)
	if err != nil {
		return found, true, err
	}
	for _, one := range monitors {
		if spec, ok := one.Spec.(*mlops.DriftMonitor); ok {
			found.Monitors = append(found.Monitors, *spec)
		}
	}
	deployments, err := declared.Specs(ctx, mlops.KindDeployment)
	for _, one := range deployments {
		if spec, ok := one.Spec.(*mlops.Deployment); ok {
			found.Deployments = append(found.Deployments, *spec)
		}
	}
	return found, true, err
}

// own is the project as it is declared now; false where it has no rules.
func (a *alerts) own(ctx context.Context) (mlops.Project, bool, error) {
	own, err := a.of.spec.get(ctx)
	if errors.Is(err, mlops.ErrNotFound) {
		return own, false, nil
	}
	return own, err == nil && own.Azure.Alerts != nil, err
}

// Settle makes the rules follow what is declared now.
func (a *alerts) Settle(ctx context.Context) error {
	own, some, err := a.own(ctx)
	if err != nil || !some {
		return err
	}
	a.lock.Lock()
	waits := a.next
	switch {
	case a.running == nil:
		waits = &turn{done: make(chan struct{})}
		a.running = waits
		go a.take(context.WithoutCancel(ctx), own)
	case waits == nil: // what runs may have looked before this one's spec was written
		waits = &turn{done: make(chan struct{})}
		a.next = waits
	}
	a.lock.Unlock()
	select {
	case <-waits.done:
		return waits.err
	case <-ctx.Done():
		return fmt.Errorf("alert rules of project %q: %w", own.Name, ctx.Err())
	}
}

// turnTimeout bounds one time: whoever waits for it has a timeout, too.
const turnTimeout = 10 * time.Minute

// take makes the rules, again as long as somebody waits.
func (a *alerts) take(ctx context.Context, own mlops.Project) {
	for {
		a.lock.Lock()
		now := a.running
		a.lock.Unlock()
		bounded, cancel := context.WithTimeout(ctx, turnTimeout)
		now.err = a.rules(bounded, own)
		cancel()
		a.forget()
		close(now.done)
		a.lock.Lock()
		a.running, a.next = a.next, nil
		more := a.running != nil
		a.lock.Unlock()
		if !more {
			return
		}
	}
}

func (a *alerts) rules(ctx context.Context, own mlops.Project) error {
	declared, _, err := a.declared(ctx, own)
	if err != nil {
		return err
	}
	plan, err := monitor.Render(declared)
	if err != nil {
		return err
	}
	return plan.ApplyRules(ctx, a.of.session.resources)
}

// Settled says whether the rules about an object are there as they were made.
func (a *alerts) Settled(ctx context.Context, object string) (bool, error) {
	own, some, err := a.own(ctx)
	if err != nil || !some {
		return !some, unreachable(err)
	}
	found := a.look(ctx, own)
	if found.err != nil {
		return false, unreachable(found.err)
	}
	return !slices.ContainsFunc(found.changes, func(change monitor.Change) bool {
		return slices.Contains(found.plan.Rules[change.ID].Objects, object)
	}), nil
}

// othersSettled says whether all that is about no one object is so: groups, and rules about everything; and that nothing is
// left of what there was.
func (a *alerts) othersSettled(ctx context.Context, own mlops.Project) (bool, error) {
	if own.Azure.Alerts == nil {
		return true, nil
	}
	found := a.look(ctx, own)
	if errors.Is(found.err, mlops.ErrNotFound) { // the component or the resource group is gone
		return false, nil
	}
	return !slices.ContainsFunc(found.changes, func(change monitor.Change) bool {
		return len(found.plan.Rules[change.ID].Objects) == 0
	}), found.err
}

// look is the survey of now.
func (a *alerts) look(ctx context.Context, own mlops.Project) survey {
	a.surveyed.Lock()
	defer a.surveyed.Unlock()
	if a.last != nil && a.now().Before(a.last.until) {
		return *a.last
	}
	began := a.now()
	found := survey{}
	declared, _, err := a.declared(ctx, own)
	if err == nil {
		found.plan, err = monitor.Render(declared)
	}
	if err == nil {
		var live monitor.Live
		live, err = monitor.Read(ctx, a.of.session.resources, found.plan.ResourceGroupID, found.plan.Place)
		found.changes = found.plan.Changes(live)
	}
	if found.err = err; err == nil {
		end := a.now()
		found.until = end.Add(max(surveyLives, 4*end.Sub(began)))
		a.last = &found
	}
	return found
}

func (a *alerts) forget() {
	a.surveyed.Lock()
	defer a.surveyed.Unlock()
	a.last = nil
}

// settleAll makes groups and rules. What must have an address that nobody knows is an error that says what to do.
func (a *alerts) settleAll(ctx context.Context, own mlops.Project) error {
	defer a.forget()
	declared, some, err := a.declared(ctx, own)
	if err != nil || !some {
		return err
	}
	plan, err := monitor.Render(declared)
	if err != nil {
		return err
	}
	secrets := monitor.Secrets{}
	for role, receivers := range own.Azure.Alerts.Receivers {
		for name, hook := range receivers.Webhooks {
			secrets[declared.SecretKey(role, name)] = hook.URL
		}
	}
	_, err = plan.Apply(ctx, a.of.session.resources, secrets)
	return err
}

// leave removes all that another declaration of the project than this one has made: where it is made elsewhere now, or nowhere.
func (a *alerts) leave(ctx context.Context, before *mlops.Project, own mlops.Project) error {
	if before == nil || before.Azure.Alerts == nil {
		return nil
	}
	was := before.Azure.Alerts.ResourceGroupID
	if own.Azure.Alerts != nil && mlops.SameARMID(was, own.Azure.Alerts.ResourceGroupID) {
		return nil
	}
	return a.remove(ctx, was)
}

// remove deletes the project's rules in a resource group, then its action groups. A group that is gone has none.
func (a *alerts) remove(ctx context.Context, resourceGroupID string) error {
	defer a.forget()
	err := monitor.Delete(ctx, a.of.session.resources, resourceGroupID, a.of.place)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil
	}
	return err
}
