package stats_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

func TestSortNumbersSorts(t *testing.T) {
	for law := range columnLaws {
		values := drawColumn(law, 1, 20_000)
		values = append(values, 0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), 5e-324, -5e-324)
		want := slices.Sorted(slices.Values(values))
		stats.SortNumbers(values)
		if !slices.Equal(values, want) {
			t.Errorf("%s: not sorted", law)
		}
	}
	for name, value := range map[string]func(i int) float64{
		"many in a narrow range": func(i int) float64 { return 1e9 + float64(i*7919%20_000)*1e-7 },
		"falling by little":      func(i int) float64 { return 1 - float64(i)*0x1p-53 },
		"two ranges":             func(i int) float64 { return float64(i%2)*1e300 - float64(i)*0x1p-40 },
		"one out of place":       func(i int) float64 { return float64((i + 1) % 20_000) },
	} {
		values := make([]float64, 20_000)
		for i := range values {
			values[i] = value(i)
		}
		want := slices.Sorted(slices.Values(values))
		stats.SortNumbers(values)
		if !slices.Equal(values, want) {
			t.Errorf("%s: not sorted", name)
		}
	}
	same := make([]float64, 5000)
	stats.SortNumbers(same)
	if slices.Max(same) != 0 {
		t.Error("zeroes have changed")
	}
}

func TestDistancesAreThoseOfTheirOwnFunctions(t *testing.T) {
	side := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-5, 5), rapid.SampledFrom([]float64{-1, 0, 1, 2})), 1, 60)
	rapid.Check(t, func(t *rapid.T) {
		reference, current := side.Draw(t, "reference"), side.Draw(t, "current")
		slices.Sort(reference)
		slices.Sort(current)
		ks, wasserstein := stats.Distances(reference, current)
		if want := stats.KSDistance(reference, current, stats.TwoSided); ks != want {
			t.Errorf("KS %v, want %v", ks, want)
		}
		if want := stats.Wasserstein(reference, current); wasserstein != want {
			t.Errorf("Wasserstein %v, want %v", wasserstein, want)
		}
	})
}

// BenchmarkExactDistances is one column of exact KS and Wasserstein: the reference sorted beforehand, the window not.
func BenchmarkExactDistances(b *testing.B) {
	for law := range columnLaws {
		b.Run(law, func(b *testing.B) {
			reference, current := drawColumn(law, 1, 1_000_000), drawColumn(law, 2, 1_000_000)
			stats.SortNumbers(reference)
			window := make([]float64, len(current))
			for b.Loop() {
				copy(window, current)
				stats.SortNumbers(window)
				stats.Distances(reference, window)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(current)), "ns/value")
		})
	}
}
