package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

// laws of columns, in turn: half of full precision, half as people write numbers.
var laws = []func(*rand.Rand) float64{
	(*rand.Rand).NormFloat64,
	func(r *rand.Rand) float64 { return math.Round(math.Exp(3+r.NormFloat64())*100) / 100 },
	(*rand.Rand).Float64,
	func(r *rand.Rand) float64 { return math.Round(50 + 10*r.NormFloat64()) },
	func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) },
	func(r *rand.Rand) float64 { return math.Round(r.NormFloat64()*1000) / 1000 },
}

// column draws a column of a table; the same arguments draw the same numbers.
func column(seed uint64, column, rows int) []float64 {
	random := rand.New(rand.NewPCG(seed, uint64(column))) //nolint:gosec // seeded on purpose
	values := make([]float64, rows)
	for i := range values {
		values[i] = laws[column%len(laws)](random)
	}
	return values
}

func nameOf(column int) string { return fmt.Sprintf("x%04d", column) }

// tableFile makes a table where it is not there yet. The format is that of its name: csv, jsonl, with gz or zst, or parquet. A process
// of its own makes it: what this one held at its most, its children would have held as well, as Linux counts.
func (b bench) tableFile(name string, seed uint64, rows, columns int, sorted bool) (string, error) {
	path := filepath.Join(b.folder, fmt.Sprintf("%d-%dx%d-%s", seed, rows, columns, name))
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	_, _, _, err := self("table", path, name, fmt.Sprintf("%d %d %d %t", seed, rows, columns, sorted))
	return path, err
}

// writeTable writes the table of a name; shape is its seed, rows, columns, and whether they are sorted.
func writeTable(path, name, shape string) error {
	var of struct {
		seed          uint64
		rows, columns int
		sorted        bool
	}
	if _, err := fmt.Sscan(shape, &of.seed, &of.rows, &of.columns, &of.sorted); err != nil {
		return err
	}
	file, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	if filepath.Ext(name) == ".parquet" {
		err = writeParquet(file, of.seed, of.rows, of.columns, of.sorted)
	} else {
		err = writeText(file, name, of.seed, of.rows, of.columns)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// blockRows are drawn and written at once.
const blockRows = 100_000

func writeParquet(to io.Writer, seed uint64, rows, columns int, sorted bool) error {
	group := parquet.Group{}
	for i := range columns {
		group[nameOf(i)] = parquet.Compressed(parquet.Leaf(parquet.DoubleType), &parquet.Zstd)
	}
	writer := parquet.NewWriter(to, parquet.NewSchema("table", group))
	var whole [][]float64
	if sorted {
		for i := range columns {
			whole = append(whole, slices.Sorted(slices.Values(column(seed, i, rows))))
		}
	}
	for start := 0; start < rows; start += blockRows {
		n := min(blockRows, rows-start)
		cells := make([]parquet.Row, n)
		for row := range cells {
			cells[row] = make(parquet.Row, columns)
		}
		for i := range columns {
			values := []float64(nil)
			if sorted {
				values = whole[i][start : start+n]
			} else {
				values = column(seed+uint64(start)<<8, i, n)
			}
			for row, value := range values {
				cells[row][i] = parquet.DoubleValue(value).Level(0, 0, i)
			}
		}
		if _, err := writer.WriteRows(cells); err != nil {
			return err
		}
		if err := writer.Flush(); err != nil {
			return err
		}
	}
	return writer.Close()
}

func writeText(file io.Writer, name string, seed uint64, rows, columns int) error {
	var under io.WriteCloser
	switch filepath.Ext(name) {
	case ".gz":
		under, _ = gzip.NewWriterLevel(file, gzip.BestSpeed) // a known level
	case ".zst":
		under, _ = zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedFastest)) // a known level
	default:
		under = nopCloser{file}
	}
	to := bufio.NewWriterSize(under, 1<<20)
	lines := filepath.Ext(trimLast(name)) == ".jsonl" || filepath.Ext(name) == ".jsonl"
	if !lines {
		for i := range columns {
			_, _ = to.WriteString(map[bool]string{true: "", false: ","}[i == 0] + nameOf(i))
		}
		_ = to.WriteByte('\n')
	}
	var line []byte
	for start := 0; start < rows; start += blockRows {
		n := min(blockRows, rows-start)
		block := make([][]float64, columns)
		for i := range block {
			block[i] = column(seed+uint64(start)<<8, i, n)
		}
		for row := range n {
			line = line[:0]
			for i := range columns {
				line = append(line, ",{"[boolToInt(i == 0)])
				if lines {
					line = append(line, `"`+nameOf(i)+`":`...)
				}
				line = strconv.AppendFloat(line, block[i][row], 'g', -1, 64)
			}
			if lines {
				line = append(line, '}')
			} else {
				line = line[1:]
			}
			if _, err := to.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	return errors.Join(to.Flush(), under.Close())
}

func trimLast(name string) string { return name[:len(name)-len(filepath.Ext(name))] }

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
