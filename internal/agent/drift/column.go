package drift

import (
	"errors"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// textDistinct is the number of distinct values above which a column whose values mostly occur once is text.
const textDistinct = 1000

// errDecided ends the reading of a column whose type is decided.
var errDecided = errors.New("decided")

// GuessType is the narrowest type that every cell of a column can be read as: number, boolean, timestamp, else category; text
// where most of very many values occur once.
func GuessType(column table.Column) mlops.ColumnType {
	guessed, err := guessType(table.Table{Columns: []table.Column{column}, Rows: column.Len()}.Open(), 0)
	if err != nil {
		return mlops.TypeText // cannot be: it is in memory
	}
	return guessed
}

func guessType(file *table.File, column int) (mlops.ColumnType, error) {
	filled, isText := 0, false
	could := map[mlops.ColumnType]bool{mlops.TypeNumber: true, mlops.TypeBoolean: true, mlops.TypeTimestamp: true}
	err := file.Blocks(column, func(block table.Column) error {
		isText = isText || block.Numbers == nil
		for row := range block.Len() {
			if !block.IsNull(row) {
				filled++
			}
		}
		if block.Numbers != nil && !isText {
			return nil // a number whatever it is, unless text comes
		}
		for kind := range could {
			if bad := badCells(block, kind); bad > 0 {
				delete(could, kind)
			}
		}
		if len(could) == 0 {
			return errDecided
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errDecided):
		return "", err
	case err == nil && !isText:
		return mlops.TypeNumber, nil
	case err == nil && filled == 0:
		return mlops.TypeText, nil
	}
	for _, kind := range []mlops.ColumnType{mlops.TypeNumber, mlops.TypeBoolean, mlops.TypeTimestamp} {
		if could[kind] {
			return kind, nil
		}
	}
	return guessLevels(file, column)
}

func badCells(block table.Column, kind mlops.ColumnType) (bad int) {
	switch kind {
	case mlops.TypeNumber:
		_, _, bad = block.AsNumbers()
	case mlops.TypeBoolean:
		_, _, bad = block.AsBooleans()
	default:
		_, _, bad = block.AsTimes()
	}
	return bad
}

// guessLevels tells a category from text by the number of its distinct values.
func guessLevels(file *table.File, column int) (mlops.ColumnType, error) {
	seed, seen, filled := maphash.MakeSeed(), map[uint64]struct{}{}, 0
	err := file.Blocks(column, func(block table.Column) error {
		cells, null := block.AsText()
		for row, cell := range cells {
			if !null[row] {
				filled++
				seen[maphash.String(seed, cell)] = struct{}{}
			}
		}
		if len(seen) > max(textDistinct, file.Rows()/2) {
			return errDecided
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDecided) {
		return "", err
	}
	if len(seen) > textDistinct && len(seen) > filled/2 {
		return mlops.TypeText, nil
	}
	return mlops.TypeCategory, nil
}

// ReadInput reads a column as a type, and counts the cells that cannot be: they stand as null.
func ReadInput(column table.Column, columnType mlops.ColumnType) (input stats.Input, bad int) {
	builder := newInputBuilder(column.Name, columnType, column.Len())
	builder.add(column)
	return builder.input, builder.bad
}

func readInput(file *table.File, column int, kind mlops.ColumnType) (stats.Input, int, error) {
	builder := newInputBuilder(file.Names()[column], kind, file.Rows())
	err := file.Blocks(column, func(block table.Column) error {
		builder.add(block)
		return nil
	})
	return builder.input, builder.bad, err
}

// inputBuilder reads the blocks of a column as a type.
type inputBuilder struct {
	input stats.Input
	bad   int
	seen  map[string]string // one copy of each text, free of the block that it was read from
}

func newInputBuilder(name string, kind mlops.ColumnType, rows int) inputBuilder {
	b := inputBuilder{input: stats.Input{Name: name, Type: kind, Null: make([]bool, 0, rows)}, seen: map[string]string{}}
	if kind == mlops.TypeNumber {
		b.input.Numbers = make([]float64, 0, rows)
	} else {
		b.input.Text = make([]string, 0, rows)
	}
	return b
}

func (b *inputBuilder) add(block table.Column) {
	var null []bool
	bad := 0
	switch b.input.Type {
	case mlops.TypeNumber:
		var numbers []float64
		numbers, null, bad = block.AsNumbers()
		b.input.Numbers = append(b.input.Numbers, numbers...)
	case mlops.TypeBoolean:
		var values []bool
		values, null, bad = block.AsBooleans()
		for _, value := range values {
			b.input.Text = append(b.input.Text, strconv.FormatBool(value))
		}
	default:
		var cells []string
		cells, null = block.AsText()
		for _, cell := range cells {
			b.input.Text = append(b.input.Text, b.intern(cell))
		}
	}
	b.input.Null = append(b.input.Null, null...)
	b.bad += bad
}

// mostInterned bounds the texts that are kept once for many rows.
const mostInterned = 1 << 20

func (b *inputBuilder) intern(cell string) string {
	if known, ok := b.seen[cell]; ok {
		return known
	}
	own := strings.Clone(cell)
	if len(b.seen) < mostInterned {
		b.seen[own] = own
	}
	return own
}

// timesOf are the times of a column; nil where a cell holds none.
func timesOf(column table.Column) []time.Time {
	times, null, _ := column.AsTimes()
	if slices.Contains(null, true) {
		return nil
	}
	return times
}

// dayNumbers are days since 1970 in UTC; rows without a time share a day of their own.
func dayNumbers(column table.Column) []int64 {
	times, null, _ := column.AsTimes()
	days := make([]int64, len(times))
	for row, at := range times {
		days[row] = -1 << 40
		if !null[row] {
			days[row] = at.Unix() / int64((24 * time.Hour).Seconds())
		}
	}
	return days
}
