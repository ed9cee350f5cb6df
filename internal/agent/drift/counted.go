package drift

import (
	"fmt"
	"math"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Counted is a window that is known by counts alone, in the frames of Window.Reference and Window.PredictionReference.
type Counted struct {
	Rows int64
	// Columns that occurred in at least one row, by name.
	Columns     map[string]stats.Tally
	Predictions *stats.Tally
	Times       stats.TimeTally
	// Duplicates are rows that repeat an earlier one. They are those of each hour, unless Strayed: then a row has a time of
	// another hour than its record, and may repeat one that was counted elsewhere.
	Duplicates int64
	Strayed    bool
	// Doubts are what else the counts leave open.
	Doubts []string
}

func (c *Counted) setColumns(columns map[string]*stats.Tally) {
	c.Columns = make(map[string]stats.Tally, len(columns))
	for name, tally := range columns {
		c.Columns[name] = *tally
	}
}

// JudgeCounts judges a window by its counts. Everything that decides is either an integer of them, and then exactly what rows
// would give, or lies between two bounds: the p-values of ks and rank/auc, and whether a window may be the reference in another
// unit. Where a decision hangs on what lies between the bounds, or on what counts do not hold (levels past the bound of a tally,
// rows that repeat others of another hour), the doubts say so: then the window must be judged from its rows. Without a doubt the
// verdict, and which features have drifted, are those that the rows would give.
func JudgeCounts(window Window) (report mlops.DriftReport, doubts []string) {
	report, measured, seen := window.judge()
	doubts = append(doubts, window.Counted.Doubts...)
	for _, name := range window.Dataset.Features() {
		column, here := seen[name]
		if !here {
			continue
		}
		if column.tally.Category != nil && column.tally.Category.Other > 0 {
			doubts = append(doubts, fmt.Sprintf("%s has more than %d values that its reference lacks", name, stats.MaximumUnnamed))
		}
		if column.mayBeAnotherUnit() {
			doubts = append(doubts, name+" may be in another unit")
		}
	}
	if window.Counted.Strayed && window.Dataset.MaximumDuplicatePercent != nil {
		doubts = append(doubts, "rows may repeat those of another hour")
	}
	for _, m := range undecided(measured) {
		doubts = append(doubts, "whether "+m.report.Name+" has changed hangs on single rows")
	}
	return report, doubts
}

// undecided are the measurements that would be decided otherwise if every p-value were the least that it can be.
func undecided(measured []measurement) []measurement {
	least := make([]float64, len(measured))
	for i, m := range measured {
		least[i] = m.pValue.Least
	}
	corrected := stats.BenjaminiHochberg(least)
	var open []measurement
	for i, m := range measured {
		if m.drifts(corrected[i]) != m.report.Drifted {
			open = append(open, m)
		}
	}
	return open
}

// mayBeAnotherUnit says whether the rows of a number could show that it is the reference in another unit: no where it lies too
// near to the reference as it is, or too far from it in every other unit.
func (o observed) mayBeAnotherUnit() bool {
	reference := o.frame.Reference
	if o.tally.Number == nil || reference.Number == nil || reference.Number.StandardDeviation == 0 || o.tally.Values() < minimumUnitValues {
		return false
	}
	distance := o.tally.Number.KSBounds(*reference.Number)
	if distance.Most < unitDistance {
		return false
	}
	return slices.ContainsFunc(conversionsBothWays(), func(c conversion) bool {
		return o.tally.Number.FarFrom(*reference.Number, c.apply(reference.Number.Sample)) <= distance.Most/2
	})
}

// countedTests are KS and ranks as bounds.
func (m *measurement) countedTests(reference stats.ColumnProfile, current observed) (ks, rank stats.Bounds) {
	number, tally := *reference.Number, current.tally
	n, rows := reference.Rows-reference.Nulls, tally.Values()
	distance := tally.Number.KSBounds(number)
	ks = stats.Bounds{Most: stats.KSAsymptotic(distance.Least, int(n), int(rows), stats.TwoSided)}
	if m.report.Effect >= m.report.Threshold { // else it has not changed, whatever its p-value
		ks.Least = stats.KSAsymptotic(distance.Most, int(n), int(rows), stats.TwoSided)
	}
	if exactKS(number.Sample, n, int(rows)) {
		ks = stats.Bounds{Least: 0, Most: 1}
	}
	area, rank := tally.Number.RankBounds(number, float64(n), float64(rows))
	m.add("ks/edges", distance.Least, &ks.Most)
	m.add("rank/auc/edges", (area.Least+area.Most)/2, &rank.Most)
	distanceOfMeans := stats.Wasserstein(number.Sample, tally.Number.Spread(number, spreadValues))
	m.add("wasserstein/edges", distanceOfMeans, nil)
	m.add("wasserstein/edges/normalized", distanceOfMeans/number.StandardDeviation, nil)
	return ks, rank
}

// exactly is a p-value that is known.
func exactly(p float64) stats.Bounds { return stats.Bounds{Least: p, Most: p} }

// least is the smaller of two p-values that are each known within bounds.
func least(a, b stats.Bounds) stats.Bounds {
	return stats.Bounds{Least: math.Min(a.Least, b.Least), Most: math.Min(a.Most, b.Most)}
}
