package study

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// change is a change of one of the fifty features and the window in which it must be found.
type change struct {
	name   string
	rows   int
	law    Law // takes the place of the first feature
	change func(*rand.Rand, Law, int) stats.Input
}

// missed counts windows with one changed feature whose verdict is not covariate.
func missed(name string, reference int, changes []change) Experiment {
	experiment := Experiment{Name: name}
	for _, c := range changes {
		experiment.Rows = append(experiment.Rows, Row{fmt.Sprintf("%s, n = %s, reference %s", c.name, thousands(c.rows), thousands(reference)), "changes missed", 0.1})
	}
	others := Listed()[1:]
	experiment.Trial = func(random *rand.Rand) (counts []Count, notes []string) {
		rest := frozen(random, others, reference)
		for _, c := range changes {
			laws := append([]Law{c.law}, others...)
			rest.Columns[c.law.Name] = stats.NewColumnProfile(c.law.drawRising(random, reference, 0))
			current := append([]stats.Input{c.change(random, c.law, c.rows)}, drawAll(random, others, c.rows)...)
			report := look(laws, rest, current)
			delete(rest.Columns, c.law.Name)
			found := report.Verdict == mlops.VerdictCovariate && drifted(report, c.law.Name)
			counts = append(counts, once(!found))
			if !found && report.Verdict != mlops.VerdictStable {
				notes = append(notes, c.name+": "+note(report))
			}
		}
		return counts, notes
	}
	return experiment
}

func drifted(report mlops.DriftReport, name string) bool {
	for _, feature := range report.Features {
		if feature.Name == name {
			return feature.Drifted
		}
	}
	return false
}

// shifted moves the mean by so many sigma.
func shifted(sigma float64) func(*rand.Rand, Law, int) stats.Input {
	return func(random *rand.Rand, law Law, rows int) stats.Input { return law.drawRising(random, rows, sigma) }
}

// scaled multiplies every value.
func scaled(factor float64) func(*rand.Rand, Law, int) stats.Input {
	return func(random *rand.Rand, law Law, rows int) stats.Input {
		column := law.drawRising(random, rows, 0)
		for i := range column.Numbers {
			column.Numbers[i] *= factor
		}
		return column
	}
}

// appears gives rows a value that never was, with the given probability.
func appears(share float64) func(*rand.Rand, Law, int) stats.Input {
	return becomes(share, "never seen")
}

// becomes gives rows one value, with the given probability.
func becomes(share float64, level string) func(*rand.Rand, Law, int) stats.Input {
	return func(random *rand.Rand, law Law, rows int) stats.Input {
		column := law.drawRising(random, rows, 0)
		for i := range column.Text {
			if random.Float64() < share {
				column.Text[i] = level
			}
		}
		return column
	}
}

// vanishes draws without the first level: its rows go to the others in proportion.
func vanishes(random *rand.Rand, law Law, rows int) stats.Input {
	column := law.drawRising(random, rows, 0)
	for i := range column.Text {
		for column.Text[i] == law.names[0] {
			column.Text[i] = law.draw(random, 1, 0).Text[0]
		}
	}
	return column
}

// changesToFind are those of the table; a quarter of a sigma stands apart, for it has references of its own.
func changesToFind() []change {
	normal := Listed()[0]
	changes := []change{
		{"mean of 1 of 50 features moves by 0.5 sigma", 200, normal, shifted(0.5)},
		{"lognormal (s = 2) times 1.5", 1000, number("income", func(z float64) float64 { return math.Exp(2 * z) }), scaled(1.5)},
	}
	for _, count := range []int{5, 50, 5000} {
		alike := levels("levels", zipf(count, 0))
		changes = append(changes, change{fmt.Sprintf("a new category at 2 %%, among %s levels", thousands(count)), 1000, alike, appears(0.02)})
	}
	for _, count := range []int{5, 50, 5000} {
		first := levels("levels", rareFirst(count, 0.05))
		changes = append(changes, change{fmt.Sprintf("a category vanishes from 5 %%, among %s levels", thousands(count)), 1000, first, vanishes})
	}
	return changes
}

func quarterSigma() []change {
	return []change{{"mean of 1 of 50 features moves by 0.25 sigma", 800, Listed()[0], shifted(0.25)}}
}

// dose is a shift at a million rows and what must come of it.
type dose struct {
	sigma, sensitivity float64
	raised, must       bool // whether it must be raised; where must is false the row only shows the rate
}

// doses is the dose curve: one window holds a normal feature for each dose, and one of each other listed law that does not
// move. At a million rows significance is never in doubt, so the features do not help each other.
func doses() Experiment {
	curve := []dose{
		{0.02, 1, false, true}, {0.05, 1, true, false}, {0.1, 1, true, false}, {0.2, 1, true, true},
		{0.1, 4, true, true}, {0.05, 16, true, true}, {0.2, 0.25, false, true},
	}
	experiment := Experiment{Name: "dose", Large: true}
	laws := Listed()[1:10]
	monitor := mlops.DriftMonitor{Features: map[string]mlops.FeatureWatch{}}
	for _, law := range laws {
		monitor.Features[law.Name] = mlops.FeatureWatch{Sensitivity: 1}
	}
	for i, d := range curve {
		law := number(fmt.Sprint("dose_", i), func(z float64) float64 { return z })
		laws = append(laws, law)
		monitor.Features[law.Name] = mlops.FeatureWatch{Sensitivity: d.sensitivity}
		row := Row{Name: fmt.Sprintf("%g sigma at 1,000,000 rows, sensitivity %g", d.sigma, d.sensitivity), Counted: "raised"}
		if d.must {
			row.Bound = 0.05
			if d.raised {
				row.Counted, row.Bound = "not raised", 0.1
			}
		}
		experiment.Rows = append(experiment.Rows, row)
	}
	still := len(laws) - len(curve)
	experiment.Trial = func(random *rand.Rand) (counts []Count, notes []string) {
		reference := frozen(random, laws, referenceRows)
		current := drawAll(random, laws[:still], million)
		for i, d := range curve {
			current = append(current, laws[still+i].drawRising(random, million, d.sigma))
		}
		report := drift.Judge(drift.Window{Dataset: datasetOf(laws), Monitor: monitor, Reference: reference, Current: current})
		for i, d := range curve {
			counts = append(counts, once(drifted(report, laws[still+i].Name) != (d.must && d.raised)))
		}
		return counts, notes
	}
	return experiment
}

const million = 1000000
