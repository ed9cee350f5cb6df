package drift_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// scaleLaws are columns of many shapes: with ends, with heavy tails, of both signs, with zeros.
var scaleLaws = map[string]func(*rand.Rand) float64{
	"uniform":        func(r *rand.Rand) float64 { return 200 + 1500*r.Float64() },
	"lognormal":      func(r *rand.Rand) float64 { return 700 * math.Exp(0.6*r.NormFloat64()) },
	"heavy":          func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) },
	"normal":         func(r *rand.Rand) float64 { return 75 + 12*r.NormFloat64() },
	"rounded":        func(r *rand.Rand) float64 { return math.Round(700 * math.Exp(0.6*r.NormFloat64())) },
	"both signs":     func(r *rand.Rand) float64 { return 12 + 8*r.NormFloat64() },
	"many zeros":     func(r *rand.Rand) float64 { return math.Max(0, r.NormFloat64()) * 100 },
	"whole and long": func(r *rand.Rand) float64 { return math.Floor(1000 * r.ExpFloat64()) },
}

// The ends of a column say more of a factor than its middle: 600 rows are enough where it has any.
func TestKilometresOfAnEvenColumn(t *testing.T) {
	for seed := range uint64(6) {
		c := unitCase{"distance", "", scaleLaws["uniform"], times(1.609344), nil}
		window := c.windowOf(t, 300+seed, 600)
		wantVerdict(t, drift.Judge(window), mlops.VerdictDataQuality, "1.609 times", "as kilometres are to miles")
	}
}

// Things that double, or grow by a half, are no unit, whatever their shape, their number and the name of the column.
func TestRoundFactorsAreNeverUnits(t *testing.T) {
	for name, law := range scaleLaws {
		for _, factor := range []float64{1.5, 1.7, 2, 3, 0.5, 1 / 1.7, 1.0 / 3} {
			t.Run(name+" x"+strconv.FormatFloat(factor, 'g', 3, 64), func(t *testing.T) {
				for seed, rows := range []int{300, 1000, 5000} {
					c := unitCase{"distance_miles", "", law, times(factor), nil}
					if report := drift.Judge(c.windowOf(t, 400+uint64(seed), rows)); report.Verdict == mlops.VerdictDataQuality {
						t.Errorf("%d rows: %s", rows, report.Summary)
					}
				}
			})
		}
	}
}

// Fahrenheit is told from a factor, and a warm week from Fahrenheit.
func TestFahrenheit(t *testing.T) {
	celsius := func(r *rand.Rand) float64 { return 12 + 8*r.NormFloat64() }
	for name, c := range map[string]struct {
		send func(float64) float64
		want mlops.Verdict
	}{
		"Fahrenheit": {func(x float64) float64 { return 1.8*x + 32 }, mlops.VerdictDataQuality},
		"rounded":    {func(x float64) float64 { return math.Round(1.8*x + 32) }, mlops.VerdictDataQuality},
		"a warm day": {func(x float64) float64 { return 0.4*x + 25 }, mlops.VerdictCovariate},
		"a factor":   {func(x float64) float64 { return 1.8 * x }, mlops.VerdictCovariate},
	} {
		for seed := range uint64(3) {
			window := unitCase{"temperature", "°C", celsius, c.send, nil}.windowOf(t, 500+seed, 500)
			t.Run(name, func(t *testing.T) { wantVerdict(t, drift.Judge(window), c.want) })
		}
	}
}
