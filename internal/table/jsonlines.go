package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
)

// Bounds of one file: the bytes of a line, and its different keys.
const (
	maximumLine    = 16 << 20
	maximumColumns = 10_000
)

// openJSONLines reads one flat object a line. A key that a line lacks is null there; columns stand in order of first sight.
func openJSONLines(from io.Reader) (*File, error) {
	rows := jsonRows{index: map[string]int{}}
	names, err := rows.read(from)
	if err != nil {
		return nil, errors.Join(err, rows.sink.close())
	}
	return rows.sink.open(names), nil
}

// jsonRows are the columns of the lines so far. Numbers are kept as they were written until all lines are known: one text makes
// all of them text.
type jsonRows struct {
	sink    rowSink
	index   map[string]int
	names   []string
	scanner flatjson.Scanner
	parser  fastjson.Parser
	// order is the column of each key of the last line: the next line mostly has the same order.
	order []int
}

func (r *jsonRows) read(from io.Reader) ([]string, error) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(make([]byte, 1<<16), maximumLine)
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
		if !r.flat(content) {
			r.sink.forget()
			if err := r.unusual(content); err != nil {
				r.sink.forget()
				faults.note(line, "%v", err)
				continue
			}
		}
		if err := r.sink.row(); err != nil {
			return nil, err
		}
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, invalid("line %d is longer than %d bytes", line+1, maximumLine)
	} else if err != nil {
		return nil, after(line, err)
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	if r.sink.rows == 0 || len(r.names) == 0 {
		return nil, invalid("it is empty; write one JSON object with at least one key a line")
	}
	names := make([]string, len(r.names))
	for i, name := range r.names {
		names[i] = cleanName(name)
	}
	return names, checkNames(names)
}

// flat adds the cells of a line as most are; false, and some of them added, where it needs a closer look.
func (r *jsonRows) flat(line []byte) bool {
	s := &r.scanner
	if !s.Open(line) {
		return false
	}
	for place := 0; s.Next(); place++ {
		if place == len(r.order) {
			r.order = append(r.order, 0)
		}
		at := r.order[place]
		if at >= len(r.names) || r.names[at] != string(s.Key) {
			known := false
			if at, known = r.index[string(s.Key)]; !known {
				return false
			}
			r.order[place] = at
		}
		if r.sink.has(at) {
			return false
		}
		column := &r.sink.columns[at]
		switch s.Kind {
		case flatjson.Number:
			column.numbers = column.numbers && (s.IsShort() || isExact(s.Value))
		case flatjson.Nested:
			return false
		case flatjson.Null:
			s.Value = nil
		default:
			column.numbers = false
		}
		addCell(&r.sink, at, s.Value)
	}
	rest, ok := s.End()
	return ok && len(rest) == 0
}

// unusual adds the cells of any line of JSON, or says what is wrong with it.
func (r *jsonRows) unusual(line []byte) error {
	if !utf8.Valid(line) {
		return errors.New(notUTF8)
	}
	value, err := r.parser.ParseBytes(line)
	if err != nil {
		return errors.New("is not JSON; write one whole object a line")
	}
	return r.add(value)
}

// add adds the cells of one line.
func (r *jsonRows) add(value *fastjson.Value) error {
	object, err := value.Object()
	if err != nil {
		return errors.New("is not an object; write one object a line, not an array")
	}
	var fault error
	object.Visit(func(key []byte, cell *fastjson.Value) {
		if fault == nil {
			fault = r.cell(key, cell)
		}
	})
	return fault
}

func (r *jsonRows) cell(key []byte, cell *fastjson.Value) error {
	at, known := r.index[string(key)]
	if !known {
		if at = len(r.names); at >= maximumColumns {
			return fmt.Errorf("brings more than %d columns; are keys meant to be values?", maximumColumns)
		}
		r.index[string(key)] = at
		r.names = append(r.names, string(key))
		r.sink.columns = append(r.sink.columns, sinkColumn{numbers: true})
	}
	if r.sink.has(at) {
		return fmt.Errorf("has the key %q twice", key)
	}
	column := &r.sink.columns[at]
	switch cell.Type() {
	case fastjson.TypeNull:
		addCell(&r.sink, at, "")
	case fastjson.TypeNumber:
		return r.number(at, cell.MarshalTo(nil))
	case fastjson.TypeString:
		column.numbers = false
		addCell(&r.sink, at, cell.GetStringBytes())
	case fastjson.TypeTrue, fastjson.TypeFalse:
		column.numbers = false
		addCell(&r.sink, at, cell.Type().String())
	default:
		return fmt.Errorf("has an %s under the key %q; columns hold texts, numbers and booleans", cell.Type(), key)
	}
	return nil
}

// number adds a number as it was written; the nan that some programs write in JSON is null.
func (r *jsonRows) number(at int, text []byte) error {
	if strings.EqualFold(strings.TrimLeft(string(text), "+-"), "nan") {
		text = nil
	}
	if _, err := strconv.ParseFloat(string(text), 64); len(text) > 0 && errors.Is(err, strconv.ErrSyntax) {
		return fmt.Errorf("has %q, which is no number", text)
	}
	column := &r.sink.columns[at]
	column.numbers = column.numbers && (len(text) == 0 || isExact(text))
	addCell(&r.sink, at, text)
	return nil
}

// isExact says whether a number is one that a float64 holds exactly enough: long identifiers stay text.
func isExact(text []byte) bool {
	number, err := strconv.ParseFloat(string(text), 64)
	return err == nil && math.Abs(number) < maximumExact
}

// maximumExact is the largest whole number up to which a float64 holds each one.
const maximumExact = 1 << 53
