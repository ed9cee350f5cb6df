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

// Append adds the rows of another table with the same columns, in any order; other columns are mlops.ErrInvalid.
func (t Table) Append(other Table) (Table, error) {
	if len(t.Columns) == 0 {
		return other, nil
	}
	mine, others := t.Names(), other.Names()
	slices.Sort(mine)
	slices.Sort(others)
	if !slices.Equal(mine, others) {
		return Table{}, invalid("it has the columns %q where the first file has %q", others, mine)
	}
	joined := Table{Columns: make([]Column, len(t.Columns)), Rows: t.Rows + other.Rows}
	for i, column := range t.Columns {
		behind, _ := other.Column(column.Name)
		joined.Columns[i] = column.append(behind)
	}
	return joined, nil
}

// append makes text of both where either is text.
func (c Column) append(behind Column) Column {
	joined := Column{Name: c.Name}
	if c.Numbers != nil && behind.Numbers != nil {
		joined.Numbers = slices.Concat(c.Numbers, behind.Numbers)
	} else {
		first, _ := c.AsText()
		second, _ := behind.AsText()
		joined.Text = slices.Concat(first, second)
	}
	if c.Null != nil || behind.Null != nil {
		joined.Null = slices.Concat(c.nulls(), behind.nulls())
	}
	return joined
}
