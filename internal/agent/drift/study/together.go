package study

import (
	"math"
	"math/rand/v2"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Of the first two of the features that are looked at together, the normal numbers behind them correlate by pairCorrelation;
// all others by otherCorrelation.
const (
	pairCorrelation  = 0.6
	otherCorrelation = 0.3
)

// together counts what looking at all features at once adds: alarms where nothing has changed, and changes of how two features
// hang together that are missed, though each of them stays as it was.
func together() Experiment {
	const rows = 1000
	laws := Listed()[:10]
	others := hangingTogether(otherCorrelation)
	draw := func(random *rand.Rand, rows int, correlation float64) []stats.Input {
		columns := others(random, laws, rows)
		first, second := make([]float64, rows), make([]float64, rows)
		for i := range first {
			first[i] = random.NormFloat64()
			second[i] = correlation*first[i] + math.Sqrt(1-correlation*correlation)*random.NormFloat64()
		}
		columns[0], columns[1] = laws[0].of(random, first), laws[1].of(random, second)
		return columns
	}
	size := thousands(rows)
	experiment := Experiment{Name: "together", Rows: []Row{
		{"10 features looked at together, no drift, n = " + size, "looks with an alarm", 0.05},
		{"the correlation of two of 10 features falls from 0.6 to 0, each as before, n = " + size, "changes missed", 0.1},
		{"the correlation of two of 10 features turns from 0.6 to -0.6, each as before, n = " + size, "changes missed", 0.1},
	}}
	experiment.Trial = func(random *rand.Rand) (counts []Count, notes []string) {
		before := draw(random, referenceRows, pairCorrelation)
		reference := profileOf(before, nil)
		for i, correlation := range []float64{pairCorrelation, 0, -pairCorrelation} {
			report := drift.Judge(drift.Window{
				Dataset: datasetOf(laws), Monitor: mlops.DriftMonitor{Multivariate: true}, Reference: reference, ReferenceRows: before,
				Current: draw(random, rows, correlation),
			})
			if i == 0 {
				counts = append(counts, once(alarm(report.Verdict, rows)))
			} else {
				counts = append(counts, once(report.Verdict != mlops.VerdictCovariate))
			}
		}
		return counts, notes
	}
	return experiment
}
