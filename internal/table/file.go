package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/compressed"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// File is a table whose columns are read one at a time, so that what is held follows one column and not the table. Columns may be
// read by several goroutines at once. Lines of text were all read, and checked, when the file was opened; what is damaged
// inside a Parquet file shows when its column is read.
type File struct {
	// Path is where it was read from, "" where that is no file.
	Path   string
	names  []string
	rows   int
	blocks func(column int, each func(Column) error) error
	close  func() error
}

// Names are the columns in the order of the file.
func (f *File) Names() []string { return f.names }

// Rows is how many the file has.
func (f *File) Rows() int { return f.rows }

// Blocks calls for the cells of a column, in order, in blocks that are valid until each returns. A column may be numbers in one
// block and text in another; then it is text.
func (f *File) Blocks(column int, each func(block Column) error) error {
	rows := 0
	err := f.blocks(column, func(block Column) error {
		if rows += block.Len(); rows > f.rows {
			return invalid("it is damaged: there are more cells than the %d rows of the file", f.rows)
		}
		return each(block)
	})
	if err == nil && rows != f.rows {
		err = invalid("it is damaged: there are %d cells in a file of %d rows", rows, f.rows)
	}
	if err != nil {
		return f.named(fmt.Errorf("column %q: %w", f.names[column], err))
	}
	return nil
}

// named puts the file's name before an error.
func (f *File) named(err error) error {
	if f.Path == "" {
		return err
	}
	return fmt.Errorf("%s: %w", f.Path, err)
}

// Column reads a column whole.
func (f *File) Column(column int) (Column, error) {
	whole := columnBuilder{name: f.names[column], rows: f.rows}
	if err := f.Blocks(column, whole.add); err != nil {
		return Column{}, err
	}
	return whole.column(), nil
}

// Table reads all columns.
func (f *File) Table() (Table, error) {
	read := Table{Columns: make([]Column, len(f.names)), Rows: f.rows}
	for i := range f.names {
		var err error
		if read.Columns[i], err = f.Column(i); err != nil {
			return Table{}, err
		}
	}
	return read, nil
}

// Close lets go of the file.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Open is a table that is in memory already, read like a file.
func (t Table) Open() *File {
	return &File{names: t.Names(), rows: t.Rows, blocks: func(column int, each func(Column) error) error { return each(t.Columns[column]) }}
}

// Open opens a file, plain or compressed by gzip or zstd, its format known by its content (Parquet), else by its extension,
// else by its first character. What is wrong with the file is mlops.ErrInvalid, a missing one mlops.ErrNotFound; both name
// the file.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w: there is no such file; paths are relative to the working directory", path, mlops.ErrNotFound)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w: it is not a regular file", path, mlops.ErrInvalid)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	opened, err := openFile(file, info.Size(), path)
	if err != nil {
		_ = file.Close() // only read
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	opened.Path = path
	return opened, nil
}

// openFile takes the file over where it succeeds.
func openFile(file *os.File, size int64, path string) (*File, error) {
	stream, err := compressed.NewReader(file)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	buffered := bufio.NewReaderSize(stream, 1<<16)
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	format := detect(compressed.TrimExtension(path), head)
	if format != Parquet {
		opened, err := openText(buffered, format)
		if err != nil {
			return nil, err
		}
		return opened, file.Close()
	}
	start := make([]byte, len(parquetMagic))
	if _, err := file.ReadAt(start, 0); err == nil && bytes.HasPrefix(head, []byte(parquetMagic)) && string(start) != parquetMagic {
		return nil, invalid("it is a Parquet file that was compressed as a whole; decompress it, its pages are compressed already")
	}
	opened, err := openParquet(file, size)
	if err != nil {
		return nil, err
	}
	opened.close = file.Close
	return opened, nil
}

// detect trusts Parquet's magic bytes first, then the extension, then the first character.
func detect(path string, head []byte) Format {
	if bytes.HasPrefix(head, []byte(parquetMagic)) {
		return Parquet
	}
	if format, known := formatsByExtension[strings.ToLower(filepath.Ext(path))]; known {
		return format
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	if len(start) > 0 && start[0] == '{' {
		return JSONLines
	}
	return CSV
}

func openText(from io.Reader, format Format) (*File, error) {
	if format == JSONLines {
		return openJSONLines(from)
	}
	return openCSV(from)
}

// columnBuilder joins blocks. A column that is text in any block is text in all.
type columnBuilder struct {
	name    string
	rows    int // that are expected
	numbers []float64
	text    []string
	null    []bool // nil until the first null
	count   int
	isText  bool
}

// mostExpected bounds what is allocated on a file's word.
const mostExpected = 1 << 22

func (b *columnBuilder) add(block Column) error {
	rows := block.Len()
	if block.Null != nil && b.null == nil {
		b.null = make([]bool, b.count, max(b.count+rows, min(b.rows, mostExpected)))
	}
	if b.null != nil {
		if block.Null == nil {
			b.null = append(b.null, make([]bool, rows)...)
		} else {
			b.null = append(b.null, block.Null...)
		}
	}
	switch {
	case block.Numbers == nil && !b.isText:
		b.isText = true
		b.text = make([]string, b.count, max(b.count+rows, min(b.rows, mostExpected)))
		for i, number := range b.numbers {
			if !math.IsNaN(number) {
				b.text[i] = FormatNumber(number)
			}
		}
		b.numbers = nil
		b.text = append(b.text, block.Text...)
	case b.isText:
		cells, _ := block.AsText()
		b.text = append(b.text, cells...)
	default:
		if b.numbers == nil {
			b.numbers = make([]float64, 0, max(rows, min(b.rows, mostExpected)))
		}
		b.numbers = append(b.numbers, block.Numbers...)
	}
	b.count += rows
	return nil
}

func (b *columnBuilder) column() Column {
	return Column{Name: b.name, Numbers: b.numbers, Text: b.text, Null: b.null}
}
