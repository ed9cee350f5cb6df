package drift_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Whatever a column holds, on either side, there is a verdict, a document and a page.
func TestExtremeColumns(t *testing.T) {
	repeat := func(values ...float64) stats.Input {
		column := stats.Input{Name: "x", Type: mlops.TypeNumber}
		for i := range 200 {
			column.Numbers = append(column.Numbers, values[i%len(values)])
		}
		return column
	}
	columns := map[string]stats.Input{
		"constant":   repeat(7),
		"zero":       repeat(0),
		"two values": repeat(0, 1),
		"null":       repeat(math.NaN()),
		"infinite":   repeat(math.Inf(1), math.Inf(-1), 1),
		"huge":       repeat(math.MaxFloat64, -math.MaxFloat64, 1),
		"tiny":       repeat(5e-324, 1e-323),
		"negative":   repeat(-1, -2, -3),
		"half null":  repeat(math.NaN(), 1, 2, math.NaN()),
		"few rows":   {Name: "x", Type: mlops.TypeNumber, Numbers: []float64{1}},
		"no rows":    {Name: "x", Type: mlops.TypeNumber, Numbers: []float64{}},
	}
	declared := mlops.Dataset{Columns: map[string]mlops.Column{"x": {Type: mlops.TypeNumber, Role: mlops.RoleFeature}}}
	for before, reference := range columns {
		for now, current := range columns {
			t.Run(fmt.Sprintf("%s against %s", now, before), func(t *testing.T) {
				report := drift.Judge(drift.Window{Dataset: declared, Reference: profileOf(t, []stats.Input{reference}), Current: []stats.Input{current}})
				if report.Verdict == "" || report.Summary == "" {
					t.Errorf("verdict %q, summary %q; want both", report.Verdict, report.Summary)
				}
				if _, err := json.Marshal(report); err != nil {
					t.Errorf("the report is no JSON: %v", err)
				}
				if err := drift.WriteHTML(new(bytes.Buffer), report, drift.Page{}); err != nil {
					t.Errorf("the page: %v", err)
				}
				same := before == now && before != "few rows" && before != "no rows"
				if same && report.Verdict != mlops.VerdictStable {
					t.Errorf("a column against itself is %s (%s), want stable", report.Verdict, report.Summary)
				}
			})
		}
	}
	constant := drift.Judge(drift.Window{Dataset: declared, Reference: profileOf(t, []stats.Input{columns["constant"]}), Current: []stats.Input{columns["two values"]}})
	wantVerdict(t, constant, mlops.VerdictCovariate, "x has changed")
}

// A category with very many values is profiled, compared and shown in bounded space.
func TestVeryManyLevels(t *testing.T) {
	column := func(from int) stats.Input {
		input := stats.Input{Name: "x", Type: mlops.TypeCategory}
		for i := range 30000 {
			input.Text = append(input.Text, fmt.Sprint("value ", from+i))
		}
		return input
	}
	declared := mlops.Dataset{Columns: map[string]mlops.Column{"x": {Type: mlops.TypeCategory, Role: mlops.RoleFeature}}}
	reference := profileOf(t, []stats.Input{column(0)})
	if got := len(reference.Columns["x"].Category.Counts); got != stats.MaximumCategories {
		t.Errorf("%d values are kept by name, want %d", got, stats.MaximumCategories)
	}
	report := drift.Judge(drift.Window{Dataset: declared, Reference: reference, Current: []stats.Input{column(0)}})
	wantVerdict(t, report, mlops.VerdictStable)
	if got := len(report.Features[0].Chart.Labels); got > 20 {
		t.Errorf("the chart has %d bars, want at most 20", got)
	}
}
