package peer_test

import (
	"math"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats/peer"
)

// A row with a null in another column counts for every peer but Azure ML.
func TestAzureDropsRowsWithAnyNull(t *testing.T) {
	x := stats.Input{Name: "x", Type: mlops.TypeNumber, Numbers: []float64{1, 2, 3, 4, 5, 6, 7, 8}}
	y := stats.Input{Name: "y", Type: mlops.TypeNumber, Numbers: []float64{1, 1, 1, 1, math.NaN(), math.NaN(), math.NaN(), math.NaN()}}
	complete := peer.Complete{Reference: peer.CompleteRows([]stats.Input{x, y}), Current: peer.CompleteRows([]stats.Input{x})}
	for _, metric := range peer.Measure(x, x, complete) {
		switch metric.Method {
		case "scipy/wasserstein":
			if *metric.Value != 0 {
				t.Errorf("%s is %v, want 0: it has all rows", metric.Method, *metric.Value)
			}
		case "azureml/wasserstein":
			if *metric.Value == 0 {
				t.Errorf("%s is 0, want more: half of the reference's rows are dropped", metric.Method)
			}
		}
	}
}

// Nothing that a column can hold makes a method fail: a number, or a reason.
func TestEveryMethodAnswersEveryColumn(t *testing.T) {
	for name, values := range map[string][]float64{
		"empty": {}, "one": {3}, "constant": {2, 2, 2}, "not finite": {math.NaN(), math.Inf(1)}, "huge": {-math.MaxFloat64, math.MaxFloat64, 0},
		"tiny": {5e-324, 1e-323}, "two": {0, 1, 0, 1, 1},
	} {
		for other, more := range map[string][]float64{"empty": {}, "some": {1, 2, 3, 4}, "itself": values} {
			a, b := stats.Input{Type: mlops.TypeNumber, Numbers: values}, stats.Input{Type: mlops.TypeNumber, Numbers: more}
			for _, metric := range append(peer.Measure(a, b, peer.Complete{}), peer.Measure(b, a, peer.Complete{})...) {
				if metric.Value == nil && metric.Reason == "" {
					t.Errorf("%s against %s: %s has neither value nor reason", name, other, metric.Method)
				}
			}
		}
	}
}

// An id is listed once, and a method that a peer refuses says so.
func TestIDsAndRefusals(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range peer.IDs() {
		if seen[id] {
			t.Errorf("%s is listed twice", id)
		}
		seen[id] = true
	}
	big := stats.Input{Type: mlops.TypeNumber, Numbers: make([]float64, 10000)}
	for _, metric := range peer.Measure(big, big, peer.Complete{}) {
		if metric.Method == "azureml/ks" && (metric.Value != nil || metric.Reason == "") {
			t.Errorf("azureml/ks of 10,000 rows: %+v, want a reason instead of a value", metric)
		}
	}
}
