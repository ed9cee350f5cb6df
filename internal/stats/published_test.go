package stats_test

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/vectors"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// SciPy's published values come out to nine digits, p-values of any size included.
func TestPublishedValues(t *testing.T) {
	all := loadVectors(t)
	for _, c := range all.Numeric {
		t.Run(c.Name, func(t *testing.T) {
			reference, current := ascending(c.Reference), ascending(c.Current)
			want := c.Expected["scipy/ks"]
			test := stats.KolmogorovSmirnov(reference, current, stats.TwoSided)
			want.CheckValue(t, test.Value)
			vectors.CheckP(t, "p", test.PValue, want.PValue)
			vectors.CheckP(t, "asymptotic p", stats.KSAsymptotic(test.Value, len(reference), len(current), stats.TwoSided), want.PValueAsymptotic)
			c.Expected["scipy/wasserstein"].CheckValue(t, stats.Wasserstein(reference, current))
		})
	}
	for _, c := range all.Small {
		t.Run(c.Name, func(t *testing.T) {
			switch c.Method {
			case "scipy/ks":
				alternative := stats.TwoSided
				if c.Alternative != "" {
					alternative = stats.Alternative(c.Alternative)
				}
				test := stats.KolmogorovSmirnov(ascending(c.Reference), ascending(c.Current), alternative)
				c.Expected.CheckValue(t, test.Value)
				vectors.CheckP(t, "p", test.PValue, c.Expected.PValue)
			case "scipy/wasserstein":
				if c.ReferenceWeights == nil {
					c.Expected.CheckValue(t, stats.Wasserstein(ascending(c.Reference), ascending(c.Current)))
				}
				c.Expected.CheckValue(t, stats.WassersteinWeighted(weighted(c.Reference, c.ReferenceWeights), weighted(c.Current, c.CurrentWeights)))
			case "scipy/jensen_shannon":
				base := math.E
				if c.LogBase == "2" {
					base = 2
				}
				c.Expected.CheckValue(t, stats.JensenShannon(c.P, c.Q, base))
			case "scipy/chi_square":
				var observed, wanted []float64
				for level, count := range c.ReferenceCounts {
					wanted = append(wanted, count)
					observed = append(observed, c.CurrentCounts[level])
				}
				test, err := stats.ChiSquareFit(observed, wanted)
				if err != nil {
					t.Fatal(err)
				}
				c.Expected.CheckValue(t, test.Value)
				vectors.CheckP(t, "p", test.PValue, c.Expected.PValue)
			case "scipy/chi2_contingency":
				test := stats.ChiSquareContingency(c.Table)
				c.Expected.CheckValue(t, test.Value)
				vectors.CheckP(t, "p", test.PValue, c.Expected.PValue)
			}
		})
	}
	for _, c := range all.Special {
		t.Run(c.Name, func(t *testing.T) {
			reference, current := parse(t, c.ReferenceText), parse(t, c.CurrentText)
			switch c.Method {
			case "scipy/wasserstein":
				c.Expected.CheckValue(t, stats.Wasserstein(ascending(reference), ascending(current)))
			case "scipy/chi_square":
				if _, err := stats.ChiSquareFit(current, reference); err == nil {
					t.Error("sums that differ are no error, want one")
				}
			}
		})
	}
}

func ascending(values []float64) []float64 {
	values = slices.Clone(values)
	slices.Sort(values)
	return values
}

func weighted(values, weights []float64) []stats.Weighted {
	pairs := make([]stats.Weighted, len(values))
	for i, value := range values {
		pairs[i] = stats.Weighted{Value: value, Weight: 1}
		if weights != nil {
			pairs[i].Weight = weights[i]
		}
	}
	return pairs
}

func parse(t *testing.T, texts []string) []float64 {
	t.Helper()
	values := make([]float64, len(texts))
	for i, text := range texts {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		values[i] = value
	}
	return values
}
