package stats

import (
	"cmp"
	"math"
	"slices"
)

// BenjaminiHochberg are p-values corrected for their number: those at most q have a false discovery rate of at most q. The
// order is kept. NaN counts as no test and stays.
func BenjaminiHochberg(pValues []float64) []float64 {
	order := make([]int, 0, len(pValues))
	corrected := make([]float64, len(pValues))
	for i, p := range pValues {
		if math.IsNaN(p) {
			corrected[i] = p
			continue
		}
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(pValues[a], pValues[b]) })
	least := 1.0
	for rank := len(order); rank >= 1; rank-- {
		i := order[rank-1]
		least = math.Min(least, pValues[i]*(float64(len(order))/float64(rank)))
		corrected[i] = least
	}
	return corrected
}
