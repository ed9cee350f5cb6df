//go:build linux || darwin

package local

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape asks the gateway as Prometheus does.
func (b *bench) scrape() map[string]*dto.MetricFamily {
	b.Helper()
	response, err := http.Get(b.url("-/metrics"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		b.Fatalf("%s, %s", response.Status, kind)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return families
}

// The gateway serves what every source has written, as one exposition, and how many replicas are ready. A file that is
// broken, or says again what another says, hides nothing else.
func TestGatewayServesMetrics(t *testing.T) {
	b := newBench(t)
	b.start()
	dir := MetricsDir(b.dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	head := "# HELP mlops_drift_window_rows Rows.\n# TYPE mlops_drift_window_rows gauge\n"
	for name, content := range map[string]string{
		"drift-a.prom": head + "mlops_drift_window_rows{monitor=\"a\"} 600\n",
		"drift-b.prom": head + "mlops_drift_window_rows{monitor=\"b\"} 7\n",
		"drift-c.prom": head + "mlops_drift_window_rows{monitor=\"a\"} 8\n",
		"spoilt.prom":  "mlops_drift_window_rows{monitor=",
		"notes.txt":    "not a metric",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.apply(service("model", 2, 3))
	b.awaitRolledOut("model")
	b.awaitPage("", `"ready":2`)
	families := b.scrape()
	seen := map[string]float64{}
	for name, family := range families {
		for _, series := range family.GetMetric() {
			seen[name+" "+series.GetLabel()[0].GetValue()] = series.GetGauge().GetValue()
		}
	}
	want := map[string]float64{
		"mlops_drift_window_rows a": 600, "mlops_drift_window_rows b": 7, "mlops_service_replicas_ready model": 2,
		"mlops_service_replicas_wanted model": 2, "mlops_service_model_version model": 3,
	}
	for name, value := range want {
		if seen[name] != value {
			t.Errorf("%s is %v, want %v", name, seen[name], value)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("there are %v", seen)
	}
	response, err := http.Post(b.url("-/metrics"), "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST is answered %s", response.Status)
	}
}
