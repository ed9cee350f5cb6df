package drift

import (
	"context"
	"strconv"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// measured makes a window's numbers known to machines where it is the monitor's newest: the past that is judged again is
// no news. Whoever watches may be away; that is no reason to fail.
func (l *Looker) measured(ctx context.Context, state mlops.MonitorState, report mlops.DriftReport) {
	if report.WindowEnd.Before(state.LastEnd) {
		return
	}
	if err := l.Project.Measure(ctx, mlops.MonitorSource(l.Monitor.Name), Measurements(report)); err != nil {
		l.Logger.Warn("metrics were not written", "error", err)
	}
}

// Measurements are the numbers of a report.
func Measurements(report mlops.DriftReport) []mlops.Measurement {
	var all []mlops.Measurement
	add := func(name string, value float64, labels map[string]string) {
		labels["monitor"] = report.Monitor
		all = append(all, mlops.Measurement{Name: name, Labels: labels, Value: value, Time: report.Time})
	}
	add(mlops.MetricDriftWindowRows, float64(report.Rows), map[string]string{})
	add(mlops.MetricDriftWindowEnd, float64(report.WindowEnd.Unix()), map[string]string{})
	for _, verdict := range mlops.Verdicts {
		value := 0.0
		if verdict == report.Verdict {
			value = 1
		}
		add(mlops.MetricDriftVerdict, value, map[string]string{"verdict": string(verdict)})
	}
	for _, feature := range report.Features {
		for _, metric := range feature.Metrics {
			if metric.Value != nil {
				add(mlops.MetricDriftEffect, *metric.Value, map[string]string{
					"model": report.Model, "version": strconv.FormatInt(report.ModelVersion, 10), "feature": feature.Name, "method": metric.Method,
				})
			}
		}
	}
	return all
}
