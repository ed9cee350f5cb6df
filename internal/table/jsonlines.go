package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/valyala/fastjson"
)

// Bounds of one file: the bytes of a line, and its different keys.
const (
	maximumLine    = 16 << 20
	maximumColumns = 10_000
)

// readJSONLines reads one flat object a line. A key that a line lacks is null there; columns stand in order of first sight.
func readJSONLines(from io.Reader) (Table, error) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(make([]byte, 1<<16), maximumLine)
	rows := jsonRows{index: map[string]int{}}
	var parser fastjson.Parser
	var faults lineFaults
	line := 0
	for scanner.Scan() {
		line++
		content := scanner.Bytes()
		if line == 1 {
			content = bytes.TrimPrefix(content, []byte(byteOrderMark))
		}
		content = bytes.TrimSpace(content)
		if len(content) == 0 {
			continue
		}
		value, err := parser.ParseBytes(content)
		if err == nil {
			err = rows.add(value)
		} else {
			err = errors.New("is not JSON; write one whole object a line")
		}
		if err != nil {
			faults.note(line, "%v", err)
		}
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return Table{}, invalid("line %d is longer than %d bytes", line+1, maximumLine)
	} else if err != nil {
		return Table{}, err
	}
	if err := faults.err(); err != nil {
		return Table{}, err
	}
	if rows.count == 0 || len(rows.columns) == 0 {
		return Table{}, invalid("it is empty; write one JSON object with at least one key a line")
	}
	return rows.table()
}

// jsonRows are the columns of the lines so far.
type jsonRows struct {
	count   int
	index   map[string]int
	columns []jsonColumn
}

// jsonColumn keeps numbers as they were written until all lines are known: one text makes all of them text.
type jsonColumn struct {
	name    string
	cells   textBuilder
	numbers bool // no cell so far was anything else
}

// add appends one line, or nothing of it.
func (r *jsonRows) add(value *fastjson.Value) error {
	object, err := value.Object()
	if err != nil {
		return errors.New("is not an object; write one object a line, not an array")
	}
	var fault error
	object.Visit(func(key []byte, cell *fastjson.Value) {
		if err := r.cell(key, cell); err != nil && fault == nil {
			fault = err
		}
	})
	if fault != nil {
		for i := range r.columns {
			r.columns[i].cells.truncate(r.count)
		}
		return fault
	}
	r.count++
	for i := range r.columns {
		if cells := &r.columns[i].cells; len(cells.text) < r.count {
			cells.addNull()
		}
	}
	return nil
}

func (r *jsonRows) cell(key []byte, cell *fastjson.Value) error {
	at, known := r.index[string(key)]
	if !known {
		if at = len(r.columns); at >= maximumColumns {
			return fmt.Errorf("brings more than %d columns; are keys meant to be values?", maximumColumns)
		}
		column := jsonColumn{name: string(key), numbers: true}
		for range r.count {
			column.cells.addNull()
		}
		r.index[column.name] = at
		r.columns = append(r.columns, column)
	}
	column := &r.columns[at]
	if len(column.cells.text) > r.count {
		return fmt.Errorf("has the key %q twice", key)
	}
	switch cell.Type() {
	case fastjson.TypeNull:
		column.cells.addNull()
	case fastjson.TypeNumber:
		column.cells.addNumber(string(cell.MarshalTo(nil)))
	case fastjson.TypeString:
		column.cells.add(string(cell.GetStringBytes()))
		column.numbers = false
	case fastjson.TypeTrue, fastjson.TypeFalse:
		column.cells.add(cell.Type().String())
		column.numbers = false
	default:
		return fmt.Errorf("has an %s under the key %q; columns hold texts, numbers and booleans", cell.Type(), key)
	}
	return nil
}

func (r *jsonRows) table() (Table, error) {
	table := Table{Columns: make([]Column, len(r.columns)), Rows: r.count}
	for i := range r.columns {
		table.Columns[i] = r.columns[i].column()
		table.Columns[i].Name = cleanName(r.columns[i].name)
	}
	return table, checkNames(table.Names())
}

// column is numeric where every cell is a number that a float64 holds exactly enough: long identifiers stay text.
func (c *jsonColumn) column() Column {
	text := c.cells.column(c.name)
	if !c.numbers {
		return text
	}
	numbers := make([]float64, len(text.Text))
	for i, cell := range text.Text {
		if text.IsNull(i) {
			numbers[i] = math.NaN()
			continue
		}
		number, err := strconv.ParseFloat(cell, 64)
		if err != nil || math.Abs(number) >= maximumExact {
			return text
		}
		numbers[i] = number
	}
	return Column{Name: c.name, Numbers: numbers, Null: text.Null}
}

// maximumExact is the largest whole number up to which a float64 holds each one.
const maximumExact = 1 << 53
