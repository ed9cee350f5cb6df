package peer_test

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats/peer"
)

// answer is what a peer gave: a number, or "NaN" and the like where JSON has none; nil where it gives none at all.
type answer struct {
	Value  any `json:"value"`
	PValue any `json:"p_value"`
}

type recorded struct {
	Numeric []struct {
		Name               string
		Reference, Current []float64
		Expected           map[string]answer
	}
	Categorical []struct {
		Name            string
		ReferenceCounts map[string]int `json:"reference_counts"`
		CurrentCounts   map[string]int `json:"current_counts"`
		Expected        map[string]answer
	}
}

// What the peers themselves gave for made-up columns with ties, constants, gaps and rare values comes out to nine digits:
// testdata/README.md says how the file was made.
func TestRecordedAnswers(t *testing.T) {
	content, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var all recorded
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Numeric {
		t.Run(c.Name, func(t *testing.T) {
			compareAnswers(t, c.Expected, peer.Measure(
				stats.Input{Type: mlops.TypeNumber, Numbers: c.Reference}, stats.Input{Type: mlops.TypeNumber, Numbers: c.Current}, peer.Complete{}))
		})
	}
	for _, c := range all.Categorical {
		t.Run(c.Name, func(t *testing.T) {
			compareAnswers(t, c.Expected, peer.Measure(expand(c.ReferenceCounts), expand(c.CurrentCounts), peer.Complete{}))
		})
	}
}

// expand makes a column of counts, its values in order.
func expand(counts map[string]int) stats.Input {
	column := stats.Input{Type: mlops.TypeCategory}
	for _, level := range slices.Sorted(maps.Keys(counts)) {
		for range counts[level] {
			column.Text = append(column.Text, level)
		}
	}
	return column
}

func compareAnswers(t *testing.T, want map[string]answer, got []mlops.MetricReport) {
	t.Helper()
	for id, expected := range want {
		at := slices.IndexFunc(got, func(m mlops.MetricReport) bool { return m.Method == id })
		if at < 0 {
			t.Errorf("%s is not measured", id)
			continue
		}
		if expected.Value == nil {
			expected.Value = expected.PValue // the p-value is the score
		}
		absolute := 1e-14
		if strings.HasSuffix(id, "hellinger") || strings.HasSuffix(id, "/jensen_shannon") {
			absolute = 1e-7 // their roots turn rounding into as much
		}
		compareNumbers(t, id, got[at].Value, expected.Value, absolute)
		compareNumbers(t, id+": p", got[at].PValue, expected.PValue, 0)
	}
}

func compareNumbers(t *testing.T, what string, got *float64, want any, absolute float64) {
	t.Helper()
	number, isNumber := want.(float64)
	switch {
	case !isNumber && got == nil:
	case isNumber && got != nil && math.Abs(*got-number) <= math.Max(absolute, 1e-9*math.Abs(number)):
	case got == nil:
		t.Errorf("%s is null, want %v", what, want)
	default:
		t.Errorf("%s is %v, want %v", what, *got, want)
	}
}
