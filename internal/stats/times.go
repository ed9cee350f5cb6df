package stats

import (
	"math/bits"
	"slices"
	"time"
)

// TimeTally is what is remembered of the times of rows. Tallies of spans that do not overlap add up in the order of time.
type TimeTally struct {
	Rows        int64
	First, Last time.Time
	// GapFrom and GapTo bound the longest time without a row.
	GapFrom, GapTo time.Time
	// Gaps counts the times between neighbouring rows by the binary digits of their nanoseconds.
	Gaps [bits.UintSize + 1]int64
}

// CountTimes tallies times in any order.
func CountTimes(times []time.Time) TimeTally {
	tally := TimeTally{Rows: int64(len(times))}
	if len(times) == 0 {
		return tally
	}
	sorted := slices.SortedFunc(slices.Values(times), time.Time.Compare)
	tally.First, tally.Last = sorted[0], sorted[len(sorted)-1]
	for i := 1; i < len(sorted); i++ {
		tally.gap(sorted[i-1], sorted[i])
	}
	return tally
}

// Add adds the tally of a later span.
func (t *TimeTally) Add(later TimeTally) {
	if later.Rows == 0 {
		return
	}
	if t.Rows == 0 {
		*t = later
		return
	}
	if later.First.After(t.Last) {
		t.gap(t.Last, later.First)
	} else {
		t.Gaps[0]++
	}
	for i, count := range later.Gaps {
		t.Gaps[i] += count
	}
	if later.GapTo.Sub(later.GapFrom) > t.GapTo.Sub(t.GapFrom) {
		t.GapFrom, t.GapTo = later.GapFrom, later.GapTo
	}
	t.Rows += later.Rows
	if later.First.Before(t.First) {
		t.First = later.First
	}
	if later.Last.After(t.Last) {
		t.Last = later.Last
	}
}

func (t *TimeTally) gap(from, to time.Time) {
	length := to.Sub(from)
	t.Gaps[bits.Len64(uint64(max(length, 0)))]++ //nolint:gosec // not below zero
	if length > t.GapTo.Sub(t.GapFrom) {
		t.GapFrom, t.GapTo = from, to
	}
}

// UsualGap is a time, at most twice too long, that the given share of the gaps does not exceed.
func (t TimeTally) UsualGap(share float64) time.Duration {
	limit := share * float64(sum(t.Gaps[:]))
	var count int64
	for digits, gaps := range t.Gaps {
		if count += gaps; count > 0 && float64(count) >= limit {
			return time.Duration(uint64(1)<<min(digits, 62)) - 1 //nolint:gosec // at most 62 digits
		}
	}
	return 0
}
