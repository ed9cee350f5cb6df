package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// The weights that made the classes come back, and a constant feature harms nothing.
func TestLogistic(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	want := []float64{1.5, -0.8, 0, -0.3}
	var rows [][]float64
	var positive []bool
	for range 20000 {
		row := []float64{random.NormFloat64(), random.NormFloat64(), 0}
		rows = append(rows, row)
		positive = append(positive, random.Float64() < 1/(1+math.Exp(-stats.LogisticScore(want, row))))
	}
	for i, got := range stats.Logistic(rows, positive, 1) {
		if math.Abs(got-want[i]) > 0.08 {
			t.Errorf("weight %d is %v, want %v", i, got, want[i])
		}
	}
	for _, got := range stats.Logistic(rows[:50], make([]bool, 50), 1) {
		if math.IsNaN(got) || math.IsInf(got, 0) {
			t.Errorf("a class that is empty gives the weight %v", got)
		}
	}
}
