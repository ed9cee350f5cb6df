package stats

import (
	"hash/maphash"
	"math"
	"slices"
	"time"
)

// Duplicates is how many rows repeat an earlier one in every column and in their time, where they have any.
func Duplicates(columns []Input, times []time.Time) int64 {
	rows := 0
	for _, column := range columns {
		rows = max(rows, column.Rows())
	}
	hashes := NewRowHashes(rows)
	for i, column := range columns {
		hashes.Add(i, column)
	}
	return hashes.Repeats(times)
}

// RowHashes finds rows that repeat an earlier one, from columns that come one at a time and in any order.
type RowHashes struct {
	seed   maphash.Seed
	hashes []uint64
}

// NewRowHashes is of rows without a cell yet.
func NewRowHashes(rows int) *RowHashes {
	return &RowHashes{seed: maphash.MakeSeed(), hashes: make([]uint64, rows)}
}

// Add adds the cells of a column, which its number tells from others.
func (h *RowHashes) Add(number int, column Input) {
	if column.Numbers == nil && column.Text == nil { // a timestamp: times say more
		return
	}
	place := mix(uint64(number)) //nolint:gosec // its bits are all that matters
	for row := range column.Rows() {
		cell := uint64(0x9e3779b97f4a7c15)
		switch {
		case column.IsNull(row):
		case column.Numbers != nil:
			cell = math.Float64bits(column.Numbers[row] + 0) // one zero
		default:
			cell = maphash.String(h.seed, column.Text[row])
		}
		h.hashes[row] += mix(place ^ cell)
	}
}

// Repeats is how many rows repeat an earlier one, also in their time where they have any; no column may be added after it.
func (h *RowHashes) Repeats(times []time.Time) int64 {
	for row := range min(len(times), len(h.hashes)) {
		h.hashes[row] = mix(h.hashes[row] ^ uint64(times[row].UnixNano())) //nolint:gosec // its bits are all that matters
	}
	slices.Sort(h.hashes)
	return int64(len(h.hashes) - len(slices.Compact(h.hashes)))
}

// mix spreads every bit over all (the finisher of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
