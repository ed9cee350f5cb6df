package drift

import (
	"math"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// What our own method decides with. A feature has drifted when its effect (PSI) reaches its threshold and its change is
// significant, corrected over all features; see threshold for how the first follows the window and the reference.
const (
	// Significance is the largest corrected p-value that counts.
	Significance = 0.01
	// EffectFloor is the smallest PSI, beyond what sampling gives, that is raised at sensitivity 1: about an eighth of a
	// standard deviation for a normal feature.
	EffectFloor = 0.015
	// EffectCeiling is the PSI that the reference's own days can never excuse, unless one of them went half as far: twice
	// what is customarily a major change.
	EffectCeiling = 0.5
	// DefaultMinimumRows is how many rows a window needs unless the monitor says otherwise.
	DefaultMinimumRows = 100
)

// threshold is the PSI from which a feature is raised: what sampling alone gives, plus the larger of a floor and of what the
// reference's own days do.
func threshold(reference stats.ColumnProfile, bins stats.Bins, features int, sensitivity float64) float64 {
	return bins.Noise() + math.Max(EffectFloor, dayMovement(reference.Days, bins, features))/sensitivity
}

// measurement is one feature before the p-values of all are corrected together.
type measurement struct {
	report mlops.FeatureReport
	// pValue is that of the feature, corrected for the number of tests on it; its bounds are one where rows were read.
	pValue stats.Bounds
}

// drifts says whether an effect that is large enough is significant as well.
func (m measurement) drifts(corrected float64) bool {
	return m.report.Effect >= m.report.Threshold && corrected <= Significance
}

// measure compares one column of a window with its frozen reference.
func measure(name string, reference stats.ColumnProfile, current observed, features int, sensitivity float64) measurement {
	if reference.Type == mlops.TypeNumber {
		return measureNumber(name, reference, current, features, sensitivity)
	}
	return measureCategory(name, reference, current, features, sensitivity)
}

func measureNumber(name string, reference stats.ColumnProfile, current observed, features int, sensitivity float64) measurement {
	var counted stats.NumberTally
	if current.tally.Number != nil {
		counted = *current.tally.Number
	}
	bins := stats.CountedBins(reference, counted, current.tally.Nulls)
	result := start(name, "psi/quantile10", reference, bins, features, sensitivity)
	result.report.Sides = current.sides(reference)
	tests := nullTest(reference, bins)
	if m := current.tally.Values(); reference.Number != nil && m > 0 {
		number := reference.Number
		compare := result.exactTests
		if current.counted {
			compare = result.countedTests
		}
		ks, rank := compare(reference, current)
		square := stats.Homogeneity(bins.Reference, bins.Current)
		result.add("chi_square", square.Value, &square.PValue)
		tests = append(tests, ks, exactly(stats.SparseHomogeneity(bins.Reference, bins.Current)))
		if float64(m)*(1-modeShare(number.Sample)) >= minimumRankRows {
			tests = append(tests, rank)
		}
		values := current.values()
		result.report.Message = numberMessage(*number, values)
		result.report.Chart = numberChart(number.Sample, values)
	}
	result.finish(bins, tests)
	return result
}

// exactTests are KS and ranks of the rows.
func (m *measurement) exactTests(reference stats.ColumnProfile, current observed) (ks, rank stats.Bounds) {
	number, n := reference.Number, reference.Rows-reference.Nulls
	farthest, length := stats.Distances(number.Sample, current.sorted)
	distance := ksTest(farthest, number.Sample, n, len(current.sorted))
	shift := stats.RankShift(number.Sample, current.sorted, float64(n), float64(len(current.sorted)))
	m.add("ks", distance.Value, &distance.PValue)
	m.add("rank/auc", shift.Value, &shift.PValue)
	m.add("wasserstein", length, nil)
	m.add("wasserstein/normalized", length/number.StandardDeviation, nil)
	return exactly(distance.PValue), exactly(shift.PValue)
}

func measureCategory(name string, reference stats.ColumnProfile, current observed, features int, sensitivity float64) measurement {
	counts := current.levels()
	bins := stats.LevelBins(reference, counts, current.tally.Nulls)
	result := start(name, "psi/levels", reference, bins, features, sensitivity)
	result.report.Sides = current.sides(reference)
	tests := nullTest(reference, bins)
	if reference.Category != nil && len(counts) > 0 {
		square := stats.Homogeneity(bins.All())
		result.add("chi_square", square.Value, &square.PValue)
		// One level is lost among many: the one that changed most has a test of its own.
		tests = append(tests, exactly(stats.SparseHomogeneity(bins.Reference, bins.Current)), exactly(bins.LevelPValue))
		result.add("cramers_v", stats.CramersV(contingency(bins)), nil)
		changes := changesOf(*reference.Category, counts)
		result.report.Message = categoryMessage(*reference.Category, counts, changes)
		result.report.Chart = categoryChart(changes)
	}
	result.finish(bins, tests)
	return result
}

// start makes the measurement with its effect and threshold.
func start(name, method string, reference stats.ColumnProfile, bins stats.Bins, features int, sensitivity float64) measurement {
	result := measurement{report: mlops.FeatureReport{Name: name, Type: reference.Type}}
	result.report.Effect = bins.PSI()
	result.report.Threshold = threshold(reference, bins, features, sensitivity)
	result.add(method, result.report.Effect, nil)
	return result
}

// add notes a number; one that is not finite has no place in JSON and becomes a reason.
func (m *measurement) add(method string, value float64, pValue *float64) {
	metric := mlops.MetricReport{Method: method, PValue: pValue}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		metric.Reason = "not a finite number: the reference does not vary"
	} else {
		metric.Value = &value
	}
	m.report.Metrics = append(m.report.Metrics, metric)
}

