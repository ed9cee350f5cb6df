package dataset

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// division is which rows went where, and by which rule, for people.
type division struct {
	training []int
	holdout  []int
	rule     string
}

// splitByTime keeps the last percent of rows by timestamp from training, each part in order of time. Rows without a
// timestamp come first; rows of one timestamp keep their order.
//
// Rows of one timestamp stay on one side: the cut moves to the nearest change of timestamp, as long as the holdout stays
// between half and twice of what was asked for. Where timestamps are coarser than that, the cut goes through them.
func splitByTime(name string, times []time.Time, null []bool, percent int64) (division, error) {
	if len(times) < 2 {
		return division{}, tooFewRows(len(times))
	}
	order := make([]int, len(times))
	for i := range order {
		order[i] = i
	}
	compare := func(a, b int) int {
		switch {
		case null[a] && null[b]:
			return 0
		case null[a]:
			return -1
		case null[b]:
			return 1
		default:
			return times[a].Compare(times[b])
		}
	}
	slices.SortStableFunc(order, compare)
	same := func(i, j int) bool { return compare(order[i], order[j]) == 0 }
	cut, together := cutBetweenGroups(len(order), len(order)-holdoutRows(len(order), percent), same)
	rule := fmt.Sprintf("last %d%% by %s, rows of one timestamp together", percent, name)
	if !together {
		rule = fmt.Sprintf("last %d%% by %s, rows of one timestamp on both sides", percent, name)
	}
	return division{training: order[:cut], holdout: order[cut:], rule: rule}, nil
}

// holdoutRows is the exact share, at least one row and not all.
func holdoutRows(count int, percent int64) int {
	return min(max(int(int64(count)*percent/100), 1), count-1)
}

// cutBetweenGroups moves a cut to the nearest end of the group of equal rows that it goes through, the earlier one of two;
// together is false where neither end leaves a holdout of reasonable size.
func cutBetweenGroups(count, cut int, same func(i, j int) bool) (moved int, together bool) {
	if !same(cut-1, cut) {
		return cut, true
	}
	earlier := sort.Search(cut, func(i int) bool { return same(i, cut) })
	later := cut + sort.Search(count-cut, func(i int) bool { return !same(cut+i, cut) })
	wanted := count - cut
	reasonable := func(at int) bool { return at > 0 && at < count && 2*(count-at) >= wanted && count-at <= 2*wanted }
	switch {
	case reasonable(earlier) && (cut-earlier <= later-cut || !reasonable(later)):
		return earlier, true
	case reasonable(later):
		return later, true
	default:
		return cut, false
	}
}

// splitByHash keeps about percent of the keys from training: those whose hash is low, so that a key is on the same side in
// every version. Rows of one key stay together. Each side gets at least one key; rows keep their order.
func splitByHash(name string, keys []Hash, percent int64) (division, error) {
	if len(keys) < 2 {
		return division{}, tooFewRows(len(keys))
	}
	value := func(key Hash) uint64 { return binary.BigEndian.Uint64(key[:8]) }
	lowest, highest := keys[0], keys[0]
	for _, key := range keys {
		if value(key) < value(lowest) {
			lowest = key
		}
		if value(key) > value(highest) {
			highest = key
		}
	}
	if lowest == highest {
		return division{}, fmt.Errorf("%w: holdout_percent: every row has the same %s, so nothing can be kept from training; publish more data", mlops.ErrInvalid, name)
	}
	limit := uint64(float64(percent) / 100 * math.MaxUint64)
	// In small versions one side may get no key at all: then the nearest one moves.
	limit = min(max(limit, value(lowest)+1), value(highest))
	split := division{rule: fmt.Sprintf("%d%% by hash of %s", percent, name)}
	for row, key := range keys {
		if value(key) < limit {
			split.holdout = append(split.holdout, row)
		} else {
			split.training = append(split.training, row)
		}
	}
	return split, nil
}

func tooFewRows(count int) error {
	return fmt.Errorf("%w: holdout_percent: %d row cannot be split into training and holdout; publish at least 2", mlops.ErrInvalid, count)
}
