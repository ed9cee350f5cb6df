package table

import (
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// pageReader makes a block of each page of one column.
type pageReader struct {
	add  decoder
	each func(Column) error
	// plain says that the column's values are what its physical type says: they need no decoder of their own.
	plain   bool
	handing bool // while each runs: what panics then is no damage
	cells   parquetCells

	numbers    []float64 // reused by every page
	text       []string
	null       []bool
	dictionary parquet.Dictionary // that entries are of
	entries    entries
	scratch    entries
}

// entries are values by number: of a dictionary, or of a page.
type entries struct {
	numbers []float64
	text    []string // "" is null
}

// isPlain says whether a column holds doubles, exact integers or text without a meaning beyond that.
func isPlain(of parquet.Type) bool {
	if logical := of.LogicalType(); logical != nil {
		switch logical.Value.(type) {
		case *format.StringType, *format.EnumType, *format.JsonType:
			return of.Kind() == parquet.ByteArray
		default:
			return false
		}
	}
	return slices.Contains([]parquet.Kind{parquet.Double, parquet.ByteArray, parquet.Int32, parquet.Int64}, of.Kind())
}

// errEach is an error of each: it is no damage.
type errEach struct{ error }

func (r *pageReader) readChunk(chunk parquet.ColumnChunk) error {
	r.dictionary = nil
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return invalid("it is damaged: %v", err)
		}
		err = r.readPage(page)
		parquet.Release(page)
		if each, ok := errors.AsType[errEach](err); ok {
			return each.error
		}
		if err != nil {
			return invalid("it is damaged: %v", err)
		}
	}
}

func (r *pageReader) hand(block Column) error {
	if r.cells.notText {
		return errEach{invalid("it holds bytes that are no text in UTF-8; cast it to text, or leave it out")}
	}
	r.handing = true
	err := r.each(block)
	r.handing = false
	if err != nil {
		return errEach{err}
	}
	return nil
}

func (r *pageReader) readPage(page parquet.Page) error {
	if page.NumValues() == 0 {
		return nil
	}
	if r.plain {
		if block, ok := r.fast(page); ok {
			return r.hand(block)
		}
	}
	return r.slow(page)
}

// fast reads a page of doubles, exact integers or text by its array; not ok where it needs a closer look.
func (r *pageReader) fast(page parquet.Page) (Column, bool) {
	values := page.Data()
	if dictionary := page.Dictionary(); dictionary != nil {
		if dictionary != r.dictionary {
			found, ok := r.entriesOf(dictionary.Page().Data(), entries{})
			if !ok {
				return Column{}, false
			}
			r.dictionary, r.entries = dictionary, found
		}
		return r.pick(page, values.Int32())
	}
	found, ok := r.entriesOf(values, r.scratch)
	if !ok {
		return Column{}, false
	}
	if values.Kind() != encoding.Double { // doubles are the page's own
		r.scratch = found
	}
	if found.text != nil {
		return r.spread(page, found), true
	}
	if page.NumNulls() == 0 && !hasNaN(found.numbers) {
		return Column{Numbers: found.numbers}, true
	}
	return r.spread(page, found), true
}

// entriesOf are the values of an array, in the memory of others.
func (r *pageReader) entriesOf(values encoding.Values, into entries) (entries, bool) {
	switch values.Kind() {
	case encoding.Double:
		return entries{numbers: values.Double()}, true
	case encoding.Int32:
		into.numbers = slices.Grow(into.numbers[:0], len(values.Int32()))
		for _, value := range values.Int32() {
			into.numbers = append(into.numbers, float64(value))
		}
		return into, true
	case encoding.Int64:
		into.numbers = slices.Grow(into.numbers[:0], len(values.Int64()))
		for _, value := range values.Int64() {
			if value > maximumExact || value < -maximumExact {
				return entries{}, false
			}
			into.numbers = append(into.numbers, float64(value))
		}
		return into, true
	case encoding.ByteArray:
		data, offsets := values.ByteArray()
		into.text = into.text[:0]
		for i := 1; i < len(offsets); i++ {
			text := r.cells.intern(data[offsets[i-1]:offsets[i]])
			if IsNullText(text) {
				text = ""
			}
			into.text = append(into.text, text)
		}
		return into, true
	default:
		return entries{}, false
	}
}

func hasNaN(numbers []float64) bool {
	for _, number := range numbers {
		if number != number {
			return true
		}
	}
	return false
}

