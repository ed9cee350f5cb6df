package stats_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Independent rows count one by one; of rows that follow the one before (correlation 0.8) nine count as one.
func TestDependence(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	independent, following := stats.Input{Type: mlops.TypeNumber}, stats.Input{Type: mlops.TypeNumber}
	text, sticky := stats.Input{Type: mlops.TypeCategory}, stats.Input{Type: mlops.TypeCategory}
	course := stats.Input{Type: mlops.TypeNumber}
	x, level := 0.0, "0"
	for i := range 20000 {
		course.Numbers = append(course.Numbers, 2*math.Sin(float64(i)/20000*2*math.Pi)+random.NormFloat64())
		x = 0.8*x + 0.6*random.NormFloat64()
		if random.Float64() < 0.2 {
			level = strconv.Itoa(random.IntN(4))
		}
		independent.Numbers = append(independent.Numbers, random.NormFloat64())
		following.Numbers = append(following.Numbers, x)
		text.Text = append(text.Text, strconv.Itoa(random.IntN(4)))
		sticky.Text = append(sticky.Text, level)
	}
	for name, c := range map[string]struct {
		column    stats.Input
		low, high float64
	}{
		"independent": {independent, 1, 1.05}, "following": {following, 7, 10.5}, "levels": {text, 1, 1.05}, "sticky levels": {sticky, 7, 10.5},
		"independent around the course of a day": {course, 1, 1.2},
		"constant":                               {stats.Input{Type: mlops.TypeNumber, Numbers: make([]float64, 100)}, 1, 1},
		"empty":                                  {stats.Input{Type: mlops.TypeNumber, Numbers: []float64{}}, 1, 1},
		"one":                                    {stats.Input{Type: mlops.TypeCategory, Text: []string{"a"}}, 1, 1},
	} {
		if got := stats.Dependence(c.column); got < c.low || got > c.high {
			t.Errorf("%s: %v, want %v to %v", name, got, c.low, c.high)
		}
	}
}
