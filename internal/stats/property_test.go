package stats_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// drawCounts draws counts by bin of both sides.
func drawCounts(t *rapid.T) (p, q []int64) {
	bins := rapid.IntRange(1, 12).Draw(t, "bins")
	side := rapid.SliceOfN(rapid.Int64Range(0, 50), bins, bins)
	return side.Draw(t, "reference"), side.Draw(t, "current")
}

func TestDivergencesAreWhatTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawCounts(t)
		p, q := stats.Smooth(a, 0.5), stats.Smooth(b, 0.5)
		for name, f := range map[string]func(p, q []float64) float64{
			"psi": stats.PSI, "hellinger": stats.Hellinger, "l_infinity": stats.LInfinity,
			"jensen_shannon": func(p, q []float64) float64 { return stats.JensenShannon(p, q, 2) },
		} {
			there, back := f(p, q), f(q, p)
			if there < 0 || math.Abs(there-back) > 1e-12 {
				t.Errorf("%s: %v and back %v, want equal numbers of at least 0", name, there, back)
			}
			if self := f(p, p); self > 1e-7 {
				t.Errorf("%s of a distribution with itself: %v, want 0", name, self)
			}
			if name != "psi" && there > 1+1e-12 {
				t.Errorf("%s: %v, want at most 1", name, there)
			}
		}
		if kl := stats.KullbackLeibler(p, q); kl < -1e-12 {
			t.Errorf("kl %v, want at least 0", kl)
		}
	})
}

func TestBenjaminiHochbergKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 30).Draw(t, "p")
		corrected := stats.BenjaminiHochberg(p)
		for i := range p {
			if corrected[i] < p[i] || corrected[i] > 1 || corrected[i] > p[i]*float64(len(p)) {
				t.Errorf("p %v became %v, want between itself and %d times itself", p[i], corrected[i], len(p))
			}
			for j := range p {
				if p[i] <= p[j] && corrected[i] > corrected[j] {
					t.Errorf("%v <= %v became %v > %v", p[i], p[j], corrected[i], corrected[j])
				}
			}
		}
	})
}

// The distances of two samples do not depend on which comes first, and none moves under a common shift.
func TestSampleDistances(t *testing.T) {
	sample := rapid.SliceOfN(rapid.Float64Range(-5, 5), 1, 40)
	rapid.Check(t, func(t *rapid.T) {
		a, b := ascending(sample.Draw(t, "a")), ascending(sample.Draw(t, "b"))
		there, back := stats.KolmogorovSmirnov(a, b, stats.TwoSided), stats.KolmogorovSmirnov(b, a, stats.TwoSided)
		if math.Abs(there.Value-back.Value) > 1e-12 || math.Abs(there.PValue-back.PValue) > 1e-9 {
			t.Errorf("ks %+v, the other way %+v", there, back)
		}
		if there.PValue < 0 || there.PValue > 1 {
			t.Errorf("p %v, want between 0 and 1", there.PValue)
		}
		if d, e := stats.Wasserstein(a, b), stats.Wasserstein(b, a); math.Abs(d-e) > 1e-9 || d < 0 {
			t.Errorf("wasserstein %v, the other way %v", d, e)
		}
		meanA, _ := stats.MeanAndDeviation(a)
		meanB, _ := stats.MeanAndDeviation(b)
		if d := stats.Wasserstein(a, b); d < math.Abs(meanA-meanB)-1e-9 {
			t.Errorf("wasserstein %v is below the difference of the means %v", d, meanA-meanB)
		}
		if shift := stats.RankShift(a, a, float64(len(a)), float64(len(a))); math.Abs(shift.Value-0.5) > 1e-12 {
			t.Errorf("rank shift of a sample against itself %v, want 0.5", shift.Value)
		}
	})
}

// The exact p-value is the share of orders of the pooled values that give at least this distance.
func TestExactKolmogorovSmirnovCountsOrders(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for m := 1; m <= 6; m++ {
			distances := allDistances(n, m)
			for _, d := range distances {
				at := 0
				for _, other := range distances {
					if other.distance >= d.distance-1e-9 {
						at++
					}
				}
				want := float64(at) / float64(len(distances))
				if got := stats.KolmogorovSmirnov(d.a, d.b, stats.TwoSided).PValue; math.Abs(got-want) > 1e-12 {
					t.Fatalf("n %d, m %d, distance %v: p %v, want %v", n, m, d.distance, got, want)
				}
			}
		}
	}
}

type order struct {
	a, b     []float64
	distance float64
}

// allDistances are the distances of all ways to deal n + m places to two samples.
func allDistances(n, m int) []order {
	var orders []order
	for bits := range 1 << (n + m) {
		var o order
		for place := range n + m {
			if bits>>place&1 == 1 {
				o.a = append(o.a, float64(place))
			} else {
				o.b = append(o.b, float64(place))
			}
		}
		if len(o.a) == n {
			o.distance = stats.KSDistance(o.a, o.b, stats.TwoSided)
			orders = append(orders, o)
		}
	}
	return orders
}

// A window counted in a frozen profile loses no row, whatever its values.
func TestBinsLoseNoRow(t *testing.T) {
	values := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-3, 3), rapid.SampledFrom([]float64{0, 0, 1})), 1, 200)
	rapid.Check(t, func(t *rapid.T) {
		reference := stats.NewColumnProfile(stats.Input{Name: "x", Type: mlops.TypeNumber, Numbers: values.Draw(t, "reference")})
		current := ascending(values.Draw(t, "current"))
		bins := stats.QuantileBins(reference, current, 3)
		before, now := bins.All()
		if got := total(now); got != int64(len(current))+3 {
			t.Errorf("%d rows of %d are counted", got, len(current)+3)
		}
		if got := total(before); got != reference.Rows {
			t.Errorf("%d rows of the reference's %d are counted", got, reference.Rows)
		}
		if psi := bins.PSI(); psi < 0 || math.IsNaN(psi) || math.IsInf(psi, 0) {
			t.Errorf("psi %v, want a finite number of at least 0", psi)
		}
		if !slices.IsSorted(reference.Number.Edges) {
			t.Errorf("edges %v do not rise", reference.Number.Edges)
		}
	})
}

func total(counts []int64) (sum int64) {
	for _, count := range counts {
		sum += count
	}
	return sum
}
