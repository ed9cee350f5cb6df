package record

import (
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
)

// flatRow is a row that is being read. Its cells are held back until the row is known to be whole.
type flatRow struct {
	scanner flatjson.Scanner
	cells   []flatCell
	// order is the column of each key of the last row: the next row mostly has the same order.
	order []orderedColumn
}

type orderedColumn struct {
	name  string
	cells *cells // nil where the dataset has no such column
}

type flatCell struct {
	column *orderedColumn
	value  scalar
}

// flatRows adds rows as most are: flat objects with plain keys. Where one is not, it is the first that was not added.
func (b *Builder) flatRows(data []byte, eventTime time.Time) (rows int, ok bool) {
	rest, ok := cutToken(data, '[')
	if !ok {
		return 0, false
	}
	if rest, ok := cutToken(rest, ']'); ok {
		return 0, len(rest) == 0
	}
	for {
		if rest, ok = b.flatRow(rest, eventTime); !ok {
			return rows, false
		}
		rows++
		if after, more := cutToken(rest, ','); more {
			rest = after
			continue
		}
		rest, ok = cutToken(rest, ']')
		return rows, ok && len(rest) == 0
	}
}

// cutToken takes a character off, and white space on both sides of it.
func cutToken(data []byte, token byte) (rest []byte, ok bool) {
	data = trimSpace(data)
	if len(data) == 0 || data[0] != token {
		return data, false
	}
	return trimSpace(data[1:]), true
}

func trimSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\n' || data[0] == '\t' || data[0] == '\r') {
		data = data[1:]
	}
	return data
}

func (b *Builder) flatRow(data []byte, eventTime time.Time) (rest []byte, ok bool) {
	row := &b.flat
	s := &row.scanner
	if !s.Open(data) {
		return nil, false
	}
	row.cells = row.cells[:0]
	for place := 0; s.Next(); place++ {
		if place == len(row.order) {
			row.order = append(row.order, orderedColumn{})
		}
		column := &row.order[place]
		if column.name != string(s.Key) || column.name == "" {
			*column = orderedColumn{name: string(s.Key), cells: b.columns[string(s.Key)]}
		}
		value := scalar{kind: s.Kind, text: s.Value}
		switch s.Kind {
		case flatjson.Number:
			number, fits := s.Float()
			if !fits {
				return nil, false
			}
			value.number = number
		case flatjson.Nested:
			return nil, false
		}
		row.cells = append(row.cells, flatCell{column, value})
	}
	rest, ok = s.End()
	if ok {
		b.commit(eventTime)
	}
	return rest, ok
}

// commit adds the cells of a whole row.
func (b *Builder) commit(eventTime time.Time) {
	index := int(b.result.Rows)
	b.result.Rows++
	at := eventTime
	for _, cell := range b.flat.cells {
		column := cell.column.cells
		if column == nil {
			b.unknown(cell.column.name)
			continue
		}
		column.set(index, cell.value)
		if cell.column.name == b.timestamp && !column.last.IsZero() {
			at = column.last
		}
	}
	b.result.Times = append(b.result.Times, at)
}
