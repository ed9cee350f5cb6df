package local

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// MetricsSuffix ends the names of the files that sources of numbers write.
	MetricsSuffix = ".prom"
	// metricsPath is where the gateway serves numbers; "-" is no service's name.
	metricsPath = "/-/metrics"
)

// MetricsDir is where sources write their files in the folder of a runner.
func MetricsDir(runnerDir string) string { return filepath.Join(runnerDir, "metrics") }

// metrics gathers what others have written, each file for itself so that a broken one hides no other, and what the gateway
// knows of its services. It knows no names of numbers but its own.
type metrics struct {
	dir    string
	routes *routes
	log    hclog.Logger
}

// ServeHTTP implements http.Handler.
func (m metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		answer(w, http.StatusMethodNotAllowed, problem{Error: "metrics are read with GET"})
		return
	}
	sources := prometheus.Gatherers{m.services()}
	paths, err := filepath.Glob(filepath.Join(m.dir, "*"+MetricsSuffix))
	if err != nil {
		m.log.Warn("metrics", "error", err)
	}
	for _, path := range paths {
		sources = append(sources, prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return readMetrics(path) }))
	}
	promhttp.HandlerFor(sources, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: m.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Warn}),
	}).ServeHTTP(w, r)
}

// readMetrics reads one file, all of it or nothing.
func readMetrics(path string) ([]*dto.MetricFamily, error) {
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil // its source has nothing to say any more
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := parser.TextToMetricFamilies(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	families := make([]*dto.MetricFamily, 0, len(parsed))
	for _, family := range parsed {
		families = append(families, family)
	}
	return families, nil
}

// services are the numbers of every service that the gateway has an address for.
func (m metrics) services() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	gauge := func(name, help string) *prometheus.GaugeVec {
		vector := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "mlops_service_" + name, Help: help}, []string{"service"})
		registry.MustRegister(vector)
		return vector
	}
	ready := gauge("replicas_ready", "Replicas that take requests.")
	wanted := gauge("replicas_wanted", "Replicas that are declared.")
	version := gauge("model_version", "The newest version that a ready replica serves, 0 where there is none.")
	for _, line := range m.routes.list(0) {
		ready.WithLabelValues(line.Name).Set(float64(line.Ready))
		wanted.WithLabelValues(line.Name).Set(float64(line.Wanted))
		version.WithLabelValues(line.Name).Set(float64(line.Version))
	}
	return registry
}
