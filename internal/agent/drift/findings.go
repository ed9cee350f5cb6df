package drift

import (
	"fmt"
	"math"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// The rules of findings: what a person should look at though it may well be true. A finding decides nothing, with one
// exception: more duplicates than the dataset declares are a fault.
const (
	RuleConstant  = "constant"
	RuleDuplicate = "duplicate"
	RuleGap       = "gap"
	RuleDisorder  = "disorder"
	RuleBroken    = "broken"
)

// AllColumns stands where a finding is of whole rows.
const AllColumns = "all columns"

// From where on something is worth telling.
const (
	findingSignificance = 1e-6
	// duplicateShare of the rows repeat another one, beyond twice the share of the reference.
	duplicateShare = 0.01
	// A gap is gapShare of the window long, and gapLength times as long as nearly all others.
	gapShare, gapLength = 0.1, 8
	// disorderShare of the rows are older than a row before them.
	disorderShare = 0.01
	// minimumTimes is how many rows must have a time before gaps and order are looked for.
	minimumTimes = 50
)

// findings are what is worth a look, by column and then of whole rows.
func findings(window Window, seen sights) []mlops.QualityFault {
	found := brokenFinding(window)
	for _, name := range window.watched() {
		found = append(found, columnFindings(window.Reference, name, seen)...)
	}
	share, known := window.duplicates()
	found = append(found, repeatedFinding(window, share, known)...)
	return append(found, timeFindings(window)...)
}

// columnFindings are those of one column.
func columnFindings(reference stats.Profile, name string, seen sights) []mlops.QualityFault {
	current, here := seen[name]
	if !here || reference.Columns[name].Type != current.frame.Type {
		return nil
	}
	return append(constantFinding(name, current), beyondFinding(name, current)...)
}

// repeatedFinding tells of rows that repeat others, where the dataset does not say how many may.
func repeatedFinding(window Window, share float64, known bool) []mlops.QualityFault {
	if !known || window.Dataset.MaximumDuplicatePercent != nil || share < duplicateShare+2*window.ReferenceDuplicates {
		return nil
	}
	return []mlops.QualityFault{duplicateFault(share, percent(window.ReferenceDuplicates)+" in the reference")}
}

// brokenFinding tells of lines of records that could not be read, however few: what they said is missing from the window.
func brokenFinding(window Window) []mlops.QualityFault {
	if window.Broken.Lines == 0 {
		return nil
	}
	return []mlops.QualityFault{{
		Feature: AllColumns, Rule: RuleBroken, Share: float64(window.Broken.Lines) / float64(int64(window.rows())+window.Broken.Lines),
		Message: fmt.Sprintf("%d lines of the records cannot be read and are left out; the first is %s", window.Broken.Lines, window.Broken.First),
	}}
}

// constantFinding tells of a column that varied and does not any more.
func constantFinding(name string, current observed) []mlops.QualityFault {
	reference, m := current.frame.Reference, current.tally.Values()
	value, before := "", 0.0
	switch {
	case m == 0:
		return nil
	case reference.Number != nil:
		if current.tally.Number.Minimum != current.tally.Number.Maximum {
			return nil
		}
		value, before = number(current.tally.Number.Minimum), modeShare(reference.Number.Sample)
	case reference.Category != nil:
		counts := current.levels()
		if len(counts) != 1 {
			return nil
		}
		for level := range counts {
			value = short(level)
		}
		for _, count := range reference.Category.Counts {
			before = math.Max(before, float64(count)/float64(reference.Rows-reference.Nulls))
		}
	default:
		return nil
	}
	if math.Pow(before, float64(m)) > findingSignificance { // the reference is as good as constant, or there are few rows
		return nil
	}
	return []mlops.QualityFault{{Feature: name, Rule: RuleConstant, Share: 1,
		Message: fmt.Sprintf("%s is %s in every row; it varied in the reference", name, value)}}
}

// beyondFinding tells of numbers that lie beyond everything in the reference.
func beyondFinding(name string, current observed) []mlops.QualityFault {
	reference, counted, rows := current.frame.Reference, current.tally.Number, current.tally.Values()
	if reference.Number == nil {
		return nil
	}
	beyond, worst := counted.Below+counted.Above, counted.Maximum
	if reference.Number.Minimum-counted.Minimum > counted.Maximum-reference.Number.Maximum {
		worst = counted.Minimum
	}
	// As far out as its two extremes lie two rows of the reference.
	if beyond < faultyRows || stats.RateTest(2, reference.Rows-reference.Nulls, beyond, rows) > findingSignificance {
		return nil
	}
	share := float64(beyond) / float64(rows)
	return []mlops.QualityFault{{Feature: name, Rule: RuleRange, Share: share,
		Message: fmt.Sprintf("%s of %s lies beyond everything in the reference (%s to %s), for example %s", percent(share), name,
			number(reference.Number.Minimum), number(reference.Number.Maximum), number(worst))}}
}

// duplicates is the share of rows that repeat an earlier one in every column, and whether that says anything: not where rows
// have a time that is not known.
func (w Window) duplicates() (share float64, known bool) {
	if w.Counted != nil {
		return float64(w.Counted.Duplicates) / float64(max(w.Counted.Rows, 1)), w.Counted.Rows > 0
	}
	if w.Times == nil && w.Dataset.ColumnOf(mlops.RoleTimestamp) != "" {
		return 0, false
	}
	return float64(stats.Duplicates(w.Current, w.Times)) / float64(max(w.rows(), 1)), w.rows() > 0
}

// declaredDuplicates is the fault of more repeated rows than the dataset allows.
func declaredDuplicates(window Window) []mlops.QualityFault {
	limit := window.Dataset.MaximumDuplicatePercent
	if limit == nil {
		return nil
	}
	share, known := window.duplicates()
	rows := window.rows()
	if !known || !faulty(int64(math.Round((share-*limit/100)*float64(rows))), rows) {
		return nil
	}
	return []mlops.QualityFault{duplicateFault(share, percent(*limit/100)+" is allowed")}
}

func duplicateFault(share float64, against string) mlops.QualityFault {
	return mlops.QualityFault{Feature: AllColumns, Rule: RuleDuplicate, Share: share,
		Message: fmt.Sprintf("%s of the rows repeat an earlier one in every column, %s", percent(share), against)}
}

// timeFindings tell of rows out of order and of long times without one.
func timeFindings(window Window) []mlops.QualityFault {
	if window.Counted != nil {
		return gapFinding(window.Counted.Times)
	}
	if len(window.Times) < minimumTimes {
		return nil
	}
	var found []mlops.QualityFault
	late, newest := 0, window.Times[0]
	for _, at := range window.Times {
		if at.Before(newest) {
			late++
		} else {
			newest = at
		}
	}
	if share := float64(late) / float64(len(window.Times)); window.InOrder && late >= faultyRows && share > disorderShare {
		found = append(found, mlops.QualityFault{Feature: AllColumns, Rule: RuleDisorder, Share: share,
			Message: percent(share) + " of the rows are older than a row before them"})
	}
	return append(found, gapFinding(stats.CountTimes(window.Times))...)
}

func gapFinding(times stats.TimeTally) []mlops.QualityFault {
	span, gap := times.Last.Sub(times.First), times.GapTo.Sub(times.GapFrom)
	if times.Rows < minimumTimes || span == 0 || gap.Seconds() < gapShare*span.Seconds() || gap < gapLength*times.UsualGap(0.95) {
		return nil
	}
	return []mlops.QualityFault{{Feature: AllColumns, Rule: RuleGap, Share: gap.Seconds() / span.Seconds(),
		Message: fmt.Sprintf("no row from %s to %s", times.GapFrom.UTC().Format(time.RFC3339), times.GapTo.UTC().Format(time.RFC3339))}}
}
