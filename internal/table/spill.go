package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
)

// What rows of text may hold in memory before their columns go to a temporary file.
const (
	spillBytes = 16 << 20
	// bytesPerCell is what a cell takes beside its text.
	bytesPerCell = 4
)

// rowSink collects rows of text by column. Where they are many, chunks of the columns go to a temporary file, which has no name
// and is gone with the process.
type rowSink struct {
	columns []sinkColumn
	rows    int
	chunk   int // rows since the last spill
	held    int // bytes of cells since then
	file    *os.File
	offset  int64
	buffer  []byte
}

// sinkColumn is one column: its chunks in the file, and the cells of the rows since the last.
type sinkColumn struct {
	chunks []chunk
	data   []byte
	ends   []uint32 // in data, by row
	// numbers says that every cell is a number that a float64 holds exactly enough; only JSON tells numbers from text.
	numbers bool
}

// chunk is a run of a column's rows in the file: where each cell ends, then the cells. Rows that lie between two chunks are null.
type chunk struct {
	row, rows int
	offset    int64
	bytes     int
}

// addCell adds the cell of the row that is being read.
func addCell[T string | []byte](s *rowSink, column int, cell T) {
	c := &s.columns[column]
	for len(c.ends) < s.chunk {
		c.ends = append(c.ends, uint32(len(c.data))) //nolint:gosec // spilled long before
	}
	if !IsNullText(string(cell)) {
		c.data = appendLineFeeds(c.data, cell)
		s.held += len(cell)
	}
	c.ends = append(c.ends, uint32(len(c.data))) //nolint:gosec // spilled long before
	s.held += bytesPerCell
}

// appendLineFeeds makes line ends line feeds, as CSV readers do within quotes: so a text is the same from every format.
func appendLineFeeds[T string | []byte](to []byte, text T) []byte {
	start := len(to)
	to = append(to, text...)
	if bytes.IndexByte(to[start:], '\r') < 0 {
		return to
	}
	to = to[:start]
	for i := range len(text) {
		if text[i] != '\r' || i+1 == len(text) || text[i+1] != '\n' {
			to = append(to, text[i])
		}
	}
	return to
}

// has says whether the row that is being read has a cell in a column already.
func (s *rowSink) has(column int) bool { return len(s.columns[column].ends) > s.chunk }

// row ends a row.
func (s *rowSink) row() error {
	s.rows++
	s.chunk++
	if s.held >= spillBytes {
		return s.spill()
	}
	return nil
}

// forget takes back the cells of the row that is being read.
func (s *rowSink) forget() {
	for i := range s.columns {
		if c := &s.columns[i]; len(c.ends) > s.chunk {
			c.ends = c.ends[:s.chunk]
			c.data = c.data[:c.size()]
		}
	}
}

func (c *sinkColumn) size() uint32 {
	if len(c.ends) == 0 {
		return 0
	}
	return c.ends[len(c.ends)-1]
}

func (s *rowSink) spill() error {
	if s.file == nil {
		file, err := os.CreateTemp("", "mlops-table-*")
		if err != nil {
			return fmt.Errorf("temporary file for a table larger than %d bytes: %w", spillBytes, err)
		}
		s.file = file
		_ = os.Remove(file.Name()) // it lives on without a name; where it cannot, close removes it
	}
	s.buffer = s.buffer[:0]
	for i := range s.columns {
		c := &s.columns[i]
		if len(c.ends) == 0 {
			continue
		}
		c.chunks = append(c.chunks, chunk{row: s.rows - s.chunk, rows: len(c.ends), offset: s.offset + int64(len(s.buffer)), bytes: len(c.data)})
		for _, end := range c.ends {
			s.buffer = binary.LittleEndian.AppendUint32(s.buffer, end)
		}
		s.buffer = append(s.buffer, c.data...)
		c.ends, c.data = c.ends[:0], c.data[:0]
		if len(s.buffer) >= spillBytes/8 {
			if err := s.write(); err != nil {
				return err
			}
		}
	}
	s.chunk, s.held = 0, 0
	return s.write()
}

