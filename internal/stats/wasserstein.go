package stats

import (
	"math"
	"slices"
	"sort"
)

// Wasserstein is the first Wasserstein distance of two sorted samples: the integral of |F - G| over the pooled values. Empty
// samples give NaN. An infinite value on one side makes it infinite, on both sides NaN.
func Wasserstein(reference, current []float64) float64 {
	if len(reference) == 0 || len(current) == 0 {
		return math.NaN()
	}
	n, m := float64(len(reference)), float64(len(current))
	var total float64
	i, j := 0, 0
	last := math.Min(reference[0], current[0])
	for i < len(reference) || j < len(current) {
		var x float64
		switch {
		case i == len(reference):
			x = current[j]
		case j == len(current):
			x = reference[i]
		default:
			x = math.Min(reference[i], current[j])
		}
		if x != last {
			total += math.Abs(float64(i)/n-float64(j)/m) * (x - last)
			last = x
		}
		for i < len(reference) && reference[i] == x {
			i++
		}
		for j < len(current) && current[j] == x {
			j++
		}
		if i < len(reference) && math.IsNaN(reference[i]) || j < len(current) && math.IsNaN(current[j]) {
			return math.NaN()
		}
	}
	if math.IsInf(last, 1) && math.IsInf(reference[len(reference)-1], 1) && math.IsInf(current[len(current)-1], 1) {
		return math.NaN()
	}
	return total
}

// Weighted is a value and its weight.
type Weighted struct{ Value, Weight float64 }

// WassersteinWeighted is Wasserstein of samples with weights of at least zero, which are normalised by side.
func WassersteinWeighted(reference, current []Weighted) float64 {
	reference, referenceTotal := byValue(reference)
	current, currentTotal := byValue(current)
	points := make([]float64, 0, len(reference)+len(current))
	for _, w := range append(slices.Clone(reference), current...) {
		points = append(points, w.Value)
	}
	slices.Sort(points)
	share := func(side []Weighted, total, x float64) float64 {
		var below float64
		for _, w := range side[:sort.Search(len(side), func(i int) bool { return side[i].Value > x })] {
			below += w.Weight
		}
		return below / total
	}
	var total float64
	for i := 1; i < len(points); i++ {
		if width := points[i] - points[i-1]; width > 0 {
			total += math.Abs(share(reference, referenceTotal, points[i-1])-share(current, currentTotal, points[i-1])) * width
		}
	}
	return total
}

// byValue sorts by value and leaves out what has no weight.
func byValue(side []Weighted) (kept []Weighted, total float64) {
	for _, w := range side {
		if w.Weight > 0 {
			kept = append(kept, w)
			total += w.Weight
		}
	}
	slices.SortFunc(kept, func(a, b Weighted) int {
		if a.Value < b.Value {
			return -1
		}
		return 1
	})
	return kept, total
}
