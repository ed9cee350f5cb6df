package study

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// withoutDrift counts alarms of windows that follow the very laws of their reference.
func withoutDrift(name, prefix string, laws []Law, large bool, sizes ...int) Experiment {
	return unchanged(name, prefix, laws, referenceRows, drawAll, large, sizes...)
}

// unchanged is withoutDrift of a reference of so many rows and of rows that are drawn in a way of their own.
func unchanged(name, prefix string, laws []Law, from int, draw drawing, large bool, sizes ...int) Experiment {
	experiment := Experiment{Name: name, Large: large}
	for _, rows := range sizes {
		experiment.Rows = append(experiment.Rows, Row{fmt.Sprintf("%s, n = %s", prefix, thousands(rows)), "looks with an alarm", 0.05})
	}
	experiment.Trial = func(random *rand.Rand) (counts []Count, notes []string) {
		reference := profileOf(draw(random, laws, from), nil)
		for _, rows := range sizes {
			report := look(laws, reference, draw(random, laws, rows))
			hit := alarm(report.Verdict, rows)
			counts = append(counts, once(hit))
			if hit {
				notes = append(notes, note(report))
			}
		}
		return counts, notes
	}
	return experiment
}

// note is what an alarm was about: the laws, without the number of their copy.
func note(report mlops.DriftReport) string {
	var causes []string
	for _, fault := range report.Quality {
		causes = append(causes, kindOf(fault.Feature)+" ("+fault.Rule+")")
	}
	for _, feature := range report.Features {
		if feature.Drifted {
			causes = append(causes, kindOf(feature.Name))
		}
	}
	return fmt.Sprintf("n = %s: %s: %s", thousands(int(report.Rows)), report.Verdict, strings.Join(causes, ", "))
}

func kindOf(feature string) string {
	if i := strings.LastIndexByte(feature, '_'); i > 0 {
		return feature[:i]
	}
	return feature
}

// thousands writes a whole number with commas.
func thousands(n int) string {
	if n >= 1000 {
		return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
	}
	return strconv.Itoa(n)
}
