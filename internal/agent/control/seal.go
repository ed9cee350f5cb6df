package control

import (
	"context"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// seal writes the heads of all logs once an hour.
func (c *Controller) seal(ctx context.Context) error {
	now := c.project.Now()
	hour := mlops.SealKey(now)
	if c.sealed == hour {
		return nil
	}
	heads := map[string]eventlog.Head{}
	for name, memory := range c.models {
		if memory.state.Sequence > 0 {
			heads[c.project.ModelLog(name).Prefix] = eventlog.Head{Sequence: memory.state.Sequence, SHA256: memory.state.SHA256}
		}
	}
	for name, memory := range c.monitors {
		if memory.state.Sequence > 0 {
			heads[c.project.MonitorLog(name).Prefix] = eventlog.Head{Sequence: memory.state.Sequence, SHA256: memory.state.SHA256}
		}
	}
	if err := audit.Seal(ctx, c.project, heads); err != nil {
		return err
	}
	c.sealed = hour
	return nil
}
