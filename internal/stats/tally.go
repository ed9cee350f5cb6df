package stats

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"sync"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// MaximumUnnamed bounds the values of a category that a tally counts by name beside those that its reference names.
const MaximumUnnamed = 10000

// Frame is what a column of traffic is counted in: the bins and levels of its frozen reference, and the range that the
// dataset declares (infinite where it declares none).
type Frame struct {
	Type      mlops.ColumnType
	Reference ColumnProfile
	Low, High float64

	named *levelNames
}

// levelNames are the levels that a reference names, in order, once somebody asks: there may be thousands.
type levelNames struct {
	once   sync.Once
	levels []string
}

func (f Frame) levels() []string {
	f.named.once.Do(func() {
		if category := f.Reference.Category; category != nil {
			f.named.levels = slices.Sorted(maps.Keys(category.Counts))
		}
	})
	return f.named.levels
}

// NewFrame is the frame of a column. A reference of another type, or one without a value, has no bins: its rows are counted all
// the same.
func NewFrame(declared mlops.Column, reference ColumnProfile) Frame {
	frame := Frame{Type: declared.Type, Low: math.Inf(-1), High: math.Inf(1), named: &levelNames{}}
	if reference.Type == declared.Type {
		frame.Reference = reference
	}
	if declared.Minimum != nil {
		frame.Low = *declared.Minimum
	}
	if declared.Maximum != nil {
		frame.High = *declared.Maximum
	}
	return frame
}

// Tally is a column of traffic counted in a frame. All of it is integers and extremes, so tallies of two spans in one frame
// add up to exactly the tally of both.
type Tally struct {
	Rows int64
	// Nulls are missing cells; TypeErrors, cells that could not be read as the column's type, are among them.
	Nulls, TypeErrors int64
	Number            *NumberTally   // of a number
	Category          *CategoryTally // of a category or boolean
}

// Values is how many cells are not null.
func (t Tally) Values() int64 { return t.Rows - t.Nulls }

// NumberTally counts a number in the bins of its reference, of which there are none where the reference has no value: then all
// stand in Above.
type NumberTally struct {
	// On counts, by bin, the values that equal its lower edge; they are among Counts. It tells values that repeat, such as
	// zeroes and round prices, from those that lie anywhere in the bin.
	On     []int64
	Counts []int64
	Below  int64
	Above  int64
	// Outside counts values beyond the declared range.
	Outside          int64
	Minimum, Maximum float64 // +Inf and -Inf where there is no value
}

// CategoryTally counts the values of a category.
type CategoryTally struct {
	// Named counts the levels of the reference, in their order.
	Named []int64
	// Unnamed counts other levels: of more than MaximumUnnamed, those whose names have the smallest hashes. Which they are
	// depends on the levels alone, so a level that is kept was kept in every part, and its count is whole.
	Unnamed map[string]int64
	// Other counts the rows of levels that are not kept.
	Other int64
}

// New is an empty tally in the frame.
func (f Frame) New() Tally {
	switch {
	case f.Type == mlops.TypeNumber:
		bins := 0
		if f.Reference.Number != nil {
			bins = len(f.Reference.Number.Counts)
		}
		return Tally{Number: &NumberTally{On: make([]int64, bins), Counts: make([]int64, bins), Minimum: math.Inf(1), Maximum: math.Inf(-1)}}
	case isCounted(f.Type):
		return Tally{Category: &CategoryTally{Named: make([]int64, len(f.levels())), Unnamed: map[string]int64{}}}
	default:
		return Tally{}
	}
}

// Count counts a column, typeErrors of whose nulls are cells of another type.
func (f Frame) Count(column Input, typeErrors int64) Tally {
	if f.Type == mlops.TypeNumber {
		return f.CountSorted(column.SortedNumbers(), int64(column.Rows()), typeErrors)
	}
	tally := f.New()
	tally.Rows, tally.TypeErrors = int64(column.Rows()), typeErrors
	if tally.Category == nil {
		tally.Nulls = column.Nulls()
		return tally
	}
	counts, nulls := column.CountText()
	tally.Nulls = nulls
	levels := f.levels()
	for level, count := range counts {
		if i, named := slices.BinarySearch(levels, level); named {
			tally.Category.Named[i] = count
		} else {
			tally.Category.Unnamed[level] = count
		}
	}
	tally.Category.bound()
	return tally
}

