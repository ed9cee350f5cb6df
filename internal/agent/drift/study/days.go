package study

import (
	"fmt"
	"math/rand/v2"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// dayEffect is the deviation, in sigma, of what every day does to every feature by itself.
const dayEffect = 0.1

// daysOfTheirOwn counts days raised as drift where days differ, in the reference as later. Each repetition has a reference
// and one later day of its own, so that trials are independent.
func daysOfTheirOwn(days int, sizes ...int) Experiment {
	laws := Listed()
	experiment := Experiment{Name: fmt.Sprintf("days-%d", days)}
	for _, rows := range sizes {
		experiment.Rows = append(experiment.Rows, Row{
			fmt.Sprintf("every day has its own 0.1 sigma effect on every feature; days of %s rows, reference of %d days", thousands(rows), days),
			"days raised as drift", 0.05,
		})
	}
	experiment.Trial = func(random *rand.Rand) (counts []Count, notes []string) {
		columns, numbers := drawDays(random, laws, days, referenceRows/days, dayEffect)
		reference := profileOf(columns, numbers)
		for _, rows := range sizes {
			current := make([]stats.Input, len(laws))
			for i, law := range laws {
				current[i] = law.drawRising(random, rows, dayEffect*random.NormFloat64())
			}
			report := look(laws, reference, current)
			hit := alarm(report.Verdict, rows) && report.Verdict != mlops.VerdictSeasonal
			counts = append(counts, once(hit))
			if hit {
				notes = append(notes, note(report))
			}
		}
		return counts, notes
	}
	return experiment
}
