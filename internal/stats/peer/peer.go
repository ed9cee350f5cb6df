// Package peer computes drift numbers as other projects define them, by name: evidently/psi is what Evidently would print
// for the same column, quirks included. It decides nothing and is never part of our own verdict.
//
// A method id is <project>/<metric>; Methods says of each what bins it counts in, how many, with which edges and in which
// order. Versions followed: SciPy 1.10, Evidently 0.7.21 (pandas), Azure ML's model monitoring components 0.3, NannyML 0.13.1,
// Deequ 2.0.21, TensorFlow Data Validation. Nulls, NaN and infinities are dropped by column, in azureml/* every row that has
// one. Numbers count as floats: NumPy from 2.1 on widens bins of integer columns, which depends on how a file is read.
package peer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// result is a number, a p-value, or a reason why there is none. value is NaN where a peer reports a p-value alone.
type result struct {
	value  float64
	pValue float64
	reason string
	// has says which of the two there is.
	hasValue, hasPValue bool
}

func valueOnly(value float64) result { return result{value: value, hasValue: true} }
func pValueOnly(p float64) result    { return result{pValue: p, hasPValue: true} }
func both(test stats.Test) result    { return result{test.Value, test.PValue, "", true, true} }
func refused(reason string) result   { return result{reason: reason} }

// sample is a column's finite values, at least one: as their rows stand, and sorted.
type sample struct{ raw, sorted []float64 }

// numbers and categories hold one method each: of two samples, and of counts by value.
type (
	numbers    func(reference, current sample) result
	categories func(reference, current map[string]int64) result
)

type method struct {
	id         string
	numbers    numbers
	categories categories
	about      string
}

// IDs lists every method.
func IDs() []string {
	ids := make([]string, len(methods))
	for i, m := range methods {
		ids[i] = m.id
	}
	return ids
}

// Measure computes every method that applies to the type of a column. A number that a peer refuses, or that JSON cannot
// hold, carries a reason instead of a value. complete marks the rows of each side that have no null in any column, for
// Azure ML, which drops the others first; nil takes every row.
func Measure(reference, current stats.Input, complete Complete) []mlops.MetricReport {
	return MeasureSome(reference, current, complete, IDs())
}

// MeasureSome is Measure of the methods with the given ids, in the order of IDs.
func MeasureSome(reference, current stats.Input, complete Complete, ids []string) []mlops.MetricReport {
	var reports []mlops.MetricReport
	all, dropped := readSides(reference, current), sides{}
	for _, m := range methods {
		if !slices.Contains(ids, m.id) || !m.applies(reference.Type) {
			continue
		}
		of := all
		if strings.HasPrefix(m.id, "azureml/") && (complete.Reference != nil || complete.Current != nil) {
			if !dropped.read {
				dropped = readSides(only(reference, complete.Reference), only(current, complete.Current))
			}
			of = dropped
		}
		reports = append(reports, m.measure(of).report(m.id))
	}
	return reports
}

// Complete marks rows without a null.
type Complete struct{ Reference, Current []bool }

// CompleteRows marks the rows of columns of one length that have no null in any of them.
func CompleteRows(columns []stats.Input) []bool {
	if len(columns) == 0 {
		return nil
	}
	complete := make([]bool, columns[0].Rows())
	for row := range complete {
		complete[row] = !slices.ContainsFunc(columns, func(column stats.Input) bool { return column.IsNull(row) })
	}
	return complete
}

// only makes the other rows null.
func only(column stats.Input, complete []bool) stats.Input {
	if complete == nil {
		return column
	}
	column.Null = make([]bool, column.Rows())
	for row := range column.Null {
		column.Null[row] = !complete[row] || column.Numbers != nil && math.IsNaN(column.Numbers[row])
	}
	return column
}

// sides are both sides of a column as methods take them: samples of a number, counts of anything else.
type sides struct {
	read               bool
	numbers            bool
	reference, current sample
	p, q               map[string]int64
}

func readSides(reference, current stats.Input) sides {
	of := sides{read: true, numbers: reference.Type == mlops.TypeNumber}
	if of.numbers {
		of.reference, of.current = sampleOf(reference), sampleOf(current)
		return of
	}
	of.p, _ = reference.CountText()
	of.q, _ = current.CountText()
	return of
}

func sampleOf(column stats.Input) sample {
	raw := make([]float64, 0, len(column.Numbers))
	for row, value := range column.Numbers {
		if !column.IsNull(row) {
			raw = append(raw, value)
		}
	}
	return sample{raw: raw, sorted: slices.Sorted(slices.Values(raw))}
}

func (m method) applies(columnType mlops.ColumnType) bool {
	if columnType == mlops.TypeNumber {
		return m.numbers != nil
	}
	return m.categories != nil
}

func (m method) measure(of sides) result {
	const empty = "a side has no value"
	if !of.numbers {
		if len(of.p) == 0 || len(of.q) == 0 {
			return refused(empty)
		}
		return m.categories(of.p, of.q)
	}
	before, now := of.reference.sorted, of.current.sorted
	if len(before) == 0 || len(now) == 0 {
		return refused(empty)
	}
	if low, high := math.Min(before[0], now[0]), math.Max(before[len(before)-1], now[len(now)-1]); math.IsInf(high-low, 0) {
		return refused("the range of the values is beyond a 64-bit number")
	}
	return m.numbers(of.reference, of.current)
}

func (r result) report(id string) mlops.MetricReport {
	report := mlops.MetricReport{Method: id, Reason: r.reason}
	if r.hasValue {
		report.Value, report.Reason = finite(r.value)
	}
	if r.hasPValue {
		var reason string
		report.PValue, reason = finite(r.pValue)
		if !r.hasValue { // the peer calls its p-value the drift score
			report.Value, report.Reason = report.PValue, reason
		}
	}
	return report
}

// finite is the number, or nil and what it was: JSON has no infinity.
func finite(x float64) (*float64, string) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil, fmt.Sprintf("the value is %v", x)
	}
	return &x, ""
}
