package dataset

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// typedColumn is a column read as its declared type. Cells that cannot be read so are null, with bad set.
type typedColumn struct {
	name     string
	declared mlops.Column
	source   table.Column
	null     []bool
	numbers  []float64   // of a number
	times    []time.Time // of a timestamp, UTC
	text     []string    // of a category or text; of a boolean "true" or "false"
	badCount int
}

func readTyped(source table.Column, declared mlops.Column) typedColumn {
	column := typedColumn{name: source.Name, declared: declared, source: source}
	switch declared.Type {
	case mlops.TypeNumber:
		column.numbers, column.null, column.badCount = source.AsNumbers()
	case mlops.TypeTimestamp:
		column.times, column.null, column.badCount = source.AsTimes()
	case mlops.TypeBoolean:
		var values []bool
		values, column.null, column.badCount = source.AsBooleans()
		column.text = make([]string, len(values))
		for i, value := range values {
			switch {
			case column.null[i]:
			case value:
				column.text[i] = "true"
			default:
				column.text[i] = "false"
			}
		}
	default:
		column.text, column.null = source.AsText()
	}
	return column
}

// bad says whether the cell of a row is there but cannot be read.
func (c typedColumn) bad(row int) bool { return c.null[row] && !c.source.IsNull(row) }

// cell is what the file says, for people.
func (c typedColumn) cell(row int) string {
	if c.source.Numbers != nil {
		return table.FormatNumber(c.source.Numbers[row])
	}
	return c.source.Text[row]
}

// canonical is the column as a version keeps it, the same from whichever format and notation it came: numbers in their
// shortest form, timestamps as RFC 3339 in UTC, booleans as true and false.
func (c typedColumn) canonical() table.Column {
	column := table.Column{Name: c.name, Text: c.text}
	if slices.Contains(c.null, true) {
		column.Null = c.null
	}
	switch c.declared.Type {
	case mlops.TypeNumber:
		column.Numbers, column.Text = c.numbers, c.longNumbers()
		if column.Text != nil {
			column.Numbers = nil
		}
	case mlops.TypeTimestamp:
		column.Text = make([]string, len(c.times))
		for i, at := range c.times {
			if !c.null[i] {
				column.Text[i] = at.Format(time.RFC3339Nano)
			}
		}
	}
	return column
}

// longNumbers are the cells as text where one is a number of more digits than a float64 holds, as identifiers are; else nil.
func (c typedColumn) longNumbers() []string {
	const exact = 1 << 53
	isLong := func(number float64) bool { return math.Abs(number) >= exact } // false for null, which is NaN
	if c.source.Text == nil || !slices.ContainsFunc(c.numbers, isLong) {
		return nil
	}
	cells := make([]string, len(c.numbers))
	for i, number := range c.numbers {
		switch {
		case c.null[i]:
		case isLong(number):
			cells[i] = strings.TrimSpace(c.source.Text[i])
		default:
			cells[i] = table.FormatNumber(number)
		}
	}
	return cells
}

// profileInput is the column of some rows. Of an identifier only the nulls are profiled: its values stay out of the profile.
func (c typedColumn) profileInput(of []int) stats.Input {
	input := stats.Input{Name: c.name, Type: c.declared.Type, Null: pick(c.null, of)}
	if c.declared.Role == mlops.RoleID {
		input.Type = mlops.TypeText
		return input
	}
	switch c.declared.Type {
	case mlops.TypeNumber:
		input.Numbers = pick(c.numbers, of)
	case mlops.TypeCategory, mlops.TypeBoolean:
		input.Text = pick(c.text, of)
	}
	return input
}

func pick[T any](cells []T, of []int) []T {
	picked := make([]T, len(of))
	for i, row := range of {
		picked[i] = cells[row]
	}
	return picked
}
