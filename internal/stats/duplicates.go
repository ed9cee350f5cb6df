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
	if rows == 0 {
		return 0
	}
	seed := maphash.MakeSeed()
	hashes := make([]uint64, rows)
	for _, column := range columns {
		if column.Numbers == nil && column.Text == nil { // a timestamp: times say more
			continue
		}
		for row := range column.Rows() {
			cell := uint64(0x9e3779b97f4a7c15)
			switch {
			case column.IsNull(row):
			case column.Numbers != nil:
				cell = math.Float64bits(column.Numbers[row] + 0) // one zero
			default:
				cell = maphash.String(seed, column.Text[row])
			}
			hashes[row] = mix(hashes[row] ^ cell)
		}
	}
	for row := range times {
		if row < rows {
			hashes[row] = mix(hashes[row] ^ uint64(times[row].UnixNano())) //nolint:gosec // its bits are all that matters
		}
	}
	slices.Sort(hashes)
	return int64(rows - len(slices.Compact(hashes)))
}

// mix spreads every bit over all (the finisher of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
