package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func rows(monitor string, value float64) []mlops.Measurement {
	return []mlops.Measurement{{Name: mlops.MetricDriftWindowRows, Labels: map[string]string{"monitor": monitor}, Value: value}}
}

// scrape parses a source's file as Prometheus would; nil where there is none.
func scrape(t *testing.T, path string) map[string]*dto.MetricFamily {
	t.Helper()
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(file)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// A project that is opened has somewhere to put numbers: a file a source, beside the store.
func TestNumbersLieBesideTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".mlops")
	on, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	odd := "a \"b\"\\ \n é"
	measured := []mlops.Measurement{
		{Name: mlops.MetricDriftEffect, Labels: map[string]string{"monitor": "delay", "feature": odd}, Value: 0.25},
		{Name: mlops.MetricDriftWindowRows, Labels: map[string]string{"monitor": "delay"}, Value: 600},
		{Name: mlops.MetricDriftEffect, Labels: map[string]string{"monitor": "delay", "feature": "distance"}, Value: 1.5},
	}
	if err := on.Measure(t.Context(), "drift-delay", measured); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(path+".runner", "metrics", "drift-delay.prom")
	families := scrape(t, file)
	effects := families[mlops.MetricDriftEffect].GetMetric()
	if len(families) != 2 || len(effects) != 2 || families[mlops.MetricDriftEffect].GetHelp() == "" {
		t.Fatalf("families %v", families)
	}
	if label := effects[0].GetLabel()[0]; label.GetName() != "feature" || label.GetValue() != odd || effects[0].GetGauge().GetValue() != 0.25 || effects[0].TimestampMs != nil {
		t.Errorf("the first effect is %v", effects[0])
	}
	// What is not said again is gone.
	if err := on.Measure(t.Context(), "drift-delay", rows("delay", 7)); err != nil {
		t.Fatal(err)
	}
	if families := scrape(t, file); len(families) != 1 || families[mlops.MetricDriftWindowRows].GetMetric()[0].GetGauge().GetValue() != 7 {
		t.Errorf("families %v, want the rows alone", families)
	}
	for range 2 { // and once more where there is nothing
		if err := on.Measure(t.Context(), "drift-delay", nil); err != nil {
			t.Fatal(err)
		}
	}
	if families := scrape(t, file); families != nil {
		t.Errorf("families %v, want none", families)
	}
}

func TestNumbersThatNobodyCouldRead(t *testing.T) {
	on := telemetry{dir: t.TempDir()}
	if err := on.Record(t.Context(), "control", rows("delay", 1)); err != nil {
		t.Fatal(err)
	}
	if err := on.Record(t.Context(), "../control", rows("delay", 2)); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("%v, want an error about the source", err)
	}
	for name, measured := range map[string][]mlops.Measurement{
		"name":        {{Name: ""}},
		"label":       {{Name: "a", Labels: map[string]string{"": "x"}}},
		"label names": {{Name: "a", Labels: map[string]string{"x": ""}}, {Name: "a", Labels: map[string]string{"y": ""}}},
		"value":       {{Name: "a", Labels: map[string]string{"x": "\xff"}}},
	} {
		if err := on.Record(t.Context(), "control", measured); err == nil || !strings.Contains(err.Error(), `metrics of "control"`) {
			t.Errorf("%s: %v, want an error that names the source", name, err)
		}
	}
	if families := scrape(t, filepath.Join(on.dir, "control.prom")); families[mlops.MetricDriftWindowRows].GetMetric()[0].GetGauge().GetValue() != 1 {
		t.Errorf("families %v, want what was good", families)
	}
}

// Two writers of different sources do not meet, and two of the same source leave what one of them said, whole.
func TestTwoWriters(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for writer := range 4 {
		on, source := telemetry{dir: dir}, fmt.Sprintf("drift-%d", writer/2)
		wait.Go(func() {
			for i := range 50 {
				measured := slices.Concat(rows("a", float64(i)), rows("b", float64(i)))
				if err := on.Record(t.Context(), source, measured); err != nil {
					t.Error(err)
				}
				scrape(t, filepath.Join(dir, source+".prom"))
			}
		})
	}
	wait.Wait()
	for _, source := range []string{"drift-0", "drift-1"} {
		series := scrape(t, filepath.Join(dir, source+".prom"))[mlops.MetricDriftWindowRows].GetMetric()
		if len(series) != 2 || series[0].GetGauge().GetValue() != 49 || series[1].GetGauge().GetValue() != 49 {
			t.Errorf("%s holds %v", source, series)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("left are %v", left)
	}
}
