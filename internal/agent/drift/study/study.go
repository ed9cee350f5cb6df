// Package study proves the default method of package drift by simulation: how often it raises an alarm where nothing has
// changed, and how often it finds a change of a known size. It makes data from known laws, asks drift.Judge as a monitor
// does, counts, and writes the table of docs/guides/drift-study.md. It looks at verdicts only and must not know how the
// method comes to them, or it would prove nothing.
package study

import (
	"math/rand/v2"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Row is one property and its bound.
type Row struct {
	// Name is unique over all experiments.
	Name string
	// Counted says what a hit is: "looks with an alarm", "changes missed".
	Counted string
	// Bound is the largest rate that is allowed; 0 where the row only shows a number.
	Bound float64
}

// Count is how many of so many trials were hits.
type Count struct {
	Hits, Trials int64
	// Effective is as how many independent trials they count, where they are not; 0 where they are.
	Effective float64
}

func (c Count) plus(other Count) Count {
	return Count{Hits: c.Hits + other.Hits, Trials: c.Trials + other.Trials}
}

// Experiment counts hits of several rows at once, one repetition at a time.
type Experiment struct {
	Name string
	// Rows lists what Trial counts, in its order.
	Rows []Row
	// Large experiments draw windows of a million rows and take fewer repetitions.
	Large bool
	// Once experiments are of real data: there is nothing to repeat.
	Once bool
	// Trial runs one repetition with its own randomness. Notes say in words what hit.
	Trial func(random *rand.Rand) (counts []Count, notes []string)
}

// Usual sizes.
const (
	referenceRows = 20000
	copies        = 5 // of each of the ten listed laws: 50 features
)

// datasetOf declares a feature for each law.
func datasetOf(laws []Law) mlops.Dataset {
	dataset := mlops.Dataset{Columns: make(map[string]mlops.Column, len(laws))}
	for _, law := range laws {
		dataset.Columns[law.Name] = mlops.Column{Type: law.Type, Role: mlops.RoleFeature}
	}
	return dataset
}

// frozen draws a reference without days.
func frozen(random *rand.Rand, laws []Law, rows int) stats.Profile {
	return profileOf(drawAll(random, laws, rows), nil)
}

// profileOf freezes columns that this package made: they are well formed.
func profileOf(columns []stats.Input, days []int64) stats.Profile {
	profile, err := stats.NewProfile(columns, days)
	if err != nil {
		panic("study: columns drawn by the study itself: " + err.Error())
	}
	return profile
}

// look judges one window.
func look(laws []Law, reference stats.Profile, current []stats.Input) mlops.DriftReport {
	return drift.Judge(drift.Window{Dataset: datasetOf(laws), Reference: reference, Current: current})
}

// alarm says whether a verdict is one that somebody would be told: any but stable. A window of at most insufficientRows
// may be called insufficient.
func alarm(verdict mlops.Verdict, rows int) bool {
	if verdict == mlops.VerdictInsufficient {
		return rows > insufficientRows
	}
	return verdict != mlops.VerdictStable
}

// insufficientRows is the largest window that may be called insufficient without counting as a failure.
const insufficientRows = 150

// once is one trial.
func once(hit bool) Count {
	if hit {
		return Count{Hits: 1, Trials: 1}
	}
	return Count{Trials: 1}
}
