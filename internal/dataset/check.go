package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// How much an error shows.
const (
	shownProblems = 10
	shownRows     = 5
	shownCell     = 40 // bytes
)

// CheckError lists everything by which a source breaks what its dataset declares. It is mlops.ErrInvalid.
type CheckError struct {
	Source string
	// Problems blame an attribute of the dataset each.
	Problems []mlops.Problem
}

// Error shows the first problems, one a line.
func (e *CheckError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s does not hold what is declared; nothing was published (rows count from the first below the header):", e.Source)
	for i, problem := range e.Problems {
		if i == shownProblems {
			fmt.Fprintf(&text, "\n  and %d more", len(e.Problems)-i)
			break
		}
		fmt.Fprintf(&text, "\n  %s: %s", strings.Join(problem.Path, "."), problem.Message)
	}
	return text.String()
}

// Unwrap is mlops.ErrInvalid.
func (e *CheckError) Unwrap() error { return mlops.ErrInvalid }

// checker collects the problems of one source.
type checker struct {
	dataset  mlops.Dataset
	rows     rows
	columns  []typedColumn // those that are declared and there, in order of the file
	problems []mlops.Problem
}

// check reads the columns as declared and tries every expectation. The canonical table has the declared columns in the
// order of the file.
func check(dataset mlops.Dataset, read rows) (canonical table.Table, columns []typedColumn, err error) {
	c := checker{dataset: dataset, rows: read}
	c.checkNames()
	for i := range c.columns {
		c.checkColumn(&c.columns[i])
	}
	if minimum := dataset.MinimumRows; int64(read.Rows) < minimum {
		c.add(fmt.Sprintf("%d rows, %d short of the minimum", read.Rows, minimum-int64(read.Rows)), "minimum_rows")
	}
	canonical.Rows = read.Rows
	for _, column := range c.columns {
		canonical.Columns = append(canonical.Columns, column.canonical())
	}
	if len(c.problems) == 0 { // where cells are bad, rows that differ may look the same
		c.checkDuplicates(canonical)
	}
	if len(c.problems) > 0 {
		return table.Table{}, nil, &CheckError{Source: read.source.path, Problems: c.problems}
	}
	return canonical, c.columns, nil
}

func (c *checker) add(message string, path ...string) {
	c.problems = append(c.problems, mlops.Problem{Path: path, Message: message})
}

// checkNames wants every declared column and no other.
func (c *checker) checkNames() {
	names := c.rows.Names()
	for _, name := range c.dataset.ColumnNames() {
		if !slices.Contains(names, name) {
			c.add("is declared but missing; the source has "+strings.Join(names, ", "), "columns", name)
		}
	}
	var extra []string
	for _, column := range c.rows.Columns {
		declared, known := c.dataset.Columns[column.Name]
		if !known {
			extra = append(extra, column.Name)
			continue
		}
		c.columns = append(c.columns, readTyped(column, declared))
	}
	if len(extra) > 0 {
		c.add(fmt.Sprintf("%s not declared; declare or drop: %s", plural(len(extra), "column of the source is", "columns of the source are"), strings.Join(extra, ", ")), "columns")
	}
}

func (c *checker) checkColumn(column *typedColumn) {
	path := func(attribute string) []string { return []string{"columns", column.name, attribute} }
	if column.badCount > 0 {
		where := c.find(column, column.bad)
		c.add(fmt.Sprintf("%s that no %s can be read from%s", plural(where.count, "cell", "cells"), column.declared.Type, where), path("type")...)
	}
	if nulls := c.find(column, column.source.IsNull); nulls.count > 0 {
		percent, limit := 100*float64(nulls.count)/float64(c.rows.Rows), column.declared.NullLimit()
		if percent > limit {
			nulls.cells = nil
			c.add(fmt.Sprintf("%s null, which is %.4g%% where %.4g%% is allowed%s", plural(nulls.count, "row is", "rows are"), percent, limit, nulls), path("maximum_null_percent")...)
		}
	}
	if minimum := column.declared.Minimum; minimum != nil && column.numbers != nil {
		if below := c.find(column, func(row int) bool { return column.numbers[row] < *minimum }); below.count > 0 {
			c.add(fmt.Sprintf("%s below %s%s", plural(below.count, "row lies", "rows lie"), table.FormatNumber(*minimum), below), path("minimum")...)
		}
	}
	if maximum := column.declared.Maximum; maximum != nil && column.numbers != nil {
		if above := c.find(column, func(row int) bool { return column.numbers[row] > *maximum }); above.count > 0 {
			c.add(fmt.Sprintf("%s above %s%s", plural(above.count, "row lies", "rows lie"), table.FormatNumber(*maximum), above), path("maximum")...)
		}
	}
	if column.declared.Categories != nil && column.text != nil {
		c.checkCategories(column)
	}
}

func (c *checker) checkCategories(column *typedColumn) {
	closed := make(map[string]bool, len(column.declared.Categories))
	for _, category := range column.declared.Categories {
		closed[category] = true
	}
	other := c.find(column, func(row int) bool { return !column.null[row] && !closed[column.text[row]] })
	if other.count > 0 {
		c.add(fmt.Sprintf("%s a value that is not listed%s", plural(other.count, "row has", "rows have"), other), "columns", column.name, "categories")
	}
}

// checkDuplicates counts rows that repeat an earlier one in every cell.
func (c *checker) checkDuplicates(canonical table.Table) {
	limit := c.dataset.MaximumDuplicatePercent
	if limit == nil {
		return
	}
	seen := make(map[Hash]struct{}, canonical.Rows)
	hashes := hashRows(canonical)
	repeats := c.find(nil, func(row int) bool {
		_, known := seen[hashes[row]]
		seen[hashes[row]] = struct{}{}
		return known
	})
	if percent := 100 * float64(repeats.count) / float64(canonical.Rows); percent > *limit {
		c.add(fmt.Sprintf("%s an earlier one, which is %.4g%% where %.4g%% is allowed%s", plural(repeats.count, "row repeats", "rows repeat"), percent, *limit, repeats), "maximum_duplicate_percent")
	}
}

// occurrences are the rows that something is wrong with: all of them counted, the first named.
type occurrences struct {
	count int
	rows  []string
	cells []string
}

func (c *checker) find(column *typedColumn, wrong func(row int) bool) occurrences {
	var found occurrences
	for row := range c.rows.Rows {
		if !wrong(row) {
			continue
		}
		if found.count++; found.count > shownRows {
			continue
		}
		found.rows = append(found.rows, c.rows.name(row))
		if column != nil {
			found.cells = append(found.cells, shown(column.cell(row)))
		}
	}
	return found
}

// String is " (rows 3, 7 and 12 more: 7000, 7001)".
func (o occurrences) String() string {
	word := "rows "
	if o.count == 1 {
		word = "row "
	}
	text := " (" + word + strings.Join(o.rows, ", ")
	if more := o.count - len(o.rows); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if len(o.cells) > 0 {
		text += ": " + strings.Join(o.cells, ", ")
	}
	return text + ")"
}

// shown quotes what is not plain, and cuts what is long.
func shown(cell string) string {
	if len(cell) > shownCell {
		cell = strings.ToValidUTF8(cell[:shownCell], "") + "..."
	}
	return strconv.Quote(cell)
}

func plural(count int, one, many string) string {
	if count == 1 {
		return "1 " + one
	}
	return strconv.Itoa(count) + " " + many
}
