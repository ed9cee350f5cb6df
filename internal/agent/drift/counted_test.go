package drift_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// counted is a window as profiles know it: the tallies of parts, added up.
func counted(window drift.Window, parts int) drift.Window {
	known := drift.Counted{Rows: int64(window.Current[0].Rows()), Columns: map[string]stats.Tally{}}
	for _, column := range window.Current {
		frame := stats.NewFrame(window.Dataset.Columns[column.Name], window.Reference.Columns[column.Name])
		sum := frame.New()
		for part := range parts {
			sum.Add(frame.Count(rowsFrom(column, part*column.Rows()/parts, (part+1)*column.Rows()/parts), 0))
		}
		known.Columns[column.Name] = sum
	}
	known.Duplicates = stats.Duplicates(window.Current, nil)
	window.Current, window.Counted = nil, &known
	return window
}

func rowsFrom(column stats.Input, from, to int) stats.Input {
	part := stats.Input{Name: column.Name, Type: column.Type}
	if column.Numbers != nil {
		part.Numbers = column.Numbers[from:to]
	}
	if column.Text != nil {
		part.Text = column.Text[from:to]
	}
	if column.Null != nil {
		part.Null = column.Null[from:to]
	}
	return part
}

// A window that is judged by counts without a doubt has the verdict that its rows give, whatever it shows; and the windows that
// matter, large ones, leave no doubt unless a unit is in question.
func TestCountsJudgeAsRowsDo(t *testing.T) {
	low, high := -5.0, 5.0
	changes := map[string]func(drift.Window) drift.Window{
		"nothing": func(w drift.Window) drift.Window { return w },
		"a hair":  func(w drift.Window) drift.Window { return with(w, "age", func(x float64) float64 { return x + 0.12 }) },
		"little":  func(w drift.Window) drift.Window { return with(w, "age", func(x float64) float64 { return x + 0.15 }) },
		"a shift": func(w drift.Window) drift.Window { return with(w, "age", func(x float64) float64 { return x + 0.5 }) },
		"far":     func(w drift.Window) drift.Window { return with(w, "visits", func(x float64) float64 { return x + 2 }) },
		"a scale": func(w drift.Window) drift.Window {
			return with(w, "income", func(x float64) float64 { return 1.5 * x })
		},
		"a unit": func(w drift.Window) drift.Window {
			return with(w, "income", func(x float64) float64 { return 100 * x })
		},
		"a constant":  func(w drift.Window) drift.Window { return with(w, "price_eu", func(float64) float64 { return 19.99 }) },
		"a level":     func(w drift.Window) drift.Window { return withText(w, "city", everyTenth("Atlantis")) },
		"many levels": func(w drift.Window) drift.Window { return withText(w, "street", everyOne) },
		"a range": func(w drift.Window) drift.Window {
			w.Dataset = declared()
			w.Dataset.Columns["age"] = mlops.Column{Type: mlops.TypeNumber, Role: mlops.RoleFeature, Minimum: &low, Maximum: &high}
			return with(w, "age", func(x float64) float64 { return x + 7 })
		},
		"closed": func(w drift.Window) drift.Window {
			w.Dataset = declared()
			w.Dataset.Columns["colour"] = mlops.Column{Type: mlops.TypeCategory, Role: mlops.RoleFeature, Categories: []string{"1", "2"}}
			return w
		},
	}
	doubtful := map[string]bool{"a unit": true, "many levels": true}
	for name, change := range changes {
		for _, rows := range []int{300, 3000, 60000} {
			t.Run(fmt.Sprint(name, " ", rows), func(t *testing.T) {
				window := change(windowOf(t, 100+uint64(rows), rows))
				want := drift.Judge(window)
				got, doubts := drift.JudgeCounts(counted(window, 7))
				if len(doubts) > 0 {
					if rows == 60000 && !doubtful[name] {
						t.Errorf("doubts %v; want none of so many rows", doubts)
					}
					return
				}
				if doubtful[name] && rows == 60000 {
					t.Errorf("no doubt; want one")
				}
				if got.Verdict != want.Verdict || got.Rows != want.Rows || fmt.Sprint(got.Quality, got.Findings) != fmt.Sprint(want.Quality, want.Findings) {
					t.Errorf("counts say %s %v %v, rows %s %v %v", got.Verdict, got.Quality, got.Findings, want.Verdict, want.Quality, want.Findings)
				}
				drifted := map[string]mlops.FeatureReport{}
				for _, feature := range want.Features {
					drifted[feature.Name] = feature
				}
				for _, feature := range got.Features {
					rows := drifted[feature.Name]
					if feature.Drifted != rows.Drifted || feature.Effect != rows.Effect || feature.Threshold != rows.Threshold || *feature.PValue < *rows.PValue*(1-1e-9) {
						t.Errorf("%s: counts say %v, %v of %v, p %v; rows %v, %v of %v, p %v", feature.Name, feature.Drifted, feature.Effect, feature.Threshold,
							*feature.PValue, rows.Drifted, rows.Effect, rows.Threshold, *rows.PValue)
					}
				}
			})
		}
	}
}

func everyTenth(level string) func(int, string) string {
	return func(row int, value string) string {
		if row%10 == 0 {
			return level
		}
		return value
	}
}

func everyOne(row int, _ string) string { return fmt.Sprint("street ", row) }

// What rows that lie near a limit do is left to the rows: over many windows at the limit, counts without a doubt never differ.
func TestCountsNeverDifferAtTheLimit(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 1))
	doubtful := 0
	for seed := range uint64(60) {
		shift := 0.05 + 0.3*random.Float64()
		window := with(windowOf(t, 500+seed, 200+int(seed)*40), "age", func(x float64) float64 { return x + shift })
		got, doubts := drift.JudgeCounts(counted(window, 3))
		if len(doubts) > 0 {
			doubtful++
			continue
		}
		if want := drift.Judge(window); got.Verdict != want.Verdict {
			t.Errorf("seed %d: counts say %s, rows %s", seed, got.Verdict, want.Verdict)
		}
	}
	if doubtful == 60 {
		t.Errorf("every window is left to its rows")
	}
}