// pick is a page of numbers of entries of its dictionary.
func (r *pageReader) pick(page parquet.Page, indexes []int32) (Column, bool) {
	if r.entries.text == nil && r.entries.numbers == nil {
		return Column{}, false
	}
	picked := entries{}
	if r.entries.text != nil {
		picked.text = slices.Grow(r.scratch.text[:0], len(indexes))
		for _, index := range indexes {
			picked.text = append(picked.text, r.entries.text[index])
		}
		r.scratch = picked
		return r.spread(page, picked), true
	}
	picked.numbers = slices.Grow(r.scratch.numbers[:0], len(indexes))
	for _, index := range indexes {
		picked.numbers = append(picked.numbers, r.entries.numbers[index])
	}
	r.scratch = picked
	if page.NumNulls() == 0 && !hasNaN(picked.numbers) {
		return Column{Numbers: picked.numbers}, true
	}
	return r.spread(page, picked), true
}

// spread puts values where the page's levels say that there is one, and marks what is null.
func (r *pageReader) spread(page parquet.Page, found entries) Column {
	rows := int(page.NumValues())
	levels := page.DefinitionLevels()
	r.null = slices.Grow(r.null[:0], rows)
	r.numbers, r.text = r.numbers[:0], r.text[:0]
	next, nulls := 0, 0
	for row := range rows {
		null := len(levels) > 0 && levels[row] == 0
		if found.text != nil {
			text := ""
			if !null {
				text = found.text[next]
				next++
				null = text == ""
			}
			r.text = append(r.text, text)
		} else {
			number := math.NaN()
			if !null {
				number = found.numbers[next]
				next++
				null = number != number
			}
			r.numbers = append(r.numbers, number)
		}
		r.null = append(r.null, null)
		if null {
			nulls++
		}
	}
	block := Column{Null: r.null}
	if nulls == 0 {
		block.Null = nil
	}
	if found.text != nil {
		block.Text = r.text
	} else {
		block.Numbers = r.numbers
	}
	return block
}

// slow reads a page value by value.
func (r *pageReader) slow(page parquet.Page) error {
	r.cells.reset()
	var buffer [1024]parquet.Value
	values := page.Values()
	for {
		n, err := values.ReadValues(buffer[:])
		for _, value := range buffer[:n] {
			if value.IsNull() {
				r.cells.addNull()
			} else {
				r.add(&r.cells, value)
			}
		}
		if errors.Is(err, io.EOF) {
			return r.hand(r.cells.column())
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrNoProgress
		}
	}
}

// parquetCells collects a block; numbers turn to text when one comes that a float64 does not hold exactly.
type parquetCells struct {
	numbers  []float64
	text     []string
	null     []bool
	isText   bool
	notText  bool              // a cell is not UTF-8
	interned map[string]string // one string a value, up to maximumInterned
}

const maximumInterned = 1 << 16

func (c *parquetCells) reset() {
	c.numbers, c.text, c.null, c.isText = c.numbers[:0], c.text[:0], c.null[:0], false
}

func (c *parquetCells) addNull() {
	if c.isText {
		c.text = append(c.text, "")
	} else {
		c.numbers = append(c.numbers, math.NaN())
	}
	c.null = append(c.null, true)
}

func (c *parquetCells) addNumber(number float64) {
	switch {
	case math.IsNaN(number):
		c.addNull()
	case c.isText:
		c.addText([]byte(FormatNumber(number)))
	default:
		c.numbers = append(c.numbers, number)
		c.null = append(c.null, false)
	}
}

func (c *parquetCells) addInteger(integer int64) {
	if integer > maximumExact || integer < -maximumExact {
		c.addText(strconv.AppendInt(nil, integer, 10))
		return
	}
	c.addNumber(float64(integer))
}

func (c *parquetCells) addUnsigned(integer uint64) {
	if integer > maximumExact {
		c.addText(strconv.AppendUint(nil, integer, 10))
		return
	}
	c.addNumber(float64(integer))
}

func (c *parquetCells) addText(text []byte) {
	c.turnToText()
	cell := c.intern(text)
	null := IsNullText(cell)
	if null {
		cell = ""
	}
	c.text, c.null = append(c.text, cell), append(c.null, null)
}

func (c *parquetCells) intern(text []byte) string {
	shared, known := c.interned[string(text)]
	if !known {
		if !utf8.Valid(text) {
			c.notText = true
		}
		shared = string(appendLineFeeds(nil, text))
		if len(c.interned) < maximumInterned {
			c.interned[string(text)] = shared
		}
	}
	return shared
}

func (c *parquetCells) turnToText() {
	if c.isText {
		return
	}
	c.isText = true
	for i, number := range c.numbers {
		if c.null[i] {
			c.text = append(c.text, "")
		} else {
			c.text = append(c.text, FormatNumber(number))
		}
	}
	c.numbers = c.numbers[:0]
}

func (c *parquetCells) column() Column {
	block := Column{Null: c.null}
	if !slices.Contains(c.null, true) {
		block.Null = nil
	}
	if c.isText {
		block.Text = c.text
	} else {
		block.Numbers = c.numbers
	}
	return block
}
