package table

import "slices"

// Take returns some rows, in the order given.
func (t Table) Take(rows []int) Table {
	taken := Table{Columns: make([]Column, len(t.Columns)), Rows: len(rows)}
	for i, column := range t.Columns {
		taken.Columns[i] = Column{
			Name: column.Name, Numbers: pick(column.Numbers, rows), Text: pick(column.Text, rows), Null: pick(column.Null, rows),
		}
	}
	return taken
}

func pick[T any](cells []T, rows []int) []T {
	if cells == nil {
		return nil
	}
	picked := make([]T, len(rows))
	for i, row := range rows {
		picked[i] = cells[row]
	}
	return picked
}

// SameColumns is mlops.ErrInvalid where another table has other columns; their order makes no difference.
func (t Table) SameColumns(other Table) error {
	mine, others := t.Names(), other.Names()
	slices.Sort(mine)
	slices.Sort(others)
	if !slices.Equal(mine, others) {
		return invalid("it has the columns %q where the first file has %q", others, mine)
	}
	return nil
}

// Concat joins the rows of tables with the same columns, in the order of the first. A column that is text anywhere is text
// everywhere.
func Concat(parts []Table) (Table, error) {
	if len(parts) == 0 {
		return Table{}, nil
	}
	joined := Table{Columns: make([]Column, len(parts[0].Columns))}
	for _, part := range parts {
		if err := parts[0].SameColumns(part); err != nil {
			return Table{}, err
		}
		joined.Rows += part.Rows
	}
	columns := make([]Column, len(parts))
	for i, column := range parts[0].Columns {
		for j, part := range parts {
			columns[j], _ = part.Column(column.Name)
		}
		joined.Columns[i] = concat(columns, joined.Rows)
	}
	return joined, nil
}

func concat(columns []Column, rows int) Column {
	joined := Column{Name: columns[0].Name}
	isText := func(column Column) bool { return column.Numbers == nil }
	isNullable := func(column Column) bool { return column.Null != nil }
	if slices.ContainsFunc(columns, isText) {
		joined.Text = make([]string, 0, rows)
		for _, column := range columns {
			cells, _ := column.AsText()
			joined.Text = append(joined.Text, cells...)
		}
	} else {
		joined.Numbers = make([]float64, 0, rows)
		for _, column := range columns {
			joined.Numbers = append(joined.Numbers, column.Numbers...)
		}
	}
	if slices.ContainsFunc(columns, isNullable) {
		joined.Null = make([]bool, 0, rows)
		for _, column := range columns {
			joined.Null = append(joined.Null, column.nulls()...)
		}
	}
	return joined
}
