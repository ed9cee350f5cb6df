package drift

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type gauges struct {
	source string
	said   []mlops.Measurement
	away   bool
}

func (g *gauges) Close(context.Context) error { return nil }

func (g *gauges) Record(_ context.Context, source string, measurements []mlops.Measurement) error {
	if g.away {
		return errors.New("nobody listens")
	}
	g.source, g.said = source, measurements
	return nil
}

func (g *gauges) value(t *testing.T, name, label, value string) float64 {
	t.Helper()
	at := slices.IndexFunc(g.said, func(m mlops.Measurement) bool { return m.Name == name && m.Labels[label] == value })
	if at < 0 {
		t.Fatalf("no %s of %s %q in %v", name, label, value, g.said)
	}
	return g.said[at].Value
}

// Machines read the newest window: the past that is judged again is no news, and neither are they a reason to fail.
func TestMachinesReadTheNewestWindow(t *testing.T) {
	f := newFlights(t)
	listening := &gauges{}
	f.project.Telemetry = listening
	f.serve(t, 0, 1, 1, false)
	f.serve(t, 1, 1, 1.5, true)
	report := f.look(t, 1)
	if listening.source != "drift-delay" || len(listening.said) == 0 {
		t.Fatalf("%q said %v", listening.source, listening.said)
	}
	if rows := listening.value(t, mlops.MetricDriftWindowRows, "monitor", "delay"); rows != 600 {
		t.Errorf("%v rows, want 600", rows)
	}
	if end := listening.value(t, mlops.MetricDriftWindowEnd, "monitor", "delay"); int64(end) != report.WindowEnd.Unix() {
		t.Errorf("the end is %v, want %v", end, report.WindowEnd)
	}
	for _, verdict := range mlops.Verdicts {
		want := map[bool]float64{true: 1}[verdict == report.Verdict]
		if got := listening.value(t, mlops.MetricDriftVerdict, "verdict", string(verdict)); got != want {
			t.Errorf("%s is %v, want %v", verdict, got, want)
		}
	}
	for _, method := range []string{"psi/quantile10", "psi/levels", "ks"} {
		if effect := listening.value(t, mlops.MetricDriftEffect, "method", method); effect <= 0 {
			t.Errorf("%s is %v", method, effect)
		}
	}
	for _, one := range listening.said {
		if one.Name == mlops.MetricDriftEffect && (one.Labels["model"] != "delay" || one.Labels["version"] != "1" || one.Labels["feature"] == "" || len(one.Labels) != 5) {
			t.Errorf("labels %v", one.Labels)
		}
	}
	listening.said = nil
	f.look(t, 0)
	if listening.said != nil {
		t.Errorf("an older window was told: %v", listening.said)
	}
	listening.away = true
	f.serve(t, 2, 1, 1, false)
	f.look(t, 2)
}
