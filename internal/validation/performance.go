package validation

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// How a version is compared with itself.
const (
	// MethodTwoSamples resamples window and holdout on their own, MethodOneSample the window alone, where of the holdout only
	// the metric is known.
	MethodTwoSamples = "two_sample_bootstrap/v1"
	MethodOneSample  = "bootstrap/v1"
	// LossFloor is the part of a metric's value that is never raised, however sure it is: windows differ in what is hard
	// about them, and what small loss matters is for the gate's tolerance to say.
	LossFloor = 0.05
)

// Production is a version's own rows, by window and by holdout.
type Production struct {
	// Seed of the resampling: one window is judged in one way.
	Seed       string
	Validation mlops.Validation
	Window     []Prediction
	// Holdout are the predictions of the version's evaluation, Reported its metrics; either may be missing.
	Holdout  []Prediction
	Reported map[string]float64
}

// Perform compares each metric of the gate: it is worse when the lower bound of the loss lies above the tolerance, which is
// the gate's, and at least LossFloor of the holdout's value.
func Perform(production Production) []mlops.PerformanceMetric {
	metrics := make([]mlops.PerformanceMetric, 0, len(production.Validation.Metrics))
	for _, name := range sortedKeys(production.Validation.Metrics) {
		metrics = append(metrics, production.metric(name, production.Validation.Metrics[name]))
	}
	return metrics
}

func (p Production) metric(name string, gate mlops.Gate) mlops.PerformanceMetric {
	made := mlops.PerformanceMetric{Name: name, Goal: gate.Goal, Method: MethodTwoSamples}
	prepare, known := measures[name]
	if !known || gate.Custom {
		made.Reason = "only the evaluate command can compute it"
		return made
	}
	window, reason := value(name, gate, nil, p.Window)
	if reason != "" {
		made.Reason = "of the window: " + reason
		return made
	}
	holdout, reason := value(name, gate, p.Reported, p.Holdout)
	if reason != "" {
		made.Reason = "of the holdout: " + reason
		return made
	}
	made.Window, made.Reference, made.ReferenceRows = window, holdout, int64(len(p.Holdout))
	sign := 1.0
	if gate.Goal == mlops.GoalMinimize {
		sign = -1
	}
	made.Loss = sign * (holdout - window)
	made.Tolerance = max(gate.Tolerance, LossFloor*math.Abs(holdout))
	before := func(*rand.Rand) float64 { return holdout }
	if len(p.Holdout) > 0 {
		before = resampled(prepare(p.Holdout), len(p.Holdout))
	} else {
		made.Method = MethodOneSample
	}
	now := resampled(prepare(p.Window), len(p.Window))
	var ok bool
	made.Low, made.High, ok = lossInterval(before, now, len(p.Holdout)+len(p.Window), sign, p.Seed+"/"+name)
	if !ok {
		made.Reason = "too few rows to say how sure it is"
		return made
	}
	made.Worse = made.Low > made.Tolerance
	return made
}

// resampled is a metric over as many rows, drawn with replacement.
func resampled(of measure, rows int) func(*rand.Rand) float64 {
	weights := make([]float64, rows)
	return func(random *rand.Rand) float64 {
		clear(weights)
		for range rows {
			weights[random.IntN(rows)]++
		}
		return of(weights)
	}
}

// lossInterval is the middle 95 % of the loss over resamples; false where none says anything.
func lossInterval(before, now func(*rand.Rand) float64, rows int, sign float64, seed string) (low, high float64, ok bool) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(seed)) // never fails: see hash.Hash
	random := rand.New(rand.NewPCG(hash.Sum64(), uint64(rows)))
	resamples := min(mostResamples, max(leastResamples, resampleBudget/max(rows, 1)))
	losses := make([]float64, 0, resamples)
	for range resamples {
		// A resample without one of the classes says nothing.
		if loss := sign * (before(random) - now(random)); finite(loss) {
			losses = append(losses, loss)
		}
	}
	if len(losses) == 0 {
		return 0, 0, false
	}
	slices.Sort(losses)
	return losses[int(0.025*float64(len(losses)-1))], losses[int(math.Ceil(0.975*float64(len(losses)-1)))], true
}

// LossWords says in words what is worse about a metric.
func LossWords(metric mlops.PerformanceMetric) string {
	return fmt.Sprintf("%s is %s, was %s on the holdout (worse by %s, 95 %%: %s to %s)",
		metric.Name, number(metric.Window), number(metric.Reference), number(metric.Loss), number(metric.Low), number(metric.High))
}
