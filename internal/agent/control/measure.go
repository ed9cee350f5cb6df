package control

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// measurements is what machines have been told, and when.
type measurements struct {
	told    []mlops.Measurement
	at      time.Time
	dropped map[string]bool // deleted monitors whose numbers are gone
}

// measure tells machines what has changed, and all of it again from time to time: who looks back a quarter of an hour must
// see it. It asks the store nothing.
func (c *Controller) measure(ctx context.Context) error {
	now := c.project.Now()
	var faults []error
	current := c.numbers(now)
	again := !now.Before(c.measured.at.Add(mlops.MeasureEvery)) || now.Before(c.measured.at)
	if again || !slices.EqualFunc(c.measured.told, current, sameNumber) {
		err := c.project.Measure(ctx, mlops.ControlSource, current)
		if err == nil {
			c.measured.told, c.measured.at = current, now
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
		all = append(all, mlops.ModelAttention(state, now)...)
	}
	for _, name := range sortedNames(c.monitors) {
		if memory := c.monitors[name]; memory.fault == nil {
			state := memory.state.Life(memory.incarnation)
			add(mlops.MetricEpisodesOpen, len(state.Open()), map[string]string{"monitor": name})
			all = append(all, mlops.MonitorAttention(memory.spec, state, c.specs.names[mlops.KindDriftMonitor][name].document.Time, now)...)
		}
	}
	if c.specs.project() != nil {
		add(mlops.MetricControl, 1, nil)
	}
	return all
}

func sameNumber(a, b mlops.Measurement) bool {
	return a.Name == b.Name && a.Value == b.Value && maps.Equal(a.Labels, b.Labels)
}
