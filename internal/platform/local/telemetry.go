package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	workloads "github.com/terraform-mlops/terraform-provider-mlops/internal/workload/local"
)

// telemetry keeps what each source has said last in a file of its own, in Prometheus' text format without timestamps: the
// time of a sample is that of its scrape. The gateway serves all of them.
type telemetry struct{ dir string }

var sourceName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// Record replaces the file of a source at once. It is not synced: after a power cut the next measurement is the first.
func (t *telemetry) Record(_ context.Context, source string, measurements []mlops.Measurement) error {
	if !sourceName.MatchString(source) {
		return fmt.Errorf("metrics of %q: %w: a source is made of a-z, 0-9 and hyphens", source, mlops.ErrInvalid)
	}
	path := filepath.Join(t.dir, source+workloads.MetricsSuffix)
	if len(measurements) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("metrics of %q: %w", source, err)
		}
		return nil
	}
	registry, err := registered(measurements)
	if err == nil {
		err = os.MkdirAll(t.dir, 0o755)
	}
	if err == nil {
		err = prometheus.WriteToTextfile(path, registry)
	}
	if err != nil {
		return fmt.Errorf("metrics of %q: %w", source, err)
	}
	return nil
}

// Close has nothing to send.
func (t *telemetry) Close(context.Context) error { return nil }

// registered are measurements as gauges; names, labels or values that no reader would take are an error.
func registered(measurements []mlops.Measurement) (*prometheus.Registry, error) {
	registry, gauges := prometheus.NewRegistry(), map[string]*prometheus.GaugeVec{}
	for _, measured := range measurements {
		gauge, known := gauges[measured.Name]
		if !known {
			gauge = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: measured.Name, Help: mlops.MetricHelp[measured.Name]},
				slices.Sorted(maps.Keys(measured.Labels)))
			if err := registry.Register(gauge); err != nil {
				return nil, err
			}
			gauges[measured.Name] = gauge
		}
		series, err := gauge.GetMetricWith(measured.Labels)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", measured.Name, err)
		}
		series.Set(measured.Value)
	}
	return registry, nil
}
