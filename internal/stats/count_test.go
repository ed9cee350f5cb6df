package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// finite draws numbers of all magnitudes, with repeats.
func finiteNumbers() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64),
		rapid.Float64Range(-3, 3),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 2, 5e-324, -5e-324, math.MaxFloat64, -math.MaxFloat64}),
	)
}

func TestEdgeCounterCountsAsCountSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reference := rapid.SliceOfN(finiteNumbers(), 1, 600).Draw(t, "reference")
		slices.Sort(reference)
		edges := stats.QuantileEdges(reference, stats.MaximumEdges)
		values := append(rapid.SliceOfN(finiteNumbers(), 0, 300).Draw(t, "values"), edges...)
		for _, edge := range edges {
			values = append(values, math.Nextafter(edge, math.Inf(1)), math.Nextafter(edge, math.Inf(-1)))
		}
		values = slices.DeleteFunc(values, func(x float64) bool { return math.IsInf(x, 0) })
		counter := stats.NewEdgeCounter(edges)
		counter.Add(values[:len(values)/2])
		counter.Add(append([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}, values[len(values)/2:]...))
		slices.Sort(values)
		counts, below, above := stats.CountSorted(values, edges)
		if !slices.Equal(counter.Counts, counts) || counter.Below != below || counter.Above != above || counter.Other != 3 {
			t.Fatalf("edges %v\ngot  %v below %d above %d other %d\nwant %v below %d above %d",
				edges, counter.Counts, counter.Below, counter.Above, counter.Other, counts, below, above)
		}
	})
}

// columnLaws are columns as they occur, by name.
var columnLaws = map[string]func(*rand.Rand) float64{
	"normal":    (*rand.Rand).NormFloat64,
	"uniform":   (*rand.Rand).Float64,
	"lognormal": func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) },
	"prices":    func(r *rand.Rand) float64 { return math.Round(math.Exp(3+r.NormFloat64())*100) / 100 },
	"heavy":     func(r *rand.Rand) float64 { return r.NormFloat64() / math.Abs(r.NormFloat64()) },
}

func drawColumn(law string, seed uint64, n int) []float64 {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // seeded on purpose
	values := make([]float64, n)
	for i := range values {
		values[i] = columnLaws[law](random)
	}
	return values
}

func BenchmarkEdgeCounter(b *testing.B) {
	for law := range columnLaws {
		b.Run(law, func(b *testing.B) {
			reference, current := drawColumn(law, 1, 100_000), drawColumn(law, 2, 1_000_000)
			slices.Sort(reference)
			counter := stats.NewEdgeCounter(stats.QuantileEdges(reference, stats.MaximumEdges))
			for b.Loop() {
				counter.Add(current)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(current)), "ns/value")
		})
	}
}

func ExampleEdgeCounter() {
	counter := stats.NewEdgeCounter([]float64{0, 10, 20})
	counter.Add([]float64{-1, 0, 9.99, 10, 20, 20.01, math.NaN()})
	fmt.Println(counter.Below, counter.Counts, counter.Above, counter.Other)
	// Output: 1 [2 2] 1 1
}
