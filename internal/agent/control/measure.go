package control

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// measurements is what machines have been told.
type measurements struct {
	told    []mlops.Measurement
	dropped map[string]bool // deleted monitors whose numbers are gone
}

// measure tells machines what has changed; it asks the store nothing.
func (c *Controller) measure(ctx context.Context) error {
	now := c.project.Now()
	var faults []error
	if current := c.numbers(now); !slices.EqualFunc(c.measured.told, current, sameNumber) {
		err := c.project.Measure(ctx, mlops.ControlSource, current)
		if err == nil {
			c.measured.told = current
		}
		faults = append(faults, err)
	}
	for name, found := range c.specs.names[mlops.KindDriftMonitor] {
		gone := found.fault == nil && found.document.Deleted
		if gone == c.measured.dropped[name] {
			continue
		}
		if gone {
			if err := c.project.Measure(ctx, mlops.MonitorSource(name), nil); err != nil {
				faults = append(faults, err)
				continue
			}
		}
		c.measured.dropped[name] = gone
	}
	return errors.Join(faults...)
}

// numbers are those of every live model and monitor, in order.
func (c *Controller) numbers(now time.Time) []mlops.Measurement {
	var all []mlops.Measurement
	add := func(name string, value int, labels map[string]string) {
		all = append(all, mlops.Measurement{Name: name, Labels: labels, Value: float64(value), Time: now})
	}
	for _, name := range sortedNames(c.models) {
		state := c.models[name].state
		if state.Deleted || state.Incarnation == "" {
			continue
		}
		add(mlops.MetricChampionVersion, int(state.Aliases[mlops.AliasChampion].Version), map[string]string{"model": name})
		counts := map[mlops.RunState]int{}
		for _, run := range state.Runs {
			counts[run.State]++
		}
		for _, runState := range mlops.RunStates {
			add(mlops.MetricRunState, counts[runState], map[string]string{"model": name, "state": string(runState)})
		}
	}
	for _, name := range sortedNames(c.monitors) {
		if memory := c.monitors[name]; memory.fault == nil {
			add(mlops.MetricEpisodesOpen, len(memory.state.Life(memory.incarnation).Open()), map[string]string{"monitor": name})
		}
	}
	return all
}

func sameNumber(a, b mlops.Measurement) bool {
	return a.Name == b.Name && a.Value == b.Value && maps.Equal(a.Labels, b.Labels)
}
