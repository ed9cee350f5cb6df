package drift_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// minutes are times one minute apart, with a pause of so many minutes in the middle.
func minutes(rows, pause int) []time.Time {
	times := make([]time.Time, rows)
	for i := range times {
		times[i] = time.Date(2001, 2, 1, 0, i, 0, 0, time.UTC)
		if i >= rows/2 {
			times[i] = times[i].Add(time.Duration(pause) * time.Minute)
		}
	}
	return times
}

// repeat makes the last rows of a window copies of the first.
func repeat(window drift.Window, count int) drift.Window {
	window.Current = append([]stats.Input(nil), window.Current...)
	for i, column := range window.Current {
		rows := column.Rows()
		if column.Numbers != nil {
			window.Current[i].Numbers = append(column.Numbers[:rows-count:rows-count], column.Numbers[:count]...)
		} else {
			window.Current[i].Text = append(column.Text[:rows-count:rows-count], column.Text[:count]...)
		}
	}
	return window
}

// What may be true is told and decides nothing.
func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(drift.Window) drift.Window
		rule    string
		words   string
		verdict mlops.Verdict
	}{
		"nothing": {func(w drift.Window) drift.Window { w.Times, w.InOrder = minutes(1000, 0), true; return w }, "", "", mlops.VerdictStable},
		"a stuck number": {func(w drift.Window) drift.Window {
			return with(w, "age", func(float64) float64 { return 0.25 })
		}, drift.RuleConstant, "age is 0.25 in every row; it varied in the reference", mlops.VerdictCovariate},
		"a stuck category": {func(w drift.Window) drift.Window {
			return withText(w, "city", func(int, string) string { return "7" })
		}, drift.RuleConstant, `city is "7" in every row`, mlops.VerdictCovariate},
		"beyond the reference": {func(w drift.Window) drift.Window {
			row := 0
			return with(w, "age", func(x float64) float64 {
				if row++; row%50 == 0 {
					return 99
				}
				return x
			})
		}, drift.RuleRange, "2.0 % of age lies beyond everything in the reference", mlops.VerdictCovariate},
		"repeated rows": {func(w drift.Window) drift.Window { return repeat(w, 100) }, drift.RuleDuplicate, "10 % of the rows repeat an earlier one", mlops.VerdictStable},
		"a pause": {func(w drift.Window) drift.Window { w.Times = minutes(1000, 300); return w }, drift.RuleGap,
			"no row from 2001-02-01T08:19:00Z to 2001-02-01T13:20:00Z", mlops.VerdictStable},
		"rows out of order": {func(w drift.Window) drift.Window {
			w.Times, w.InOrder = minutes(1000, 0), true
			for i := 0; i+1 < 100; i += 2 {
				w.Times[i], w.Times[i+1] = w.Times[i+1], w.Times[i]
			}
			return w
		}, drift.RuleDisorder, "5.0 % of the rows are older than a row before them", mlops.VerdictStable},
	} {
		t.Run(name, func(t *testing.T) {
			report := drift.Judge(c.change(windowOf(t, 80, 1000)))
			if report.Verdict != c.verdict {
				t.Errorf("verdict %s (%s), want %s", report.Verdict, report.Summary, c.verdict)
			}
			if c.rule == "" {
				if len(report.Findings) > 0 {
					t.Errorf("findings %+v, want none", report.Findings)
				}
				return
			}
			for _, finding := range report.Findings {
				if finding.Rule == c.rule && strings.Contains(finding.Message, c.words) {
					return
				}
			}
			t.Errorf("findings %+v, want one of the rule %q with %q", report.Findings, c.rule, c.words)
		})
	}
}

// More repeated rows than the dataset declares cannot be true; where rows have a time that is not known, nobody can say.
func TestDeclaredDuplicates(t *testing.T) {
	window := repeat(windowOf(t, 81, 1000), 100)
	window.Dataset.MaximumDuplicatePercent = new(float64(2))
	wantVerdict(t, drift.Judge(window), mlops.VerdictDataQuality, "10 % of the rows repeat an earlier one in every column, 2.0 % is allowed")
	window.Dataset.MaximumDuplicatePercent = new(float64(10))
	wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
	window.Dataset.MaximumDuplicatePercent = new(float64(2))
	window.Dataset.Columns["at"] = mlops.Column{Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp}
	wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
	window.Times = minutes(1000, 0)
	wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
}

func duplicateShare(columns []stats.Input, times []time.Time) float64 {
	return float64(stats.Duplicates(columns, times)) / float64(columns[0].Rows())
}

func TestDuplicates(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	columns := draw(random, 5000)
	if share := duplicateShare(columns, nil); share != 0 {
		t.Errorf("share %v of rows that differ, want 0", share)
	}
	few := []stats.Input{{Type: mlops.TypeCategory, Text: []string{"a", "b", "a", "", ""}, Null: []bool{false, false, false, true, false}}}
	if share := duplicateShare(few, nil); share < 0.19 || share > 0.21 {
		t.Errorf("share %v, want 1 of 5: null is not empty", share)
	}
	if share := duplicateShare(few, minutes(5, 0)); share != 0 {
		t.Errorf("share %v of rows of different times, want 0", share)
	}
}