// CountSorted counts the values of a number that are not null, in rising order, among so many rows.
func (f Frame) CountSorted(sorted []float64, rows, typeErrors int64) Tally {
	tally := f.New()
	tally.Rows, tally.Nulls, tally.TypeErrors = rows, rows-int64(len(sorted)), typeErrors
	number := tally.Number
	if len(sorted) == 0 {
		return tally
	}
	number.Minimum, number.Maximum = sorted[0], sorted[len(sorted)-1]
	number.Outside = int64(sort.SearchFloat64s(sorted, f.Low) + len(sorted) - sort.Search(len(sorted), func(i int) bool { return sorted[i] > f.High }))
	if f.Reference.Number == nil {
		number.Above = int64(len(sorted))
		return tally
	}
	edges := f.Reference.Number.Edges
	number.Counts, number.Below, number.Above = CountSorted(sorted, edges)
	at := int(number.Below)
	for i, count := range number.Counts {
		end := at + int(count)
		for at < end && sorted[at] == edges[i] {
			number.On[i]++
			at++
		}
		at = end
	}
	return tally
}

// Add adds the tally of other rows in the same frame.
func (t *Tally) Add(other Tally) {
	t.Rows += other.Rows
	t.Nulls += other.Nulls
	t.TypeErrors += other.TypeErrors
	if number, more := t.Number, other.Number; number != nil && more != nil {
		for i := range number.Counts {
			number.Counts[i] += more.Counts[i]
			number.On[i] += more.On[i]
		}
		number.Below += more.Below
		number.Above += more.Above
		number.Outside += more.Outside
		number.Minimum, number.Maximum = math.Min(number.Minimum, more.Minimum), math.Max(number.Maximum, more.Maximum)
	}
	if category, more := t.Category, other.Category; category != nil && more != nil {
		for i := range category.Named {
			category.Named[i] += more.Named[i]
		}
		for level, count := range more.Unnamed {
			category.Unnamed[level] += count
		}
		category.Other += more.Other
		category.bound()
	}
}

// bound keeps the levels with the smallest hashes.
func (c *CategoryTally) bound() {
	if len(c.Unnamed) <= MaximumUnnamed {
		return
	}
	levels := make([]string, 0, len(c.Unnamed))
	for level := range c.Unnamed {
		levels = append(levels, level)
	}
	slices.SortFunc(levels, func(a, b string) int {
		x, y := levelHash(a), levelHash(b)
		switch {
		case x < y || x == y && a < b:
			return -1
		default:
			return 1
		}
	})
	for _, level := range levels[MaximumUnnamed:] {
		c.Other += c.Unnamed[level]
		delete(c.Unnamed, level)
	}
}

func levelHash(level string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(level))
	x := hash.Sum64()
	return (x ^ x>>32) * 0x9e3779b97f4a7c15
}

// Counts are the counts of all levels that are known by name.
func (f Frame) Counts(tally CategoryTally) map[string]int64 {
	counts := make(map[string]int64, len(tally.Unnamed)+len(tally.Named))
	levels := f.levels()
	for i, count := range tally.Named {
		if count > 0 {
			counts[levels[i]] = count
		}
	}
	maps.Copy(counts, tally.Unnamed)
	return counts
}

// Describe writes what tells frames apart: two that write the same count alike. An error of the writer is not told.
func (f Frame) Describe(to io.Writer) {
	line := fmt.Appendf(nil, "%s %x %x", f.Type, math.Float64bits(f.Low), math.Float64bits(f.High))
	if number := f.Reference.Number; number != nil {
		for _, edge := range number.Edges {
			line = binary.LittleEndian.AppendUint64(line, math.Float64bits(edge))
		}
	}
	for _, level := range f.levels() {
		line = strconv.AppendQuote(line, level)
	}
	_, _ = to.Write(append(line, '\n'))
}