func (s *rowSink) write() error {
	if _, err := s.file.Write(s.buffer); err != nil {
		return fmt.Errorf("temporary file for a large table: %w", err)
	}
	s.offset += int64(len(s.buffer))
	s.buffer = s.buffer[:0]
	return nil
}

// open is the file of all rows.
func (s *rowSink) open(names []string) *File {
	return &File{names: names, rows: s.rows, blocks: s.blocks, close: s.close}
}

// close lets go of the temporary file.
func (s *rowSink) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if removed := os.Remove(s.file.Name()); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// blocks hands on the chunks of a column, and nulls for the rows between them.
func (s *rowSink) blocks(column int, each func(Column) error) error {
	c := &s.columns[column]
	reader := chunkReader{from: s.file, numeric: c.numbers}
	row := 0
	for _, chunk := range c.chunks {
		if err := reader.nulls(chunk.row-row, each); err != nil {
			return err
		}
		if err := reader.read(chunk); err != nil {
			return err
		}
		if err := reader.block(each); err != nil {
			return err
		}
		row = chunk.row + chunk.rows
	}
	first := s.rows - s.chunk
	if err := reader.nulls(first-row, each); err != nil {
		return err
	}
	reader.ends, reader.data = c.ends, string(c.data)
	if err := reader.block(each); err != nil {
		return err
	}
	return reader.nulls(s.chunk-len(c.ends), each)
}

// chunkReader reads chunks of one column.
type chunkReader struct {
	from    io.ReaderAt
	numeric bool
	ends    []uint32
	data    string
	raw     []byte
	out     Column
}

// mostNulls is how many rows of nulls are made at once.
const mostNulls = 1 << 16

func (r *chunkReader) nulls(rows int, each func(Column) error) error {
	for rows > 0 {
		n := min(rows, mostNulls)
		r.ends, r.data = make([]uint32, n), ""
		if err := r.block(each); err != nil {
			return err
		}
		rows -= n
	}
	return nil
}

func (r *chunkReader) read(c chunk) error {
	if size := bytesPerCell*c.rows + c.bytes; cap(r.raw) < size {
		r.raw = make([]byte, size)
	} else {
		r.raw = r.raw[:size]
	}
	if _, err := r.from.ReadAt(r.raw, c.offset); err != nil {
		return fmt.Errorf("temporary file for a large table: %w", err)
	}
	r.ends = make([]uint32, c.rows)
	for i := range r.ends {
		r.ends[i] = binary.LittleEndian.Uint32(r.raw[bytesPerCell*i:])
	}
	r.data = string(r.raw[bytesPerCell*c.rows:])
	return nil
}

// block hands on what was read.
func (r *chunkReader) block(each func(Column) error) error {
	if len(r.ends) == 0 {
		return nil
	}
	r.out.Numbers, r.out.Text, r.out.Null = r.out.Numbers[:0], r.out.Text[:0], nil
	start := uint32(0)
	for i, end := range r.ends {
		if end == start && r.out.Null == nil {
			r.out.Null = make([]bool, len(r.ends))
		}
		if end == start {
			r.out.Null[i] = true
		}
		cell := r.data[start:end]
		start = end
		if !r.numeric {
			r.out.Text = append(r.out.Text, cell)
			continue
		}
		number, err := math.NaN(), error(nil)
		if cell != "" {
			number, err = strconv.ParseFloat(cell, 64)
		}
		if err != nil { // cannot be: it was parsed before
			return fmt.Errorf("temporary file for a large table: %w", err)
		}
		r.out.Numbers = append(r.out.Numbers, number)
	}
	block := Column{Null: r.out.Null}
	if r.numeric {
		block.Numbers = r.out.Numbers
	} else {
		block.Text = r.out.Text
	}
	return each(block)
}