// finish adds what every type has and the p-value of the feature: the least of its tests, times their number.
func (m *measurement) finish(bins stats.Bins, tests []stats.Bounds) {
	reference, current := bins.All()
	p, q := stats.Shares(reference), stats.Shares(current)
	m.add("jensen_shannon/base2", stats.JensenShannon(p, q, 2), nil)
	m.add("hellinger", stats.Hellinger(p, q), nil)
	m.add("kl/jeffreys", stats.KullbackLeibler(stats.Smooth(current, 0.5), stats.Smooth(reference, 0.5)), nil)
	m.add("l_infinity", stats.LInfinity(p, q), nil)
	m.pValue = exactly(1)
	for _, p := range tests {
		m.pValue = least(m.pValue, stats.Bounds{Least: p.Least * float64(len(tests)), Most: p.Most * float64(len(tests))})
	}
}

// nullTest compares the rates of nulls, where there are any.
func nullTest(reference stats.ColumnProfile, bins stats.Bins) []stats.Bounds {
	_, current := bins.All()
	var m int64
	for _, count := range current {
		m += count
	}
	if reference.Nulls+bins.CurrentNulls == 0 {
		return nil
	}
	return []stats.Bounds{exactly(stats.RateTest(reference.Nulls, reference.Rows, bins.CurrentNulls, m))}
}

// minimumRankRows is how many rows of a window must be expected to differ from the reference's most frequent value for the
// normal law of ranks to hold far out in its tails.
const minimumRankRows = 50

// modeShare is the share of the most frequent of sorted values.
func modeShare(sorted []float64) float64 {
	longest, start := 0, 0
	for i := range sorted {
		if sorted[i] != sorted[start] {
			start = i
		}
		longest = max(longest, i-start+1)
	}
	return float64(longest) / float64(max(len(sorted), 1))
}

// exactCells is the size of the lattice up to which our own KS is exact; beyond it the asymptotic law has all digits that
// matter to a verdict.
const exactCells = 1 << 20

// exactKS says whether the p-value of so many values against a reference is the exact one.
func exactKS(sample []float64, n int64, values int) bool {
	return int64(len(sample)) == n && len(sample)*values <= exactCells
}

// ksTest is of the distance of so many values of a window to the order statistics of n reference values.
func ksTest(distance float64, sample []float64, n int64, values int) stats.Test {
	if exactKS(sample, n, values) {
		return stats.KSTest(distance, len(sample), values, stats.TwoSided)
	}
	return stats.Test{Value: distance, PValue: stats.KSAsymptotic(distance, int(n), values, stats.TwoSided)}
}

func contingency(bins stats.Bins) [][]float64 {
	reference, current := bins.All()
	rows := [][]float64{make([]float64, len(reference)), make([]float64, len(current))}
	for i := range reference {
		rows[0][i], rows[1][i] = float64(reference[i]), float64(current[i])
	}
	return rows
}

// OwnMethods lists the ids of our own methods.
func OwnMethods() []string {
	return []string{
		"psi/quantile10", "psi/levels", "ks", "rank/auc", "chi_square", "cramers_v", "wasserstein", "wasserstein/normalized",
		"jensen_shannon/base2", "hellinger", "kl/jeffreys", "l_infinity",
	}
}
