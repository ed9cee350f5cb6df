package control

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// report writes down what services and schedules look like by now, where that has changed: who waits elsewhere sees no more.
func (c *Controller) report(ctx context.Context, seen *view) error {
	if c.applied.written == nil {
		if err := c.readReported(ctx); err != nil {
			return err
		}
	}
	lives := map[string]workload.Live{}
	for _, kind := range []map[string]workload.Live{seen.services, seen.schedules} {
		for _, live := range kind {
			lives[string(live.Manifest.Kind)+"/"+live.Manifest.Name] = live
		}
	}
	for _, key := range sortedNames(lives) {
		hash := reported(lives[key])
		if c.applied.written[key] == hash {
			continue
		}
		if err := c.project.Observe(ctx, lives[key], false); err != nil {
			return fmt.Errorf("report of %s: %w", key, err)
		}
		c.applied.written[key] = hash
	}
	for _, key := range sortedNames(c.applied.written) {
		if _, there := lives[key]; there {
			continue
		}
		kind, name, _ := strings.Cut(key, "/")
		if err := c.project.Observe(ctx, workload.Live{Manifest: workload.Manifest{Kind: workload.Kind(kind), Name: name}}, true); err != nil {
			return fmt.Errorf("report of %s: %w", key, err)
		}
		delete(c.applied.written, key)
	}
	return nil
}

// readReported remembers what controllers before this one have reported, so that what is gone meanwhile is said to be.
func (c *Controller) readReported(ctx context.Context) error {
	written := map[string]string{}
	for _, kind := range []workload.Kind{workload.KindService, workload.KindSchedule} {
		all, err := c.project.AllObserved(ctx, kind)
		if err != nil {
			return fmt.Errorf("reports of %s: %w", kind, err)
		}
		for _, one := range all {
			written[string(kind)+"/"+one.Live.Manifest.Name] = reported(one.Live)
		}
	}
	c.applied.written = written
	return nil
}

// reported is the same for states of a workload that are worth the same report: a slot of a schedule and the time of a look
// are not.
func reported(live workload.Live) string {
	live.Status.Time, live.Status.LastSlot = time.Time{}, time.Time{}
	content, err := json.Marshal(live)
	if err != nil {
		return err.Error() // only plain fields: cannot happen
	}
	return mlops.ContentHash(content)
}
