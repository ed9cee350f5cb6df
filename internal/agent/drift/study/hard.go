package study

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Hard are laws at the ends of what a column can be: a few values, rare ones, tails without a mean, values that hardly differ,
// and categories with more levels than rows. Fifty features again.
func Hard() []Law {
	identity := func(z float64) float64 { return z }
	var laws []Law
	add := func(name string, law Law) {
		law.Name = fmt.Sprintf("%s_%d", name, len(laws)+1)
		laws = append(laws, law)
	}
	for _, share := range []float64{0.5, 0.1, 0.01, 0.003, 0.001} {
		add("flag", number("", above(share, func(float64) float64 { return 1 })))
		add("switch", levels("", []float64{1 - share, share}))
		add("spike", number("", above(share, identity)))
	}
	add("three", number("", func(z float64) float64 { return math.Max(-1, math.Min(1, math.Round(z/2))) }))
	for _, power := range []float64{2, 5} {
		add("pareto", number("", func(z float64) float64 { return math.Pow(normalShare(-z), -power) }))
	}
	add("exponential", number("", func(z float64) float64 { return math.Exp(5 * z) }))
	add("ninth", number("", func(z float64) float64 { return math.Pow(z, 9) }))
	for _, nulls := range []float64{0.01, 0.3, 0.6} {
		for _, law := range []Law{number("nulls", identity), levels("category_nulls", zipf(5000, 1)), number("constant_nulls", func(float64) float64 { return 3 })} {
			law.nulls = nulls
			add(law.Name, law)
		}
	}
	for _, power := range []float64{0, 1, 1.2, 1.5, 2, 3} {
		add("zipf", levels("", zipf(5000, power)))
	}
	for _, count := range []int{1, 300, 1000, 20000} {
		add("alike", levels("", zipf(count, 0)))
	}
	add("zipf", levels("", zipf(50000, 1)))
	for _, width := range []float64{1, 5, 20} {
		add("whole", number("", func(z float64) float64 { return math.Round(width * z) }))
	}
	for _, width := range []float64{1e-300, 1e300} {
		add("far", number("", func(z float64) float64 { return width * z }))
	}
	add("offset", number("", func(z float64) float64 { return 1e9 + z/1000 }))
	for len(laws) < 50 {
		add("normal", number("", identity))
	}
	return laws
}

// above is 0 but for the greatest so many of all.
func above(share float64, of func(z float64) float64) func(z float64) float64 {
	cut := normalQuantile(1 - share)
	return func(z float64) float64 {
		if z > cut {
			return of(z)
		}
		return 0
	}
}

// hardChanges leave the mean, or nearly all rows, as they were.
func hardChanges() []change {
	normal := Listed()[0]
	reshaped := func(of func(*rand.Rand, float64) float64) func(*rand.Rand, Law, int) stats.Input {
		return func(random *rand.Rand, law Law, rows int) stats.Input {
			column := law.draw(random, rows, 0)
			for i, z := range column.Numbers {
				column.Numbers[i] = of(random, z)
			}
			return column
		}
	}
	return []change{
		{"spread times 1.25", 1000, normal, scaled(1.25)},
		{"spread times 0.67", 500, normal, scaled(0.67)},
		{"normal becomes uniform of the same spread", 1000, normal, reshaped(func(_ *rand.Rand, z float64) float64 { return (normalShare(z) - 0.5) * math.Sqrt(12) })},
		{"normal becomes Student's t with 3 degrees of the same spread", 1000, normal, reshaped(func(_ *rand.Rand, z float64) float64 { return student3()(z) / math.Sqrt(3) })},
		{"2 % of rows lie beyond the reference", 1000, normal, reshaped(func(random *rand.Rand, z float64) float64 {
			if random.Float64() < 0.02 {
				return 100
			}
			return z
		})},
		{"a flag from 0.2 % to 2 %", 1000, levels("flag", []float64{0.998, 0.002}), becomes(0.018, "level 2")},
		{"the rarest of 5,000 levels to 2 %", 1000, levels("levels", zipf(5000, 1)), becomes(0.02, "level 5000")},
	}
}
