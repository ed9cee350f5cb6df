package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// gauges keeps what each source has said last, and how often one has spoken.
type gauges struct {
	said  map[string][]mlops.Measurement
	times int
	away  bool
}

func (g *gauges) Close(context.Context) error { return nil }

func (g *gauges) Record(_ context.Context, source string, measurements []mlops.Measurement) error {
	if g.away {
		return errors.New("nobody listens")
	}
	g.times++
	g.said[source] = measurements
	if measurements == nil {
		delete(g.said, source)
	}
	return nil
}

// lines are the measurements of a source that are not zero.
func (g *gauges) lines(source string) string {
	var lines []string
	for _, one := range g.said[source] {
		if one.Value != 0 {
			words := []string{one.Name}
			for _, name := range slices.Sorted(maps.Keys(one.Labels)) {
				words = append(words, one.Labels[name])
			}
			lines = append(lines, fmt.Sprintf("%s %g", strings.Join(words, " "), one.Value))
		}
	}
	return strings.Join(lines, "\n")
}

// Machines are told when something has changed, and again when they could not be told; a run id is no label.
func TestMeasurements(t *testing.T) {
	p := newPlant(t)
	listening := &gauges{said: map[string][]mlops.Measurement{mlops.MonitorSource("delay"): {{Name: mlops.MetricDriftWindowRows}}}}
	p.project.Telemetry = listening
	p.declare(flights()...)
	p.publish(1)
	controller := p.controller()
	p.settle(controller)
	want := "mlops_model_champion_version delay 1\nmlops_run_state delay promoted 1\nmlops_control 1"
	if got := listening.lines(mlops.ControlSource); got != want {
		t.Errorf("machines were told\n%s\nwant\n%s", got, want)
	}
	if zeros := len(listening.said[mlops.ControlSource]); zeros != len(mlops.RunStates)+2+4+4+1 {
		t.Errorf("%d series, want one for every state", zeros)
	}
	told := listening.times
	p.settle(controller)
	if listening.times != told {
		t.Error("machines were told what they know")
	}
	p.advance(mlops.MeasureEvery)
	if err := controller.Pass(t.Context()); err != nil || listening.times != told+1 {
		t.Errorf("after a while machines were not told again: %v", err)
	}
	listening.away = true
	p.drift("delay-1", mlops.VerdictDataQuality)
	if err := controller.Pass(t.Context()); err == nil {
		t.Error("no error where nobody listens")
	}
	listening.away = false
	p.settle(controller)
	if got := listening.lines(mlops.ControlSource); !strings.Contains(got, "mlops_episodes_open delay 1\nmlops_attention drift_monitors/delay data_quality 1") {
		t.Errorf("machines were told\n%s\nwant an open episode", got)
	}
	for _, kind := range []mlops.Kind{mlops.KindDriftMonitor, mlops.KindModel} {
		if err := p.project.DeleteSpec(t.Context(), kind, "delay", ""); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(controller)
	if listening.lines(mlops.ControlSource) != "mlops_control 1" || len(listening.said[mlops.ControlSource])+len(listening.said[mlops.MonitorSource("delay")]) != 1 {
		t.Errorf("of what is deleted machines are told %v", listening.said)
	}
}
