package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/retention"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// forget removes records, labels and reports that have been kept for as long as was declared: a piece of a round that begins at most
// once an hour.
func (c *Controller) forget(ctx context.Context) error {
	removed, err := c.sweeper.Sweep(ctx, c.project.Now(), func() ([]retention.Rule, error) { return c.retention(ctx) })
	if removed > 0 {
		c.log.Info("removed by retention", "documents", removed)
	}
	return err
}

// retention is what is declared now. Where no project is, because it was destroyed with its history retained, nothing goes.
// What a deployment says stands above what the project says; zero is not saying anything.
func (c *Controller) retention(ctx context.Context) ([]retention.Rule, error) {
	declared := c.specs.project()
	if declared == nil {
		return nil, nil
	}
	var rules []retention.Rule
	var faults []error
	for _, name := range sortedNames(c.specs.names[mlops.KindDeployment]) {
		days, err := c.recordDays(ctx, name)
		if err != nil {
			faults = append(faults, fmt.Errorf("records of deployment %q: %w", name, err))
			continue
		}
		if days == 0 {
			days = declared.Retention.RecordDays
		}
		if days > 0 {
			rules = append(rules, retention.Records(name, days)...)
		}
	}
	if declared.Retention.ReportDays <= 0 {
		return rules, errors.Join(faults...)
	}
	for _, name := range sortedNames(c.specs.names[mlops.KindDriftMonitor]) {
		// What a monitor still needs is only known of one that can be read, and nothing where it is deleted.
		memory := c.monitors[name]
		readable := memory != nil && memory.fault == nil && memory.state.Parked == ""
		if found := c.specs.names[mlops.KindDriftMonitor][name]; readable || found.fault == nil && found.document.Deleted {
			rules = append(rules, retention.Reports(name, declared.Retention.ReportDays, neededReports(memory)))
		}
	}
	return rules, errors.Join(faults...)
}

// recordDays is what a deployment says, or has said last where it is deleted: what was collected under a promise is removed
// by it.
func (c *Controller) recordDays(ctx context.Context, name string) (int64, error) {
	said, err := c.lastSaid(ctx, mlops.KindDeployment, name)
	if err != nil {
		return 0, err
	}
	deployment, ok := said.(*mlops.Deployment)
	if !ok {
		return 0, nil
	}
	return deployment.DataCollection.RetentionDays, nil
}

// neededReports are the ones that people are shown as the latest or as the reason of an open episode. A monitor that is
// deleted needs none.
func neededReports(memory *monitorMemory) map[string]bool {
	needed := map[string]bool{}
	if memory == nil {
		return needed
	}
	for _, episode := range memory.state.Open() {
		needed[episode.Report] = true
	}
	windows := memory.state.Windows
	if len(windows) == 0 {
		return needed
	}
	needed[windows[len(windows)-1].Report] = true
	latest := windows[0]
	for _, window := range windows {
		if !window.End.Before(latest.End) {
			latest = window
		}
	}
	needed[latest.Report] = true
	return needed
}
