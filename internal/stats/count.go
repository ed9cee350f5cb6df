package stats

import (
	"math"
	"math/bits"
	"sort"
)

// EdgeCounter counts values in the bins between frozen edges, in any order and without sorting them first: about two
// nanoseconds a value. What it counts is what CountSorted counts. It is used by one goroutine at a time.
type EdgeCounter struct {
	// Counts are those of the bins, Below and Above what lies outside, Other what is no finite number.
	Counts              []int64
	Below, Above, Other int64

	// limits are the edges, the last one the number next to it, since its bin is closed; then +Inf as far as a search may look.
	limits []float64
	tally  []int64
	cells  edgeCells
}

// NewEdgeCounter counts between at least two rising, finite edges, as NumberProfile.Edges are.
func NewEdgeCounter(edges []float64) *EdgeCounter {
	limits := append([]float64(nil), edges...)
	last := len(limits) - 1
	limits[last] = math.Nextafter(limits[last], math.Inf(1))
	cells := newBitCells(limits)
	if linear, ok := newLinearCells(limits); ok && linear.step <= cells.step {
		cells = linear
	}
	for range 2 * cells.step {
		limits = append(limits, math.Inf(1))
	}
	return &EdgeCounter{Counts: make([]int64, len(edges)-1), limits: limits, tally: make([]int64, len(edges)+1), cells: cells}
}

// Add counts values.
func (c *EdgeCounter) Add(values []float64) {
	if c.cells.linear {
		c.addLinear(values)
	} else {
		c.addByBits(values)
	}
	bins := len(c.Counts)
	c.Below += c.tally[0]
	c.Above += c.tally[bins+1]
	for i := range c.Counts {
		c.Counts[i] += c.tally[i+1]
	}
	clear(c.tally)
}

func (c *EdgeCounter) addLinear(values []float64) {
	low, high, scale, starts := c.cells.low, c.cells.high, c.cells.scale, &c.cells.starts
	first, limits, tally := c.cells.step, c.limits, c.tally
	for _, x := range values {
		switch {
		case x >= low && x < high:
			i := starts[uint(int((x-low)*scale))&(edgeCellCount-1)]
			for step := first; step > 0; step >>= 1 {
				beyond := 0 // without a branch: there is no telling
				if x >= limits[i+step-1] {
					beyond = 1
				}
				i += step & -beyond
			}
			tally[i]++
		default:
			c.outside(x)
		}
	}
}

func (c *EdgeCounter) addByBits(values []float64) {
	low, high, lowBits, shift, starts := c.cells.low, c.cells.high, c.cells.lowBits, c.cells.shift, &c.cells.starts
	first, limits, tally := c.cells.step, c.limits, c.tally
	for _, x := range values {
		switch {
		case x >= low && x < high:
			i := starts[(orderedBits(x)-lowBits)>>(shift&63)&(edgeCellCount-1)]
			for step := first; step > 0; step >>= 1 {
				beyond := 0 // without a branch: there is no telling
				if x >= limits[i+step-1] {
					beyond = 1
				}
				i += step & -beyond
			}
			tally[i]++
		default:
			c.outside(x)
		}
	}
}

func (c *EdgeCounter) outside(x float64) {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		c.Other++
	case x < c.cells.low:
		c.Below++
	default:
		c.Above++
	}
}

// edgeCellCount cells lie over the edges, many more than there are edges, so that most hold none or one.
const edgeCellCount = 4096

// edgeCells finds by arithmetic the first limit that may lie above a value: cells of equal width, or, for what spans many
// magnitudes, cells of equal numbers of floating-point numbers. Either map never falls while values rise.
type edgeCells struct {
	linear    bool
	low, high float64 // of the limits
	scale     float64 // cells of equal width
	lowBits   uint64  // cells of equal numbers of numbers
	shift     uint
	starts    [edgeCellCount]int // by cell: the number of limits in the cells before
	step      int                // the first of the search within a cell: half as many as the fullest cell holds
}

// newLinearCells is not ok where the width of the edges, or of a cell, is no positive finite number.
func newLinearCells(limits []float64) (cells edgeCells, ok bool) {
	cells = edgeCells{linear: true, low: limits[0], high: limits[len(limits)-1]}
	cells.scale = (edgeCellCount - 1) / (cells.high - cells.low)
	if cells.scale == 0 || math.IsInf(cells.scale, 0) {
		return cells, false
	}
	cells.fill(limits, func(x float64) int {
		return int((x - cells.low) * cells.scale)
	})
	return cells, true
}

func newBitCells(limits []float64) edgeCells {
	cells := edgeCells{low: limits[0], high: limits[len(limits)-1], lowBits: orderedBits(limits[0])}
	width := orderedBits(cells.high) - cells.lowBits
	for width>>cells.shift >= edgeCellCount {
		cells.shift++
	}
	cells.fill(limits, func(x float64) int { return int((orderedBits(x) - cells.lowBits) >> cells.shift) })
	return cells
}

func (c *edgeCells) fill(limits []float64, cell func(float64) int) {
	fullest := 0
	for i := range c.starts {
		c.starts[i] = sort.Search(len(limits), func(k int) bool { return cell(limits[k]) >= i })
		if i > 0 {
			fullest = max(fullest, c.starts[i]-c.starts[i-1])
		}
	}
	fullest = max(fullest, len(limits)-c.starts[edgeCellCount-1])
	c.step = 1 << bits.Len(uint(fullest)) >> 1 //nolint:gosec // a count
}

// orderedBits are the bits of a number as an integer that orders as numbers do.
func orderedBits(x float64) uint64 {
	raw := math.Float64bits(x + 0)                // one zero
	return raw ^ (uint64(int64(raw)>>63) | 1<<63) //nolint:gosec // its bits are all that matters
}
