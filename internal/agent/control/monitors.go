package control

import (
	"context"
	"errors"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// monitorMemory is a drift monitor as declared, and its log.
type monitorMemory struct {
	spec        mlops.DriftMonitor
	incarnation string // that is declared
	state       mlops.MonitorState
	kept        int64
	fault       error // its log could not be read this time
}

// followMonitors folds what is new in the logs of all declared monitors: one read each where nothing is.
func (c *Controller) followMonitors(ctx context.Context) error {
	live, faults := all[mlops.DriftMonitor](&c.specs, mlops.KindDriftMonitor)
	monitors := map[string]*monitorMemory{}
	for _, monitor := range live {
		memory, known := c.monitors[monitor.Name]
		incarnation := c.specs.names[mlops.KindDriftMonitor][monitor.Name].document.Incarnation
		var err error
		if known && memory.state.Monitor != "" && memory.incarnation == incarnation {
			memory.state, err = c.project.FollowMonitor(ctx, memory.state)
		} else {
			memory = &monitorMemory{incarnation: incarnation}
			memory.state, err = c.project.Monitor(ctx, monitor.Name)
			known = err == nil
		}
		faults, memory.fault = errors.Join(faults, err), err
		memory.spec = *monitor
		if !known {
			memory.state = mlops.MonitorState{} // opened again in the next pass
		}
		monitors[monitor.Name] = memory
		if known && memory.state.Parked == "" && memory.state.Sequence-memory.kept >= snapshotEvery/4 {
			if err := c.project.KeepMonitor(ctx, memory.state); err == nil {
				memory.kept = memory.state.Sequence
			}
		}
	}
	c.monitors = monitors
	return faults
}
