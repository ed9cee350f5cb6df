package drift

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats/peer"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// Comparison is two tables judged without a project: types are guessed from the reference, every column is a feature.
type Comparison struct {
	Report mlops.DriftReport
	// Notes say what was left out and why.
	Notes []string
	// Columns are those that were compared, as both sides hold them.
	Columns []Pair
}

// Pair is one column of both sides, whole.
type Pair struct{ Reference, Current stats.Input }

// Complete marks the rows of both sides that have a value in every compared column.
func (c Comparison) Complete() peer.Complete {
	var reference, current []stats.Input
	for _, pair := range c.Columns {
		reference, current = append(reference, pair.Reference), append(current, pair.Current)
	}
	return peer.Complete{Reference: peer.CompleteRows(reference), Current: peer.CompleteRows(current)}
}

// textDistinct is the number of distinct values above which a column whose values mostly occur once is text.
const textDistinct = 1000

// Compare judges the current table against the reference. types overrides guesses by column; a text column or a timestamp
// is not compared, and the first timestamp gives the reference its days.
func Compare(reference, current table.Table, types map[string]mlops.ColumnType) (Comparison, error) {
	return CompareAs(mlops.DriftMonitor{}, reference, current, types)
}

// CompareAs is Compare with what a monitor tunes: Features, MinimumRows, Multivariate.
func CompareAs(monitor mlops.DriftMonitor, reference, current table.Table, types map[string]mlops.ColumnType) (Comparison, error) {
	if err := checkComparable(reference, current, types); err != nil {
		return Comparison{}, err
	}
	var comparison Comparison
	window := Window{Monitor: monitor, Dataset: mlops.Dataset{Columns: map[string]mlops.Column{}}, TypeErrors: map[string]int64{}}
	var frozen []stats.Input
	var days []int64
	var beforeTimes []time.Time
	for _, column := range reference.Columns {
		columnType, told := types[column.Name]
		if !told {
			columnType = GuessType(column)
		}
		if columnType == mlops.TypeTimestamp && days == nil {
			days = dayNumbers(column)
			window.Times, beforeTimes = timesOf(current, column.Name), timesOf(reference, column.Name)
			window.InOrder = true
		}
		if columnType == mlops.TypeText || columnType == mlops.TypeTimestamp {
			comparison.Notes = append(comparison.Notes, fmt.Sprintf("%s is a %s column: not compared", column.Name, columnType))
			continue
		}
		window.Dataset.Columns[column.Name] = mlops.Column{Type: columnType, Role: mlops.RoleFeature}
		before, bad := ReadInput(column, columnType)
		if bad > 0 {
			comparison.Notes = append(comparison.Notes, fmt.Sprintf("%s: %s of the reference are no %s and count as null", column.Name, plural(bad, "cell"), columnType))
		}
		frozen = append(frozen, before)
		here, ok := current.Column(column.Name)
		if !ok {
			continue // Judge reports it
		}
		now, bad := ReadInput(here, columnType)
		window.TypeErrors[column.Name] = int64(bad)
		window.Current = append(window.Current, now)
		comparison.Columns = append(comparison.Columns, Pair{before, now})
	}
	for _, name := range current.Names() {
		if _, known := reference.Column(name); !known {
			comparison.Notes = append(comparison.Notes, name+" is in the current file only: not compared")
		}
	}
	if len(window.Current) == 0 {
		return Comparison{}, fmt.Errorf("%w: no column can be compared: %s", mlops.ErrInvalid, strings.Join(comparison.Notes, "; "))
	}
	profile, err := stats.NewProfile(frozen, days)
	if err != nil {
		return Comparison{}, err
	}
	window.Reference = profile
	window.ReferenceRows, window.ReferenceDays = frozen, days
	window.ReferenceDuplicates = float64(stats.Duplicates(frozen, beforeTimes)) / float64(reference.Rows)
	comparison.Report = Judge(window)
	return comparison, nil
}

