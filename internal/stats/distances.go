package stats

import "math"

// Distances are the two-sided KSDistance and the Wasserstein distance of two samples of finite numbers that are sorted and not
// empty, in one pass and to the same bits.
func Distances(reference, current []float64) (ks, wasserstein float64) {
	n, m := float64(len(reference)), float64(len(current))
	i, j := 0, 0
	last := math.Min(reference[0], current[0])
	for i < len(reference) && j < len(current) {
		a, b := reference[i], current[j]
		// Which side comes next is a toss of a coin, so there is no branch on it.
		ofReference, ofCurrent := 0, 0
		if a <= b {
			ofReference = 1
		}
		if b <= a {
			ofCurrent = 1
		}
		mask := -uint64(ofReference)
		x := math.Float64frombits(math.Float64bits(a)&mask | math.Float64bits(b)&^mask)
		if x != last {
			difference := math.Abs(float64(i)/n - float64(j)/m)
			wasserstein += difference * (x - last)
			if difference > ks {
				ks = difference
			}
			last = x
		}
		i += ofReference
		j += ofCurrent
	}
	rest, at, of, other := reference, i, n, float64(j)/m
	if i == len(reference) {
		rest, at, of, other = current, j, m, float64(i)/n
	}
	for ; at < len(rest); at++ {
		if x := rest[at]; x != last {
			difference := math.Abs(float64(at)/of - other)
			wasserstein += difference * (x - last)
			if difference > ks {
				ks = difference
			}
			last = x
		}
	}
	return ks, wasserstein
}
