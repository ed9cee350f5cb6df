// Package table reads CSV, JSON lines and Parquet into columns, and writes CSV. It knows no dataset and no rule: what a
// column should be is for its callers to say.
package table

// Table is rows by column. All columns have the same length.
type Table struct {
	Columns []Column
	Rows    int
}

// Column holds the cells of one column: Numbers where the file itself says number, else Text. Null is nil where no cell is
// null; the value of a null cell is NaN or "".
type Column struct {
	Name    string
	Numbers []float64
	Text    []string
	Null    []bool
}

// Column returns a column by name.
func (t Table) Column(name string) (Column, bool) {
	for _, column := range t.Columns {
		if column.Name == name {
			return column, true
		}
	}
	return Column{}, false
}

// Names are the columns in the order of the file.
func (t Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		names[i] = column.Name
	}
	return names
}

// IsNull says whether the cell of a row is null.
func (c Column) IsNull(row int) bool { return c.Null != nil && c.Null[row] }
