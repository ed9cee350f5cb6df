package table

import (
	"bytes"
	"fmt"
	"io"

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

// Read reads all of a file that Open opens.
func Read(path string) (Table, error) {
	file, err := Open(path)
	if err != nil {
		return Table{}, err
	}
	defer file.Close()
	return file.Table()
}

// ReadFrom reads rows of a known format; Parquet is read into memory first.
func ReadFrom(from io.Reader, format Format) (Table, error) {
	var file *File
	var err error
	switch format {
	case CSV, JSONLines:
		file, err = openText(from, format)
	case Parquet:
		var content []byte
		if content, err = io.ReadAll(from); err != nil {
			return Table{}, err
		}
		file, err = openParquet(bytes.NewReader(content), int64(len(content)))
	default:
		return Table{}, fmt.Errorf("%w: format %q: use one of %v", mlops.ErrInvalid, format, Formats)
	}
	if err != nil {
		return Table{}, err
	}
	defer file.Close()
	return file.Table()
}

// invalid is an error about what a file holds.
func invalid(format string, arguments ...any) error {
	return fmt.Errorf("%w: %s", mlops.ErrInvalid, fmt.Sprintf(format, arguments...))
}
