package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Format is how a file holds its rows.
type Format string

// The formats.
const (
	CSV       Format = "csv"     // RFC 4180 with a header
	JSONLines Format = "jsonl"   // one flat object a line
	Parquet   Format = "parquet" // flat columns
)

// Formats lists every format once.
var Formats = []Format{CSV, JSONLines, Parquet}

var formatsByExtension = map[string]Format{
	".csv": CSV, ".jsonl": JSONLines, ".ndjson": JSONLines, ".json": JSONLines, ".parquet": Parquet, ".pq": Parquet,
}

const parquetMagic = "PAR1"

// Read reads a file, its format known by its content (Parquet), else by its extension, else by its first character. What is
// wrong with the file is mlops.ErrInvalid, a missing one mlops.ErrNotFound; both name the file.
func Read(path string) (Table, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Table{}, fmt.Errorf("%s: %w: there is no such file; paths are relative to the working directory", path, mlops.ErrNotFound)
	case err != nil:
		return Table{}, err
	case !info.Mode().IsRegular():
		return Table{}, fmt.Errorf("%s: %w: it is not a regular file", path, mlops.ErrInvalid)
	}
	file, err := os.Open(path)
	if err != nil {
		return Table{}, err
	}
	defer file.Close()
	buffered := bufio.NewReaderSize(file, 1<<16)
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return Table{}, err
	}
	format := detect(path, head)
	var read Table
	if format == Parquet {
		read, err = readParquet(file, info.Size())
	} else {
		read, err = ReadFrom(buffered, format)
	}
	if err != nil {
		return Table{}, fmt.Errorf("%s: %w", path, err)
	}
	return read, nil
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

// ReadFrom reads rows of a known format; Parquet is read into memory first.
func ReadFrom(from io.Reader, format Format) (Table, error) {
	switch format {
	case CSV:
		return readCSV(from)
	case JSONLines:
		return readJSONLines(from)
	case Parquet:
		content, err := io.ReadAll(from)
		if err != nil {
			return Table{}, err
		}
		return readParquet(bytes.NewReader(content), int64(len(content)))
	default:
		return Table{}, fmt.Errorf("%w: format %q: use one of %v", mlops.ErrInvalid, format, Formats)
	}
}

// invalid is an error about what a file holds.
func invalid(format string, arguments ...any) error {
	return fmt.Errorf("%w: %s", mlops.ErrInvalid, fmt.Sprintf(format, arguments...))
}