// checkComparable says what stands in the way before anything is read.
func checkComparable(reference, current table.Table, types map[string]mlops.ColumnType) error {
	switch {
	case reference.Rows == 0:
		return fmt.Errorf("%w: the reference has no rows", mlops.ErrInvalid)
	case current.Rows == 0:
		return fmt.Errorf("%w: the current file has no rows", mlops.ErrInvalid)
	}
	shared := false
	for _, name := range reference.Names() {
		shared = shared || slices.Contains(current.Names(), name)
	}
	if !shared {
		return fmt.Errorf("%w: the files share no column: the reference has %s, the current file has %s",
			mlops.ErrInvalid, list(firstNames(reference)), list(firstNames(current)))
	}
	for name, columnType := range types {
		if _, ok := reference.Column(name); !ok {
			return fmt.Errorf("%w: the reference has no column %q; it has %s", mlops.ErrInvalid, name, list(firstNames(reference)))
		}
		if !slices.Contains(mlops.ColumnTypes, columnType) {
			return fmt.Errorf("%w: column %s: type %q: use one of %v", mlops.ErrInvalid, name, columnType, mlops.ColumnTypes)
		}
	}
	return nil
}

// firstNames are the columns of a table, cut to a readable number.
func firstNames(t table.Table) []string {
	names := t.Names()
	if len(names) > 10 {
		return append(names[:10:10], fmt.Sprintf("%d more", len(names)-10))
	}
	return names
}

// GuessType is the narrowest type that every cell of a column can be read as: number, boolean, timestamp, else category; text
// where most of very many values occur once.
func GuessType(column table.Column) mlops.ColumnType {
	if column.Numbers != nil {
		return mlops.TypeNumber
	}
	filled := 0
	for row := range column.Len() {
		if !column.IsNull(row) {
			filled++
		}
	}
	if filled == 0 {
		return mlops.TypeText
	}
	if _, _, bad := column.AsNumbers(); bad == 0 {
		return mlops.TypeNumber
	}
	if _, _, bad := column.AsBooleans(); bad == 0 {
		return mlops.TypeBoolean
	}
	if _, _, bad := column.AsTimes(); bad == 0 {
		return mlops.TypeTimestamp
	}
	counts, _ := stats.Input{Text: column.Text, Null: column.Null}.CountText()
	if len(counts) > textDistinct && len(counts) > filled/2 {
		return mlops.TypeText
	}
	return mlops.TypeCategory
}

// ReadInput reads a column as a type, and counts the cells that cannot be: they stand as null.
func ReadInput(column table.Column, columnType mlops.ColumnType) (input stats.Input, bad int) {
	input = stats.Input{Name: column.Name, Type: columnType}
	switch columnType {
	case mlops.TypeNumber:
		input.Numbers, input.Null, bad = column.AsNumbers()
	case mlops.TypeBoolean:
		var values []bool
		values, input.Null, bad = column.AsBooleans()
		input.Text = make([]string, len(values))
		for row, value := range values {
			input.Text[row] = strconv.FormatBool(value)
		}
	default:
		input.Text, input.Null = column.AsText()
	}
	return input, bad
}

// timesOf are the times of a column; nil where it is not there or a cell holds none.
func timesOf(in table.Table, name string) []time.Time {
	column, here := in.Column(name)
	if !here {
		return nil
	}
	times, null, _ := column.AsTimes()
	if slices.Contains(null, true) {
		return nil
	}
	return times
}

// dayNumbers are days since 1970 in UTC; rows without a time share a day of their own.
func dayNumbers(column table.Column) []int64 {
	times, null, _ := column.AsTimes()
	days := make([]int64, len(times))
	for row, at := range times {
		days[row] = -1 << 40
		if !null[row] {
			days[row] = at.Unix() / int64((24 * time.Hour).Seconds())
		}
	}
	return days
}
