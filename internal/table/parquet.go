package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// readParquet reads flat columns: numbers, texts, booleans, and timestamps and dates, which become RFC 3339 text.
func readParquet(from io.ReaderAt, size int64) (table Table, err error) {
	// The library trusts what a file says of itself and panics where it lies; a bad file must not end the program.
	defer func() {
		if fault := recover(); fault != nil {
			table, err = Table{}, invalid("it is not a whole Parquet file: %v", fault)
		}
	}()
	if err := checkFooter(from, size); err != nil {
		return Table{}, err
	}
	file, err := parquet.OpenFile(from, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return Table{}, invalid("it is not a whole Parquet file: %v", err)
	}
	leaves := file.Root().Columns()
	table.Columns = make([]Column, len(leaves))
	for i, leaf := range leaves {
		column, err := readParquetColumn(file, leaf)
		if err != nil {
			return Table{}, fmt.Errorf("column %q: %w", leaf.Name(), err)
		}
		table.Columns[i] = column
	}
	if err := checkNames(table.Names()); err != nil {
		return Table{}, err
	}
	if len(leaves) > 0 {
		table.Rows = table.Columns[0].Len()
	}
	if table.Rows == 0 {
		return Table{}, invalid("it has no rows")
	}
	for _, column := range table.Columns {
		if column.Len() != table.Rows {
			return Table{}, invalid("it is damaged: column %q has %d cells, column %q has %d", column.Name, column.Len(), table.Columns[0].Name, table.Rows)
		}
	}
	return table, nil
}

// checkFooter refuses a file that ends elsewhere than Parquet does, or claims a longer footer than it can have: the library
// would allocate what is claimed.
func checkFooter(from io.ReaderAt, size int64) error {
	const tail = 8 // length of the footer, magic bytes
	if size < tail+int64(len(parquetMagic)) {
		return invalid("it is not a whole Parquet file: it has only %d bytes", size)
	}
	var end [tail]byte
	if _, err := from.ReadAt(end[:], size-tail); err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(end[:4]))
	if string(end[4:]) != parquetMagic || length > size-tail-int64(len(parquetMagic)) {
		return invalid("it is not a whole Parquet file: its end is missing")
	}
	return nil
}

// readParquetColumn joins a column's pages of all row groups.
func readParquetColumn(file *parquet.File, leaf *parquet.Column) (Column, error) {
	if !leaf.Leaf() || leaf.Repeated() {
		return Column{}, invalid("it is nested; columns hold texts, numbers, booleans and timestamps")
	}
	add, err := decoderOf(leaf.Type())
	if err != nil {
		return Column{}, err
	}
	cells := parquetCells{interned: map[string]string{}}
	for _, group := range file.RowGroups() {
		if err := cells.readChunk(group.ColumnChunks()[leaf.Index()], add); err != nil {
			return Column{}, invalid("it is damaged: %v", err)
		}
	}
	return cells.column(cleanName(leaf.Name())), nil
}

func (c *parquetCells) readChunk(chunk parquet.ColumnChunk, add decoder) error {
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = c.readPage(page, add)
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
}

func (c *parquetCells) readPage(page parquet.Page, add decoder) error {
	var buffer [1024]parquet.Value
	values := page.Values()
	for {
		n, err := values.ReadValues(buffer[:])
		for _, value := range buffer[:n] {
			if value.IsNull() {
				c.addNull()
			} else {
				add(c, value)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrNoProgress
		}
	}
}

// parquetCells collects a column; numbers turn to text when one comes that a float64 does not hold exactly.
type parquetCells struct {
	numbers  []float64
	null     []bool // of numbers
	text     textBuilder
	isText   bool
	interned map[string]string // one string a value, up to maximumInterned
}

const maximumInterned = 1 << 16

func (c *parquetCells) addNull() {
	if c.isText {
		c.text.addNull()
		return
	}
	c.numbers = append(c.numbers, math.NaN())
	c.null = append(c.null, true)
}

func (c *parquetCells) addNumber(number float64) {
	switch {
	case math.IsNaN(number):
		c.addNull()
	case c.isText:
		c.text.add(FormatNumber(number))
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
	shared, known := c.interned[string(text)]
	if !known {
		shared = string(text)
		if len(c.interned) < maximumInterned {
			c.interned[shared] = shared
		}
	}
	c.text.add(shared)
}

func (c *parquetCells) turnToText() {
	if c.isText {
		return
	}
	c.isText = true
	for i, number := range c.numbers {
		if c.null[i] {
			c.text.addNull()
		} else {
			c.text.add(FormatNumber(number))
		}
	}
	c.numbers, c.null = nil, nil
}

func (c *parquetCells) column(name string) Column {
	if c.isText {
		return c.text.column(name)
	}
	for _, null := range c.null {
		if null {
			return Column{Name: name, Numbers: c.numbers, Null: c.null}
		}
	}
	return Column{Name: name, Numbers: c.numbers}
}
