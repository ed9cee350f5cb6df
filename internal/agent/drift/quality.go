package drift

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// The rules of data quality, as QualityFault.Rule names them, in the order in which they are told.
const (
	RuleUnit     = "unit"
	RuleSchema   = "schema"
	RuleType     = "type"
	RuleNull     = "null"
	RuleRange    = "range"
	RuleCategory = "category"
)

var rules = []string{RuleUnit, RuleSchema, RuleType, RuleNull, RuleRange, RuleCategory, RuleDuplicate}

// How much must be wrong before a window is: single bad cells are the caller's, many are the pipe's.
const (
	// faultyShare of the rows, and at least faultyRows of them, break a declared rule or have no value of their type.
	faultyShare = 0.001
	faultyRows  = 3
	// nullExcess is by how much the share of nulls lies above the reference and above its worst day.
	nullExcess       = 0.05
	nullSignificance = 1e-4
)

// qualityFaults lists what cannot be true of a window, the most telling first.
func qualityFaults(window Window, seen sights) []mlops.QualityFault {
	var faults []mlops.QualityFault
	rows := window.rows()
	if rows == 0 {
		return nil
	}
	for _, name := range window.Dataset.Features() {
		faults = append(faults, columnFaults(window, name, seen, rows)...)
	}
	faults = append(faults, declaredDuplicates(window)...)
	sortFaults(faults)
	return faults
}

func sortFaults(faults []mlops.QualityFault) {
	slices.SortStableFunc(faults, func(a, b mlops.QualityFault) int {
		return cmp.Or(cmp.Compare(slices.Index(rules, a.Rule), slices.Index(rules, b.Rule)), cmp.Compare(b.Share, a.Share))
	})
}

// columnFaults are those of one column of a window of so many rows.
func columnFaults(window Window, name string, seen sights, rows int) []mlops.QualityFault {
	declared := window.Dataset.Columns[name]
	current, here := seen[name]
	if !here {
		return []mlops.QualityFault{{Feature: name, Rule: RuleSchema, Share: 1, Message: name + " is missing: no row of the window has this column"}}
	}
	faults := typeFault(name, declared, current.tally.TypeErrors, rows)
	faults = append(faults, nullFault(name, declared, window.Reference.Columns[name], current.tally)...)
	unit := unitFault(name, declared, current)
	if len(unit) > 0 && window.isUsual(name, current) {
		unit = nil
	}
	faults = append(faults, unit...)
	if len(unit) == 0 { // a unit explains values out of range
		faults = append(faults, rangeFault(name, declared, current)...)
	}
	return append(faults, categoryFault(name, declared, current)...)
}

// faulty says whether so many of so many rows are more than stray cells.
func faulty(bad int64, rows int) bool {
	return bad >= faultyRows && float64(bad) >= faultyShare*float64(rows)
}

func typeFault(name string, declared mlops.Column, errors int64, rows int) []mlops.QualityFault {
	if !faulty(errors, rows) {
		return nil
	}
	share := float64(errors) / float64(rows)
	return []mlops.QualityFault{{Feature: name, Rule: RuleType, Share: share,
		Message: fmt.Sprintf("%s of %s is no %s", percent(share), name, declared.Type)}}
}

func nullFault(name string, declared mlops.Column, reference stats.ColumnProfile, current stats.Tally) []mlops.QualityFault {
	rows := current.Rows
	nulls := current.Nulls - current.TypeErrors // cells of the wrong type stand as null, and are told as what they are
	share := float64(nulls) / float64(rows)
	if limit := declared.MaximumNullPercent; limit != nil && faulty(nulls-int64(math.Ceil(*limit/100*float64(rows))), int(rows)) {
		return []mlops.QualityFault{{Feature: name, Rule: RuleNull, Share: share,
			Message: fmt.Sprintf("%s of %s is null, %s is allowed", percent(share), name, percent(*limit/100))}}
	}
	if reference.Rows == 0 {
		return nil
	}
	before := float64(reference.Nulls) / float64(reference.Rows)
	worst := before
	if reference.Days != nil {
		worst = math.Max(worst, reference.Days.MaximumNullShare)
	}
	if share < before+nullExcess || share < worst+nullExcess/2 || stats.RateTest(reference.Nulls, reference.Rows, nulls, rows) > nullSignificance {
		return nil
	}
	return []mlops.QualityFault{{Feature: name, Rule: RuleNull, Share: share,
		Message: fmt.Sprintf("%s of %s is null, %s in the reference", percent(share), name, percent(before))}}
}

// rangeFault compares numbers with the declared range.
func rangeFault(name string, declared mlops.Column, current observed) []mlops.QualityFault {
	counted := current.tally.Number
	if counted == nil || !faulty(counted.Outside, int(current.tally.Rows)) {
		return nil
	}
	var bounds []string
	if declared.Minimum != nil {
		bounds = append(bounds, "minimum "+number(*declared.Minimum))
	}
	if declared.Maximum != nil {
		bounds = append(bounds, "maximum "+number(*declared.Maximum))
	}
	worst := counted.Maximum
	if current.frame.Low-counted.Minimum > counted.Maximum-current.frame.High {
		worst = counted.Minimum
	}
	share := float64(counted.Outside) / float64(current.tally.Rows)
	return []mlops.QualityFault{{Feature: name, Rule: RuleRange, Share: share,
		Message: fmt.Sprintf("%s of %s lies outside the declared range (%s), for example %s", percent(share), name, strings.Join(bounds, ", "), number(worst))}}
}

// categoryFault compares values with the declared set, where the dataset closes it.
func categoryFault(name string, declared mlops.Column, current observed) []mlops.QualityFault {
	if declared.Categories == nil {
		return nil
	}
	counts := current.levels()
	var outside int64
	example := ""
	for _, level := range stats.Levels(counts) {
		if !slices.Contains(declared.Categories, level) {
			if outside == 0 {
				example = level
			}
			outside += counts[level]
		}
	}
	if !faulty(outside, int(current.tally.Rows)) {
		return nil
	}
	share := float64(outside) / float64(current.tally.Rows)
	return []mlops.QualityFault{{Feature: name, Rule: RuleCategory, Share: share,
		Message: fmt.Sprintf("%s of %s is none of the declared categories, most often %s", percent(share), name, short(example))}}
}

// qualitySummary is one sentence: the first fault, and how many more there are.
func qualitySummary(faults []mlops.QualityFault) string {
	if len(faults) == 1 {
		return faults[0].Message + "."
	}
	return fmt.Sprintf("%s; %s.", faults[0].Message, plural(len(faults)-1, "more fault"))
}
