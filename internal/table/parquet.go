package table

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/parquet-go/parquet-go"
)

// openParquet opens a file of flat columns: numbers, texts, booleans, and timestamps and dates, which become RFC 3339 text.
func openParquet(from io.ReaderAt, size int64) (opened *File, err error) {
	defer func() { recoverDamage(&err, recover()) }()
	if err := checkFooter(from, size); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(from, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true), parquet.ReadBufferSize(pageBuffer))
	if err != nil {
		return nil, invalid("it is not a whole Parquet file: %v", err)
	}
	leaves := file.Root().Columns()
	names, decoders := make([]string, len(leaves)), make([]decoder, len(leaves))
	for i, leaf := range leaves {
		if !leaf.Leaf() || leaf.Repeated() {
			return nil, fmt.Errorf("column %q: %w", leaf.Name(), invalid("it is nested; columns hold texts, numbers, booleans and timestamps"))
		}
		if decoders[i], err = decoderOf(leaf.Type()); err != nil {
			return nil, fmt.Errorf("column %q: %w", leaf.Name(), err)
		}
		names[i] = cleanName(leaf.Name())
	}
	if err := checkNames(names); err != nil {
		return nil, err
	}
	rows := file.NumRows()
	if rows <= 0 || len(leaves) == 0 {
		return nil, invalid("it has no rows")
	}
	if rows > math.MaxInt32 {
		return nil, invalid("it has %d rows; at most %d are read", rows, math.MaxInt32)
	}
	return &File{names: names, rows: int(rows), blocks: func(column int, each func(Column) error) error {
		return readParquetColumn(file, leaves[column], decoders[column], each)
	}}, nil
}

// pageBuffer is how much is read at once of a column.
const pageBuffer = 1 << 16

// recoverDamage makes an error of a panic: the library trusts what a file says of itself and panics where it lies, and a bad
// file must not end the program.
func recoverDamage(err *error, fault any) {
	if fault != nil {
		*err = invalid("it is not a whole Parquet file: %v", fault)
	}
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

// readParquetColumn hands on a column's pages of all row groups.
func readParquetColumn(file *parquet.File, leaf *parquet.Column, add decoder, each func(Column) error) (err error) {
	reader := pageReader{add: add, each: each, plain: isPlain(leaf.Type()), cells: parquetCells{interned: map[string]string{}}}
	defer func() {
		if !reader.handing {
			recoverDamage(&err, recover())
		}
	}()
	for _, group := range file.RowGroups() {
		if err := reader.readChunk(group.ColumnChunks()[leaf.Index()]); err != nil {
			return err
		}
	}
	return nil
}
