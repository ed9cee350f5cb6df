package drift

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// How narrow the interval of a factor must be before it has a unit's name. Distances between factors are of logarithms.
const (
	// scaleLevel is one less the confidence of an interval; both ways of measuring share it.
	scaleLevel = 0.01
	// scaleWidth is how far from a factor its interval may reach: half of the way from miles to the next round factors.
	// scaleWidthLarge is the same for factors of ten and more, which have no near neighbours.
	scaleWidth, scaleWidthLarge = 0.045, 0.25
	// scaleTolerance is by how much people round a factor: 1.6 kilometres to the mile, 2.2 pounds to the kilogram.
	scaleTolerance = 0.01
	// neighbourDistance is how far a neighbour must lie from the measured factor, in halves of the interval.
	neighbourDistance = 1.6
	// scaleSteps is how many factors are tried within the interval that ranks give.
	scaleSteps = 200
)

// neighbours are factors by which things really change: a price or a volume doubles, or grows by a half. Where the interval
// holds one, or nearly, nobody can say that it is a unit.
var neighbours = []float64{1.25, 1.4, 1.5, 1.7, 1.75, 1.8, 2, 2.5, 3, 4, 5}

// scaleShares are the shares of the reference at whose quantiles the window is compared. The outer ones measure what has an
// end, such as distances from 200 to 1,700, much better than the middle.
var scaleShares = []float64{0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88, 0.93, 0.96, 0.98}

// scale is the interval, with a confidence of 99 %, of the factor between the magnitudes of reference and window.
type scale struct{ low, high float64 }

// measureScale is the interval of factors at which neither ranks nor shares below quantiles tell the window from the
// reference times the factor. It rests on nothing but that one is the other times a factor.
func measureScale(sample, window []float64, n int64) scale {
	reference, current := magnitudes(sample), magnitudes(window)
	if len(reference) == 0 || len(current) == 0 {
		return scale{math.NaN(), math.NaN()}
	}
	stands := float64(n) * float64(len(reference)) / float64(len(sample))
	byRank := rankScale(reference, current, stands)
	step := math.Log(byRank.high/byRank.low) / scaleSteps
	both := scale{math.NaN(), math.NaN()}
	for i := range scaleSteps + 1 {
		factor := byRank.low * math.Exp(float64(i)*step)
		if !sharesAgree(reference, current, factor, stands) {
			continue
		}
		if math.IsNaN(both.low) {
			both.low = factor
		}
		both.high = factor
	}
	if math.IsNaN(both.low) { // values that repeat have no shares at their quantiles: ranks alone
		return byRank
	}
	return scale{both.low * math.Exp(-step), both.high * math.Exp(step)}
}

// rankScale is the interval of factors at which ranks of magnitudes do not tell the window from the reference times it.
func rankScale(reference, current []float64, stands float64) scale {
	score := normalQuantile(1 - scaleLevel/4)
	at := func(score float64) float64 {
		low, high := -30.0, 30.0
		for range 50 {
			middle := (low + high) / 2
			if z, _ := stats.RankScore(reference, current, math.Exp(middle), stands, float64(len(current))); z > score {
				low = middle
			} else {
				high = middle
			}
		}
		return math.Exp((low + high) / 2)
	}
	return scale{low: at(score), high: at(-score)}
}

func normalQuantile(share float64) float64 { return math.Sqrt2 * math.Erfinv(2*share-1) }

// sharesAgree says whether as much of the window lies below the reference's quantiles times a factor as of the reference.
func sharesAgree(reference, current []float64, factor, stands float64) bool {
	level := scaleLevel / 2 / float64(len(scaleShares))
	for _, share := range scaleShares {
		quantile := stats.Quantile(reference, share)
		before := float64(countBelow(reference, quantile)) / float64(len(reference)) * stands
		now := float64(countBelow(current, quantile*factor))
		if shareTest(before, stands, now, float64(len(current))) < level {
			return false
		}
	}
	return true
}

// rareRows is the number of rows below which a share is compared by an exact law: that of events, which claims no more than
// that of shares would.
const rareRows = 30

// shareTest is the two-sided p-value that b of n rows and c of m come from the same share.
func shareTest(b, n, c, m float64) float64 {
	share := (b + c) / (n + m)
	if share > 0.5 {
		b, c, share = n-b, m-c, 1-share
	}
	if share*m < rareRows {
		events := distuv.Binomial{N: math.Round(b) + c, P: m / (math.Round(n) + m)}
		return math.Min(1, 2*math.Min(events.Survival(c-1), events.CDF(c)))
	}
	z := (c/m - b/n) / math.Sqrt(share*(1-share)*(1/n+1/m))
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

// countBelow is how many sorted values are at most x.
func countBelow(sorted []float64, x float64) int {
	return sort.Search(len(sorted), func(i int) bool { return sorted[i] > x })
}

func magnitudes(values []float64) []float64 {
	var sizes []float64
	for _, value := range values {
		if value != 0 {
			sizes = append(sizes, math.Abs(value))
		}
	}
	slices.Sort(sizes)
	return sizes
}

// holds says whether the interval holds a factor, or one that people round it to.
func (s scale) holds(factor float64) bool {
	return s.low/(1+scaleTolerance) <= factor && factor <= s.high*(1+scaleTolerance)
}

// near says whether the factor is this one and no other: in the interval, which is narrow and holds no neighbour. declared
// says that the column names the unit that the factor starts from: then a neighbour that is nearly the factor itself, as 2.5
// is to 2.54, does not count.
func (s scale) near(factor float64, declared bool) bool {
	width := scaleWidth
	if math.Abs(math.Log(factor)) > math.Log(9) {
		width = scaleWidthLarge
	}
	reach := math.Max(math.Abs(math.Log(s.low/factor)), math.Abs(math.Log(s.high/factor)))
	if !s.holds(factor) || !(reach <= width+scaleTolerance) {
		return false
	}
	middle, half := math.Sqrt(s.low*s.high), math.Log(s.high/s.low)/2
	for _, neighbour := range neighbours {
		if factor < 1 {
			neighbour = 1 / neighbour
		}
		if declared && math.Abs(math.Log(neighbour/factor)) < scaleWidth {
			continue
		}
		if math.Abs(math.Log(middle/neighbour)) < neighbourDistance*half {
			return false
		}
	}
	return true
}

// explains says whether a factor alone turns the reference into the window: then nothing speaks for an offset.
func (s scale) explains(sample, window []float64, n int64) bool {
	return !math.IsNaN(s.low) && sharesAgree(sample, window, math.Sqrt(s.low*s.high), float64(n))
}
