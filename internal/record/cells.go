package record

import (
	"math"
	"slices"
	"time"

	"github.com/valyala/fastjson"

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
	last       time.Time // of a timestamp column: the value that was set last, zero where it was none
}

func newCells(kind mlops.ColumnType) *cells { return &cells{kind: kind, seen: map[string]string{}} }

// set puts the cell of a row; rows between are missing. A row that is set again is overwritten.
func (c *cells) set(row int, value *fastjson.Value) {
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

// read reads a value as the column's type; not ok is a type error.
func (c *cells) read(value *fastjson.Value) (number float64, text string, null, ok bool) {
	kind := value.Type()
	if kind == fastjson.TypeNumber && c.kind == mlops.TypeNumber {
		number, err := value.Float64()
		return number, "", false, err == nil && !math.IsInf(number, 0) && !math.IsNaN(number)
	}
	raw, isText := scalar(value)
	switch {
	case kind == fastjson.TypeNull || isText && table.IsNullText(raw):
		c.last = time.Time{}
		return 0, "", true, true
	case !isText && c.kind != mlops.TypeText:
		c.last = time.Time{}
		return 0, "", true, false
	}
	cell := table.Column{Text: []string{raw}}
	switch c.kind {
	case mlops.TypeNumber:
		numbers, _, bad := cell.AsNumbers()
		return numbers[0], "", false, bad == 0
	case mlops.TypeBoolean:
		booleans, _, bad := cell.AsBooleans()
		if booleans[0] {
			return 0, "true", false, bad == 0
		}
		return 0, "false", false, bad == 0
	case mlops.TypeTimestamp:
		c.last, ok = table.ParseTime(raw)
		return 0, "", false, ok
	default:
		return 0, c.intern(raw), false, true
	}
}

// scalar is a value as text; a nested one is its JSON and no scalar.
func scalar(value *fastjson.Value) (string, bool) {
	switch value.Type() {
	case fastjson.TypeString:
		return string(value.GetStringBytes()), true
	case fastjson.TypeNumber:
		// The shortest form, as a table writes numbers: 1.0 and 1 are one category.
		if number, err := value.Float64(); err == nil {
			return table.FormatNumber(number), true
		}
		return value.String(), true
	case fastjson.TypeArray, fastjson.TypeObject:
		return value.String(), false
	default:
		return value.String(), true
	}
}

func (c *cells) intern(text string) string {
	if known, ok := c.seen[text]; ok {
		return known
	}
	c.seen[text] = text
	return text
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
}

func newAnswer(label string) answer {
	names := slices.Clone(predictionNames)
	if label != "" {
		names = append(names, label)
	}
	return answer{names: names, numbers: newCells(mlops.TypeNumber), text: newCells(mlops.TypeCategory)}
}

func (a *answer) add(rows int, answers []*fastjson.Object) {
	if len(answers) == rows {
		for i, row := range answers {
			if a.name == "" {
				a.name = a.choose(row)
			}
			if value := row.Get(a.name); a.name != "" && value != nil {
				a.numbers.set(a.rows+i, value)
				a.text.set(a.rows+i, value)
				a.found = a.found || !a.text.null[a.rows+i]
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
