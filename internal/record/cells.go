package record

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fastjson"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// cells collects one column. What is null and how a text is read is table's, so that traffic and datasets read alike.
type cells struct {
	kind       mlops.ColumnType
	numbers    []float64
	text       []string
	null       []bool
	seen       map[string]string // one copy of each text
	typeErrors int64
	missing    int64
	lastBad    bool
	scratch    []byte
	last       time.Time // of a timestamp column: the value that was set last, zero where it was none
}

func newCells(kind mlops.ColumnType) *cells { return &cells{kind: kind, seen: map[string]string{}} }

// set puts the cell of a row; rows between are missing. A row that is set again is overwritten.
func (c *cells) set(row int, value scalar) {
	if value.kind == flatjson.Number && c.kind == mlops.TypeNumber && len(c.null) == row && !math.IsInf(value.number, 0) && !math.IsNaN(value.number) {
		c.lastBad = false // as below, for what most values are
		c.null = append(c.null, false)
		c.numbers = append(c.numbers, value.number)
		return
	}
	if len(c.null) == row+1 {
		c.null = c.null[:row]
		c.numbers, c.text = c.numbers[:min(row, len(c.numbers))], c.text[:min(row, len(c.text))]
		if c.lastBad {
			c.typeErrors--
		}
	}
	c.fill(row)
	number, text, null, ok := c.read(value)
	c.lastBad = !ok
	if !ok {
		c.typeErrors++
	}
	c.add(number, text, null || !ok)
}

// fill adds missing cells up to so many rows.
func (c *cells) fill(rows int) {
	for len(c.null) < rows {
		c.missing++
		c.add(math.NaN(), "", true)
	}
}

func (c *cells) add(number float64, text string, null bool) {
	c.null = append(c.null, null)
	switch c.kind {
	case mlops.TypeNumber:
		if null {
			number = math.NaN()
		}
		c.numbers = append(c.numbers, number)
	case mlops.TypeTimestamp:
	default:
		if null {
			text = ""
		}
		c.text = append(c.text, text)
	}
}

// scalar is a value as it stands in a row. Its text is what a text says, and what anything else is written as; it is valid while
// it is set.
type scalar struct {
	kind   flatjson.Kind
	text   []byte
	number float64 // of a number; NaN where it is beyond a float64
}

func scalarOf(value *fastjson.Value) scalar {
	switch value.Type() {
	case fastjson.TypeString:
		return scalar{kind: flatjson.Text, text: value.GetStringBytes()}
	case fastjson.TypeNumber:
		text := value.MarshalTo(nil)
		number, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			number = math.NaN()
		}
		return scalar{kind: flatjson.Number, text: text, number: number}
	case fastjson.TypeNull:
		return scalar{kind: flatjson.Null}
	case fastjson.TypeTrue:
		return scalar{kind: flatjson.True, text: []byte("true")}
	case fastjson.TypeFalse:
		return scalar{kind: flatjson.False, text: []byte("false")}
	default:
		return scalar{kind: flatjson.Nested, text: value.MarshalTo(nil)}
	}
}

// read reads a value as the column's type; not ok is a type error.
func (c *cells) read(value scalar) (number float64, text string, null, ok bool) {
	if value.kind == flatjson.Number && c.kind == mlops.TypeNumber {
		return value.number, "", false, !math.IsInf(value.number, 0) && !math.IsNaN(value.number)
	}
	raw := value.text
	if value.kind == flatjson.Number && !math.IsNaN(value.number) {
		// The shortest form, as a table writes numbers: 1.0 and 1 are one category.
		raw = table.AppendNumber(c.scratch[:0], value.number)
		c.scratch = raw
	}
	nested := value.kind == flatjson.Nested
	switch {
	case value.kind == flatjson.Null || !nested && table.IsNullText(string(raw)):
		c.last = time.Time{}
		return 0, "", true, true
	case nested && c.kind != mlops.TypeText:
		c.last = time.Time{}
		return 0, "", true, false
	}
	switch c.kind {
	case mlops.TypeNumber:
		numbers, _, bad := table.Column{Text: []string{string(raw)}}.AsNumbers()
		return numbers[0], "", false, bad == 0
	case mlops.TypeBoolean:
		booleans, _, bad := table.Column{Text: []string{string(raw)}}.AsBooleans()
		if booleans[0] {
			return 0, "true", false, bad == 0
		}
		return 0, "false", false, bad == 0
	case mlops.TypeTimestamp:
		c.last, ok = table.ParseTime(string(raw))
		return 0, "", false, ok
	default:
		return 0, c.intern(raw), false, true
	}
}

func (c *cells) intern(text []byte) string {
	if known, ok := c.seen[string(text)]; ok {
		return known
	}
	own := string(text)
	c.seen[own] = own
	return own
}

func (c *cells) input(name string) stats.Input {
	input := stats.Input{Name: name, Type: c.kind, Numbers: c.numbers, Text: c.text, Null: c.null}
	if c.kind != mlops.TypeTimestamp && !slices.Contains(c.null, true) {
		input.Null = nil
	}
	return input
}

// answer collects the predictions. Which column they are is fixed by the first answer that has one.
type answer struct {
	names   []string
	name    string
	numbers *cells
	text    *cells
	rows    int
	found   bool
	scanner flatjson.Scanner
}

func newAnswer(label string) answer {
	names := slices.Clone(predictionNames)
	if label != "" {
		names = append(names, label)
	}
	return answer{names: names, numbers: newCells(mlops.TypeNumber), text: newCells(mlops.TypeCategory)}
}

// flat adds the answer to one row where it is one flat object with the prediction under the name that is known already.
func (a *answer) flat(rows int, response []byte) bool {
	rest, ok := cutToken(response, '[')
	if a.name == "" || rows != 1 || !ok || !a.scanner.Open(rest) {
		return false
	}
	var found scalar
	times := 0
	for a.scanner.Next() {
		if string(a.scanner.Key) != a.name {
			continue
		}
		times++
		found = scalar{kind: a.scanner.Kind, text: a.scanner.Value}
		if found.kind == flatjson.Number {
			if found.number, ok = a.scanner.Float(); !ok {
				return false
			}
		}
	}
	if rest, ok = a.scanner.End(); !ok || times != 1 {
		return false
	}
	if rest, ok = cutToken(rest, ']'); !ok || len(rest) > 0 {
		return false
	}
	a.set(a.rows, found)
	a.rows++
	return true
}

func (a *answer) set(row int, value scalar) {
	a.numbers.set(row, value)
	a.text.set(row, value)
	a.found = a.found || !a.text.null[row]
}

func (a *answer) add(rows int, answers []*fastjson.Object) {
	if len(answers) == rows {
		for i, row := range answers {
			if a.name == "" {
				a.name = a.choose(row)
			}
			if value := row.Get(a.name); a.name != "" && value != nil {
				a.set(a.rows+i, scalarOf(value))
			}
		}
	}
	a.rows += rows
}

func (a *answer) choose(row *fastjson.Object) string {
	for _, name := range a.names {
		if row.Get(name) != nil {
			return name
		}
	}
	only := ""
	if row.Len() == 1 {
		row.Visit(func(key []byte, _ *fastjson.Value) { only = string(key) })
	}
	return only
}

func (a *answer) input() *stats.Input {
	if !a.found {
		return nil
	}
	a.numbers.fill(a.rows)
	a.text.fill(a.rows)
	chosen := a.numbers
	if a.numbers.typeErrors > 0 {
		chosen = a.text
	}
	input := chosen.input(a.name)
	return &input
}
