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
	recent     [recentTexts]recentText
	place      int // in bytes, other than those of other columns: see grown
	scratch    []byte
	last       time.Time // of a timestamp column: the value that was set last, zero where it was none
}

func newCells(kind mlops.ColumnType) *cells { return &cells{kind: kind, seen: map[string]string{}} }

// set puts the cell of a row; rows between are missing. A row that is set again is overwritten.
func (c *cells) set(row int, value scalar) {
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

// recentTexts are remembered by the hash of how they are written, so that most are neither unescaped nor looked for in a map.
const recentTexts = 16

type recentText struct {
	written, text string
	null          bool
	known         bool
}

// setMember is set for a member of flat rows.
func (c *cells) setMember(row int, data []byte, m *flatjson.Member) {
	if len(c.null) < row {
		c.fill(row)
	}
	if len(c.null) == cap(c.null) {
		c.grow(1)
	}
	switch {
	case len(c.null) > row: // a second time
	case m.Kind == flatjson.Number && c.kind == mlops.TypeNumber:
		c.lastBad = false
		c.null = append(c.null, false)
		c.numbers = append(c.numbers, m.Number)
		return
	case m.Kind == flatjson.Text && (c.kind == mlops.TypeCategory || c.kind == mlops.TypeText):
		written := data[m.Value:m.ValueEnd]
		recent := &c.recent[endsOf(data, m.Value, m.ValueEnd).hash()%recentTexts]
		if !recent.known || recent.written != string(written) {
			_, text, null, _ := c.read(c.scalarOf(data, m))
			*recent = recentText{written: text, text: text, null: null, known: true}
			if m.Escaped || null {
				recent.written = string(written)
			}
		}
		c.lastBad = false
		c.null = append(c.null, recent.null)
		c.text = append(c.text, recent.text)
		return
	}
	c.set(row, c.scalarOf(data, m))
}

// grow makes place for so many more cells, and for twice as many as there are while they are few: appending alone would copy them
// more often.
func (c *cells) grow(more int) {
	c.null = grown(c.null, more, c.place)
	switch c.kind {
	case mlops.TypeNumber:
		c.numbers = grown(c.numbers, more, c.place/8)
	case mlops.TypeTimestamp:
	default:
		c.text = grown(c.text, more, c.place/16)
	}
}

// grown keeps the columns of a long table apart by some elements each. All grow at once, and large memory begins at a page: cells
// of one row would else share few lines of the processor's cache.
func grown[T any](from []T, more, apart int) []T {
	if len(from) < 512 {
		apart = 0
	}
	more = max(more, min(max(len(from), 64), 1<<16))
	return append(make([]T, apart, apart+len(from)+more), from...)[apart:]
}

// scalarOf is the value of a member of flat rows.
func (c *cells) scalarOf(data []byte, m *flatjson.Member) scalar {
	value := scalar{kind: m.Kind, text: data[m.Value:m.ValueEnd], number: m.Number}
	if m.Escaped {
		c.scratch, _ = flatjson.Unescape(c.scratch[:0], value.text)
		value.text = c.scratch
	}
	return value
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
