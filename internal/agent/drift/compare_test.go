package drift_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// flights reads one of the quickstart's files of real flights.
func flights(t *testing.T, name string) table.Table {
	t.Helper()
	read, err := table.Read(filepath.Join("..", "..", "..", "examples", "quickstart", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// On real flights a normal day is stable, kilometres are a fault that is named, and new routes are drift.
func TestRealFlights(t *testing.T) {
	january := flights(t, "2001-01.csv")
	for name, want := range map[string]mlops.Verdict{
		"days/normal.csv": mlops.VerdictStable, "days/fault.csv": mlops.VerdictStable,
		"days/shift-1.csv": mlops.VerdictCovariate, "days/shift-2.csv": mlops.VerdictCovariate,
	} {
		comparison, err := drift.Compare(january, flights(t, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantVerdict(t, comparison.Report, want)
	}
	for name, round := range map[string]func(float64) float64{"exact": func(x float64) float64 { return x }, "rounded": math.Round} {
		fault := flights(t, "days/fault.csv")
		for i, column := range fault.Columns {
			if column.Name == "distance_miles" {
				miles, _, _ := column.AsNumbers()
				for row := range miles {
					miles[row] = round(1.609344 * miles[row])
				}
				fault.Columns[i] = table.Column{Name: column.Name, Numbers: miles}
			}
		}
		comparison, err := drift.Compare(january, fault, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			wantVerdict(t, comparison.Report, mlops.VerdictDataQuality, "distance_miles looks like kilometres, not miles")
		})
	}
}

func textColumn(name string, cells ...string) table.Column {
	return table.Column{Name: name, Text: cells}
}

func TestGuessType(t *testing.T) {
	names := make([]string, 3000)
	for i := range names {
		names[i] = strings.Repeat("x", i%50) + string(rune('a'+i%26)) + strings.Repeat("y", i/50)
	}
	for want, columns := range map[mlops.ColumnType][]table.Column{
		mlops.TypeNumber:    {{Name: "n", Numbers: []float64{1}}, textColumn("n", "1", "2.5", "-1e3")},
		mlops.TypeBoolean:   {textColumn("b", "true", "false"), textColumn("b", "yes", "no")},
		mlops.TypeTimestamp: {textColumn("t", "2001-01-01T05:08:00Z"), textColumn("t", "2001-01-01")},
		mlops.TypeCategory:  {textColumn("c", "ATL", "BOS"), textColumn("c", "1", "two")},
		mlops.TypeText:      {textColumn("x", names...), {Name: "x", Text: []string{""}, Null: []bool{true}}},
	} {
		for _, column := range columns {
			if got := drift.GuessType(column); got != want {
				t.Errorf("column %s with %d cells is guessed to be a %s, want %s", column.Name, column.Len(), got, want)
			}
		}
	}
}

func tableOf(rows int, columns ...table.Column) table.Table {
	return table.Table{Rows: rows, Columns: columns}
}

func TestCompareRefuses(t *testing.T) {
	full := tableOf(2, textColumn("a", "1", "2"))
	for name, c := range map[string]struct {
		reference, current table.Table
		types              map[string]mlops.ColumnType
		words              string
	}{
		"an empty reference": {tableOf(0, textColumn("a")), full, nil, "the reference has no rows"},
		"an empty window":    {full, tableOf(0, textColumn("a")), nil, "the current file has no rows"},
		"nothing in common":  {full, tableOf(1, textColumn("b", "1")), nil, "share no column: the reference has a, the current file has b"},
		"an unknown column":  {full, full, map[string]mlops.ColumnType{"z": mlops.TypeText}, `no column "z"; it has a`},
		"nothing to compare": {full, full, map[string]mlops.ColumnType{"a": mlops.TypeText}, "no column can be compared"},
	} {
		_, err := drift.Compare(c.reference, c.current, c.types)
		if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: error %v, want an invalid input that says %q", name, err, c.words)
		}
	}
}

// A column that changes its type is a fault, one that goes missing too, and one that is new is noted.
func TestColumnsThatDoNotMatch(t *testing.T) {
	cells := func(value string) []string {
		many := make([]string, 200)
		for i := range many {
			many[i] = value
		}
		return many
	}
	reference := tableOf(200, textColumn("a", cells("1")...), textColumn("b", cells("2")...))
	comparison, err := drift.Compare(reference, tableOf(200, textColumn("a", cells("one")...), textColumn("c", cells("3")...)), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantVerdict(t, comparison.Report, mlops.VerdictDataQuality, "b is missing", "1 more fault")
	if len(comparison.Notes) != 1 || !strings.Contains(comparison.Notes[0], "c is in the current file only") {
		t.Errorf("notes %q, want that c is new", comparison.Notes)
	}
}
