package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const byteOrderMark = "\ufeff"

// openCSV reads RFC 4180 with a header. All cells are text: what they mean is for the caller to say.
func openCSV(from io.Reader) (*File, error) {
	reader := newCSVReader(from)
	header, err := readHeader(reader)
	if err != nil {
		return nil, err
	}
	sink := &rowSink{columns: make([]sinkColumn, len(header))}
	if err := readRecords(reader, sink); err != nil {
		return nil, errors.Join(err, sink.close())
	}
	if sink.rows == 0 {
		return nil, invalid("it has a header but no rows")
	}
	return sink.open(header), nil
}

func readRecords(reader *csvRecords, sink *rowSink) error {
	var faults lineFaults
	line := 1
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return faults.err()
		}
		if err != nil {
			if err := faults.add(record, err, len(sink.columns)); err != nil {
				return after(line, err)
			}
			continue
		}
		line, _ = reader.FieldPos(0)
		if !isText(record) {
			faults.note(line, "%s", notUTF8)
			continue
		}
		for i, cell := range record {
			addCell(sink, i, cell)
		}
		if err := sink.row(); err != nil {
			return err
		}
	}
}

// notUTF8 is what is said of a line.
const notUTF8 = "is not text in UTF-8; convert the file, for example with iconv -t utf-8 -f and its encoding"

func isText(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return !utf8.ValidString(cell) })
}

// after says how far a file could be read, where the error does not say it itself.
func after(line int, err error) error {
	if errors.Is(err, mlops.ErrInvalid) && strings.Contains(err.Error(), "line ") {
		return err
	}
	return fmt.Errorf("after line %d: %w", line, err)
}

// maximumRecord bounds one record: a quote that is left open makes one of all that follows.
const maximumRecord = 64 << 20

// csvRecords reads records of bounded length.
type csvRecords struct {
	*csv.Reader
	from *boundedReader
}

// Read is csv.Reader's.
func (r *csvRecords) Read() ([]string, error) {
	r.from.left = maximumRecord
	return r.Reader.Read()
}

type boundedReader struct {
	from io.Reader
	left int
}

func (r *boundedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, invalid("a record is longer than %d bytes; is a quote left open?", maximumRecord)
	}
	n, err := r.from.Read(p)
	r.left -= n
	return n, err
}

func newCSVReader(from io.Reader) *csvRecords {
	bounded := &boundedReader{from: from, left: maximumRecord}
	buffered := bufio.NewReaderSize(bounded, 1<<16)
	if head, err := buffered.Peek(len(byteOrderMark)); err == nil && string(head) == byteOrderMark {
		_, _ = buffered.Discard(len(byteOrderMark)) // was peeked: cannot fail
	}
	reader := csv.NewReader(buffered)
	reader.ReuseRecord = true
	return &csvRecords{Reader: reader, from: bounded}
}

// readHeader takes the first line as column names.
func readHeader(reader *csvRecords) ([]string, error) {
	record, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, invalid("it is empty; the first line names the columns")
	}
	if err != nil {
		return nil, csvError(err)
	}
	if !isText(record) {
		return nil, invalid("line 1 %s", notUTF8)
	}
	header := make([]string, len(record))
	for i, cell := range record {
		header[i] = cleanName(cell)
	}
	return header, checkNames(header)
}

// cleanName takes white space and byte order marks off both ends, and makes line ends line feeds.
func cleanName(name string) string {
	return string(appendLineFeeds(nil, strings.TrimFunc(name, func(r rune) bool { return unicode.IsSpace(r) || string(r) == byteOrderMark })))
}

// checkNames refuses columns without a name and names that stand twice.
func checkNames(names []string) error {
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			return invalid("column %d has no name in the header", i+1)
		}
		if seen[name] {
			return invalid("the column %q stands twice in the header; columns have names of their own", name)
		}
		seen[name] = true
	}
	return nil
}

// add notes a line with a wrong number of cells and lets reading go on; any other error ends it.
func (f *lineFaults) add(record []string, err error, want int) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok && errors.Is(parse.Err, csv.ErrFieldCount) {
		f.note(parse.StartLine, "has %d cells where the header has %d", len(record), want)
		return nil
	}
	return csvError(err)
}

func csvError(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return invalid("line %d: %v; cells that hold a quote or a comma stand in quotes, as RFC 4180 says", parse.Line, parse.Err)
	}
	return err
}

// WriteCSV writes RFC 4180 with a header and line feeds; null cells are empty. The same table gives the same bytes.
func WriteCSV(to io.Writer, table Table) error {
	writer := NewCSVWriter(to)
	if err := writer.Write(table.Names()); err != nil {
		return err
	}
	texts := make([][]string, len(table.Columns))
	for i, column := range table.Columns {
		texts[i], _ = column.AsText()
	}
	record := make([]string, len(table.Columns))
	for row := range table.Rows {
		for i := range texts {
			record[i] = texts[i][row]
		}
		if err := writer.Write(record); err != nil {
			return err
		}
	}
	return writer.Flush()
}

// CSVWriter writes records as WriteCSV does, one at a time.
type CSVWriter struct {
	writer *csv.Writer
	under  *bufio.Writer
}

// NewCSVWriter writes to a writer, buffered: end with Flush.
func NewCSVWriter(to io.Writer) *CSVWriter {
	under := bufio.NewWriterSize(to, 1<<16)
	return &CSVWriter{writer: csv.NewWriter(under), under: under}
}

// Write adds one record.
func (w *CSVWriter) Write(record []string) error {
	if len(record) == 1 && record[0] == "" {
		// An empty line is no record to a reader; an empty cell in quotes is.
		w.writer.Flush()
		if err := w.writer.Error(); err != nil {
			return err
		}
		_, err := w.under.WriteString("\"\"\n")
		return err
	}
	return w.writer.Write(record)
}

// Flush writes what is buffered and returns the first error of any write.
func (w *CSVWriter) Flush() error {
	w.writer.Flush()
	if err := w.writer.Error(); err != nil {
		return err
	}
	return w.under.Flush()
}

// CSVReader reads a CSV file with a header record by record, for files too large to hold.
type CSVReader struct {
	// Header names the columns.
	Header []string
	reader *csvRecords
}

// NewCSVReader reads the header.
func NewCSVReader(from io.Reader) (*CSVReader, error) {
	reader := newCSVReader(from)
	header, err := readHeader(reader)
	if err != nil {
		return nil, err
	}
	return &CSVReader{Header: header, reader: reader}, nil
}

// Read returns the next record, valid until the next call, or io.EOF.
func (r *CSVReader) Read() ([]string, error) {
	record, err := r.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, err
	}
	var faults lineFaults
	if err == nil {
		if line, _ := r.reader.FieldPos(0); !isText(record) {
			faults.note(line, "%s", notUTF8)
		}
		return record, faults.err()
	}
	if err := faults.add(record, err, len(r.Header)); err != nil {
		return nil, err
	}
	return nil, faults.err()
}
