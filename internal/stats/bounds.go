package stats

import (
	"math"
	"sort"
)

// Bounds are the least and the most that a number can be, where only counts between edges are known of a sample.
type Bounds struct{ Least, Most float64 }

// stretch is the values between two neighbouring edges, without either: the shares of reference and window up to its lower edge,
// that edge included, and up to its upper edge, that edge left out. The first one reaches from minus infinity, the last one to
// infinity. At is the share of the window that equals the lower edge, and referenceAt the same of the reference.
type stretch struct {
	reference, referenceEnd, current, currentEnd float64
	referenceAt, at                              float64
}

// stretches cut the line at the edges of the reference. The upper edge of the last bin belongs to the bin.
func (t NumberTally) stretches(reference NumberProfile) []stretch {
	sample, edges := reference.Sample, reference.Edges
	n := float64(len(sample))
	m := float64(sum(t.Counts) + t.Below + t.Above)
	below := func(x float64) float64 { return float64(sort.SearchFloat64s(sample, x)) / n }
	all := make([]stretch, 0, len(edges)+1)
	count := t.Below
	all = append(all, stretch{referenceEnd: below(edges[0]), currentEnd: float64(count) / m})
	for i, inside := range t.Counts {
		upTo := below(math.Nextafter(edges[i], math.Inf(1)))
		next := stretch{
			reference: upTo, referenceAt: upTo - all[len(all)-1].referenceEnd,
			current: float64(count+t.On[i]) / m, at: float64(t.On[i]) / m,
		}
		count += inside
		next.currentEnd = float64(count) / m
		next.referenceEnd = below(edges[i+1])
		if i == len(t.Counts)-1 {
			next.referenceEnd = below(math.Nextafter(edges[i+1], math.Inf(1)))
		}
		all = append(all, next)
	}
	last := all[len(all)-1]
	return append(all, stretch{reference: last.referenceEnd, referenceEnd: 1, current: last.currentEnd, currentEnd: 1})
}

// KSBounds are those of the Kolmogorov-Smirnov distance between the order statistics of a reference and a window with at least
// one value: the least is the largest difference at an edge, and between two edges it is no larger than what either side can
// gain on the other there.
func (t NumberTally) KSBounds(reference NumberProfile) Bounds {
	var bounds Bounds
	for _, s := range t.stretches(reference) {
		for _, difference := range []float64{s.reference - s.current, s.referenceEnd - s.currentEnd} {
			bounds.Least = math.Max(bounds.Least, math.Abs(difference))
		}
		bounds.Most = math.Max(bounds.Most, math.Max(s.referenceEnd-s.current, s.currentEnd-s.reference))
	}
	bounds.Most = math.Max(bounds.Most, bounds.Least)
	return bounds
}

// RankBounds are those of RankShift for n reference and m current values. Order is not known only of pairs between the same two
// edges.
func (t NumberTally) RankBounds(reference NumberProfile, n, m float64) (probability, pValue Bounds) {
	var middle, unknown, least, most float64
	for _, s := range t.stretches(reference) {
		before, now := math.Max(0, s.referenceEnd-s.reference), math.Max(0, s.currentEnd-s.current)
		middle += s.at*(s.reference-s.referenceAt/2) + now*(s.reference+before/2)
		unknown += now * before / 2
		ties := 0.0
		if s.at > 0 {
			ties = cube((s.at*m + s.referenceAt*n) / (n + m))
		}
		least += ties
		most += ties + cube((now*m+before*n)/(n+m))
	}
	score := func(distance, ties float64) float64 {
		return distance / math.Sqrt((1/n+1/m)/12*math.Max(1-ties, 1e-12))
	}
	near := math.Max(0, math.Abs(middle-0.5)-unknown)
	far := math.Abs(middle-0.5) + unknown
	return Bounds{middle - unknown, middle + unknown},
		Bounds{math.Erfc(score(far, most) / math.Sqrt2), math.Erfc(score(near, least) / math.Sqrt2)}
}

// FarFrom is the least Kolmogorov-Smirnov distance that a window can have to sorted values, other than those of the reference in
// whose bins it was counted.
func (t NumberTally) FarFrom(reference NumberProfile, sorted []float64) float64 {
	n, m := float64(len(sorted)), float64(sum(t.Counts)+t.Below+t.Above)
	farthest := 0.0
	count := t.Below
	look := func(x float64, current int64) {
		share := float64(sort.SearchFloat64s(sorted, x)) / n
		farthest = math.Max(farthest, math.Abs(share-float64(current)/m))
	}
	for i, inside := range t.Counts {
		look(reference.Edges[i], count)
		look(math.Nextafter(reference.Edges[i], math.Inf(1)), count+t.On[i])
		count += inside
	}
	look(math.Nextafter(reference.Edges[len(t.Counts)], math.Inf(1)), count)
	look(t.Minimum, 0)
	look(math.Nextafter(t.Maximum, math.Inf(1)), sum(t.Counts)+t.Below+t.Above)
	return farthest
}

// Spread lays so many order statistics of the window where its counts say that they are: evenly between two edges, on the edge
// where they equal it, and on the one value of the reference in the bin where it has but one. It is for pictures and words; no
// verdict rests on it.
func (t NumberTally) Spread(reference NumberProfile, limit int) []float64 {
	total := sum(t.Counts) + t.Below + t.Above
	if total == 0 {
		return nil
	}
	limit = int(min(int64(limit), total))
	values := make([]float64, 0, limit)
	var passed int64
	lay := func(count int64, from, to float64) {
		for len(values) < limit {
			at := (float64(len(values))+0.5)*float64(total)/float64(limit) - float64(passed)
			if at >= float64(count) {
				break
			}
			values = append(values, between(from, to, at/float64(count)))
		}
		passed += count
	}
	edges := reference.Edges
	lay(t.Below, t.Minimum, edges[0])
	for i, inside := range t.Counts {
		low, high := edges[i], edges[i+1]
		lay(t.On[i], low, low)
		from, to := math.Max(low, t.Minimum), math.Min(high, t.Maximum)
		if first := sort.SearchFloat64s(reference.Sample, math.Nextafter(low, math.Inf(1))); first < len(reference.Sample) {
			last := sort.SearchFloat64s(reference.Sample, high) - 1
			if last >= first && reference.Sample[first] == reference.Sample[last] {
				from, to = reference.Sample[first], reference.Sample[first]
			}
		}
		lay(inside-t.On[i], from, to)
	}
	lay(t.Above, edges[len(edges)-1], t.Maximum)
	return values
}
