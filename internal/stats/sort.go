package stats

import (
	"math"
	"slices"
	"sync"
)

// Digits of the radix sort: six of 11 bits cover 64, and their counters fit a processor's first cache.
const (
	digitBits   = 11
	digitValues = 1 << digitBits
	digits      = 6
	// leastRadix is how many numbers are worth the counters.
	leastRadix = 4096
)

// sortBuffer is memory of one sort at a time.
type sortBuffer struct {
	keys, moved []uint64
	counts      [digits][digitValues]int
}

var sortBuffers = sync.Pool{New: func() any { return new(sortBuffer) }}

// SortNumbers sorts numbers of which none is NaN, in place: about ten nanoseconds each, in whatever order they come.
func SortNumbers(values []float64) {
	if len(values) < leastRadix {
		slices.Sort(values)
		return
	}
	buffer, ok := sortBuffers.Get().(*sortBuffer)
	if !ok {
		buffer = new(sortBuffer) // the pool holds nothing else
	}
	defer sortBuffers.Put(buffer)
	buffer.sort(values)
}

func (b *sortBuffer) sort(values []float64) {
	b.keys = slices.Grow(b.keys[:0], len(values))[:len(values)]
	b.moved = slices.Grow(b.moved[:0], len(values))[:len(values)]
	clear(b.counts[:])
	for i, value := range values {
		key := orderedBits(value)
		b.keys[i] = key
		for digit := range b.counts {
			b.counts[digit][key>>(digit*digitBits)&(digitValues-1)]++
		}
	}
	for digit := range b.counts {
		counts, shift := &b.counts[digit], uint(digit*digitBits)
		if counts[b.keys[0]>>shift&(digitValues-1)] == len(values) { // they all have the same
			continue
		}
		start := 0
		for i, count := range counts {
			counts[i] = start
			start += count
		}
		for _, key := range b.keys {
			at := &counts[key>>(shift&63)&(digitValues-1)]
			b.moved[*at] = key
			*at++
		}
		b.keys, b.moved = b.moved, b.keys
	}
	for i, key := range b.keys {
		values[i] = fromOrderedBits(key)
	}
}

// fromOrderedBits is the number of orderedBits.
func fromOrderedBits(key uint64) float64 {
	return math.Float64frombits(key ^ (^uint64(int64(key)>>63) | 1<<63)) //nolint:gosec // its bits are all that matters
}
