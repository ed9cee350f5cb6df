package record

import (
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// stage holds the numbers of the last rows, row by row, so that a row is written in one place; full, it is written to the columns,
// each in one go. What is no number passes it by.
type stage struct {
	columns []*cells
	cells   []uint64 // the bits of numbers, or one of those below, row by row
	empty   []uint64 // a row in which all is missing
	first   int      // the row of the first staged one
	rows    int
}

// No number in JSON is one of these, which are none.
const (
	missingCell  = math.MaxUint64
	nullCell     = math.MaxUint64 - 1
	bypassedCell = math.MaxUint64 - 2 // it stands in its column already
)

// stagedCells bounds the memory of a stage: about what lies in the nearest cache of a processor.
const stagedCells = 1 << 12

// add is the place of a column in a row; negative where it is not one of numbers.
func (s *stage) add(column *cells) int {
	if column.kind != mlops.TypeNumber {
		return -1
	}
	s.columns, s.empty = append(s.columns, column), append(s.empty, missingCell)
	return len(s.columns) - 1
}

// row begins a row, in which all is missing. It is valid until the next one begins.
func (s *stage) row(index int) []uint64 {
	width := len(s.columns)
	if len(s.cells) < width*(s.rows+1) {
		if s.flush(); s.cells == nil {
			s.cells = make([]uint64, max(1, stagedCells/max(width, 1))*width)
		}
	}
	if s.rows == 0 {
		s.first = index
	}
	row := s.cells[s.rows*width:][:width]
	copy(row, s.empty)
	s.rows++
	return row
}

// bypass makes the column ready to be set in the last row.
func (s *stage) bypass(place int) {
	last := (s.rows-1)*len(s.columns) + place
	if s.cells[last] == bypassedCell {
		return
	}
	s.write(place, s.rows-1)
	if s.cells[last] != missingCell {
		s.write(place, s.rows)
	}
	s.cells[last] = bypassedCell
}

// flush writes what is staged.
func (s *stage) flush() {
	for place := range s.columns {
		s.write(place, s.rows)
	}
	s.rows = 0
}

// write writes the cells of a column up to so many staged rows, but those that it has.
func (s *stage) write(place, rows int) {
	column, width := s.columns[place], len(s.columns)
	has := len(column.null) - s.first
	if has >= rows {
		return
	}
	if has < 0 {
		column.fill(s.first)
		has = 0
	}
	more := rows - has
	if cap(column.null)-len(column.null) < more || cap(column.numbers)-len(column.numbers) < more {
		column.grow(more)
	}
	null := column.null[len(column.null) : len(column.null)+more]
	numbers := column.numbers[len(column.numbers) : len(column.numbers)+more]
	at := has*width + place
	for i := range null {
		number := s.cells[at]
		at += width
		if null[i] = number >= nullCell; !null[i] {
			numbers[i] = math.Float64frombits(number)
			continue
		}
		numbers[i] = math.NaN()
		if number == missingCell {
			column.missing++
		}
	}
	column.null, column.numbers = column.null[:len(column.null)+more], column.numbers[:len(column.numbers)+more]
	column.lastBad = false
}
