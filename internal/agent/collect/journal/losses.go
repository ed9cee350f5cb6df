package journal

import (
	"cmp"
	"slices"
)

// Reason is why an entry is missing.
type Reason string

// The reasons.
const (
	ReasonFull   Reason = "log_full"    // the log was full and its policy is to go on
	ReasonWrite  Reason = "log_write"   // the disk did not take it
	ReasonDamage Reason = "log_corrupt" // it was written and cannot be read back
)

// Reasons lists every reason once.
var Reasons = []Reason{ReasonFull, ReasonWrite, ReasonDamage}

// Gap is numbers that were given, and whose entries are lost, all of them.
type Gap struct {
	First  int64  `json:"first"`
	Last   int64  `json:"last"`
	Reason Reason `json:"reason"`
}

// Count is how many entries are lost.
func (g Gap) Count() int64 { return g.Last - g.First + 1 }

// gaps is a list in order of number without overlaps.
type gaps []Gap

// add takes those numbers in that are not there yet, and says how many they are.
func (g gaps) add(first, last int64, reason Reason) (gaps, int64) {
	added := int64(0)
	for _, piece := range subtract(first, last, g) {
		g = append(g, Gap{First: piece[0], Last: piece[1], Reason: reason})
		added += piece[1] - piece[0] + 1
	}
	slices.SortFunc(g, func(a, b Gap) int { return cmp.Compare(a.First, b.First) })
	merged := g[:0]
	for _, gap := range g {
		if end := len(merged) - 1; end >= 0 && merged[end].Reason == gap.Reason && merged[end].Last+1 == gap.First {
			merged[end].Last = gap.Last
			continue
		}
		merged = append(merged, gap)
	}
	return merged, added
}

// subtract is what of first to last lies in no gap.
func subtract(first, last int64, known gaps) (left [][2]int64) {
	for _, gap := range known {
		if gap.Last < first || gap.First > last {
			continue
		}
		if gap.First > first {
			left = append(left, [2]int64{first, gap.First - 1})
		}
		first = gap.Last + 1
	}
	if first <= last {
		left = append(left, [2]int64{first, last})
	}
	return left
}

// total counts them all.
func (g gaps) total() int64 {
	sum := int64(0)
	for _, gap := range g {
		sum += gap.Count()
	}
	return sum
}
