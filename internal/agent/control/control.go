// Package control keeps models alive: it follows each model's log, decides with mlops.Next, appends what it decided, and
// makes the platform and the owners' inboxes agree with the log. Everything is derived anew from log and world in each
// pass, so a controller may be killed anywhere, and any number may run at once: whoever appends the next event has decided.
// It decides nothing itself, and knows neither Terraform nor which platform it is on.
package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/retention"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Interval is how long the controller waits between two passes.
const Interval = 500 * time.Millisecond

// Controller is one controller of one project. It is not safe for concurrent use; several controllers are.
type Controller struct {
	project *project.Project
	log     hclog.Logger

	specs    specCache
	datasets datasetCache
	models   map[string]*modelMemory
	monitors map[string]*monitorMemory
	notified map[string]delivery // by key
	passes   int64
	told     map[string]bool // faults that were logged already
	sealed   string          // the last hour whose heads are sealed
	sweeper  *retention.Sweeper
	measured measurements
	applied  applied
}

// New returns a controller that remembers nothing yet: all that it needs is in the project.
func New(in *project.Project, log hclog.Logger) *Controller {
	return &Controller{
		project: in, log: log, models: map[string]*modelMemory{}, monitors: map[string]*monitorMemory{},
		notified: map[string]delivery{}, told: map[string]bool{}, sweeper: retention.New(in.Store),
		measured: measurements{dropped: map[string]bool{}},
	}
}

// Run makes passes until ctx ends. A pass that fails is logged and made again: a store that is away comes back.
func (c *Controller) Run(ctx context.Context, ticks <-chan time.Time) error {
	c.log.Info("controller started", "place", c.project.Place)
	for {
		if err := c.Pass(ctx); err != nil && ctx.Err() == nil {
			c.logFaults(err)
		}
		select {
		case <-ctx.Done():
			c.log.Info("controller stopped")
			return nil
		case <-ticks:
		}
	}
}

// forgetProject drops what was read: the project was removed and begun anew, and all of it is of the one before.
func (c *Controller) forgetProject() {
	c.specs, c.datasets = specCache{}, datasetCache{}
	c.models, c.monitors, c.notified = map[string]*modelMemory{}, map[string]*monitorMemory{}, map[string]delivery{}
	c.sealed, c.applied = "", applied{}
}

// view is what one pass has read of the project, beside logs.
type view struct {
	now      time.Time
	requests map[string][]mlops.Request // by model
	jobs     map[string]workload.Live
	services map[string]workload.Live
	self     string // object id of this controller, where requests are from verified people
	// schedules are looked at where this controller applies them.
	schedules map[string]workload.Live
}

// Pass reads what is new, and moves every model as far as it goes. Faults of one model do not stop the others; they are
// joined into the error.
func (c *Controller) Pass(ctx context.Context) error {
	c.passes++
	if err := c.specs.refresh(ctx, c.project.Store); err != nil {
		return err
	}
	if err := c.mayWrite(); err != nil {
		return errors.Join(err, c.rollItself(ctx))
	}
	if err := c.datasets.refresh(ctx, c.project.Store, sortedNames(c.specs.names[mlops.KindDataset])); err != nil {
		return err
	}
	var faults []error
	for _, name := range sortedNames(c.specs.names[mlops.KindModel]) {
		faults = append(faults, c.follow(ctx, name))
	}
	faults = append(faults, c.followMonitors(ctx))
	// The inbox is read after the logs: a request that another controller has answered since is then either gone from it or
	// among the last that its log remembers.
	seen, err := c.look(ctx)
	faults = append(faults, err)
	if seen != nil {
		for _, name := range slices.Sorted(maps.Keys(c.models)) {
			err := c.move(ctx, c.models[name], seen)
			if errors.Is(err, eventlog.ErrReplaced) {
				c.log.Info("the project was begun anew", "model", name)
				c.forgetProject()
				return nil
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("model %q: %w", name, err))
			}
		}
		faults = append(faults, c.dropServices(ctx, seen), c.applyAll(ctx, seen))
	}
	faults = append(faults, c.notifyMonitors(ctx))
	if errors.Join(faults...) == nil { // a pass that was cut short has not asked for everything
		c.forgetNotified()
	}
	faults = append(faults, c.seal(ctx), c.forget(ctx), c.measure(ctx))
	return errors.Join(faults...)
}

// look reads inbox and platform. Requests that cannot be read are an error beside the view of the others.
func (c *Controller) look(ctx context.Context) (*view, error) {
	seen := &view{now: c.project.Now(), requests: map[string][]mlops.Request{}, jobs: map[string]workload.Live{}, services: map[string]workload.Live{}}
	requests, faults := c.project.Requests(ctx)
	if len(requests) > 0 && c.project.Inbox != nil {
		self, err := c.project.Inbox.Self(ctx)
		if seen.self = self; err != nil {
			faults = errors.Join(faults, fmt.Errorf("who this controller is: %w", err))
		}
	}
	for _, request := range requests {
		seen.requests[request.Model] = append(seen.requests[request.Model], request)
	}
	for model, asked := range seen.requests {
		slices.SortFunc(asked, func(a, b mlops.Request) int { return compareIDs(a, b) })
		if err := c.adopt(ctx, model, asked); err != nil {
			faults = errors.Join(faults, err)
		}
	}
	kinds := map[workload.Kind]map[string]workload.Live{workload.KindJob: seen.jobs, workload.KindService: seen.services}
	if c.applies() {
		seen.schedules = map[string]workload.Live{}
		kinds[workload.KindSchedule] = seen.schedules
	}
	for kind, into := range kinds {
		live, err := c.project.Workloads.List(ctx, kind)
		if err != nil {
			return nil, errors.Join(faults, fmt.Errorf("%s: %w", kind, err))
		}
		for _, one := range live {
			into[one.Manifest.Name] = one
		}
	}
	return seen, faults
}

// logFaults logs each fault once for as long as the controller lives, so that a poison document does not fill the log.
func (c *Controller) logFaults(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			c.logFaults(one)
		}
		return
	}
	if !c.told[err.Error()] {
		c.told[err.Error()] = true
		c.log.Error("pass failed", "error", err)
	}
}

func sortedNames[V any](byName map[string]V) []string { return slices.Sorted(maps.Keys(byName)) }
