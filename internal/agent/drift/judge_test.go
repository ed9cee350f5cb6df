package drift_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// features make columns of one kind each, from the same laws every time.
var features = map[string]func(random *rand.Rand, rows int) stats.Input{
	"age":      numbers(func(r *rand.Rand) float64 { return r.NormFloat64() }),
	"income":   numbers(func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) }),
	"visits":   numbers(func(r *rand.Rand) float64 { return math.Floor(r.ExpFloat64() * 2) }),
	"price_eu": numbers(func(r *rand.Rand) float64 { return math.Round(20*math.Exp(0.7*r.NormFloat64())) - 0.01 }),
	"colour":   levels(5),
	"city":     levels(50),
	"street":   levels(5000),
}

func numbers(draw func(*rand.Rand) float64) func(*rand.Rand, int) stats.Input {
	return func(random *rand.Rand, rows int) stats.Input {
		column := stats.Input{Type: mlops.TypeNumber, Numbers: make([]float64, rows)}
		for i := range column.Numbers {
			column.Numbers[i] = draw(random)
		}
		return column
	}
}

// levels draws values of which few are frequent and most are rare.
func levels(count float64) func(*rand.Rand, int) stats.Input {
	return func(random *rand.Rand, rows int) stats.Input {
		column := stats.Input{Type: mlops.TypeCategory, Text: make([]string, rows)}
		for i := range column.Text {
			column.Text[i] = strconv.Itoa(int(math.Pow(count, random.Float64())))
		}
		return column
	}
}

// draw makes rows of all features.
func draw(random *rand.Rand, rows int) []stats.Input {
	columns := make([]stats.Input, 0, len(features))
	for _, name := range declared().ColumnNames() {
		column := features[name](random, rows)
		column.Name = name
		columns = append(columns, column)
	}
	return columns
}

func declared() mlops.Dataset {
	all := mlops.Dataset{Columns: map[string]mlops.Column{}}
	for name := range features {
		all.Columns[name] = mlops.Column{Type: features[name](rand.New(rand.NewPCG(0, 0)), 0).Type, Role: mlops.RoleFeature}
	}
	return all
}

// windowOf is a window of rows from the reference's own laws.
func windowOf(t *testing.T, seed uint64, rows int) drift.Window {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	return drift.Window{Dataset: declared(), Reference: profileOf(t, draw(random, 10000)), Current: draw(random, rows)}
}

func profileOf(t *testing.T, columns []stats.Input) stats.Profile {
	t.Helper()
	profile, err := stats.NewProfile(columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

// with replaces the numbers of one column by a function of them.
func with(window drift.Window, name string, change func(float64) float64) drift.Window {
	window.Current = append([]stats.Input(nil), window.Current...)
	for i, column := range window.Current {
		if column.Name == name {
			values := make([]float64, len(column.Numbers))
			for row, value := range column.Numbers {
				values[row] = change(value)
			}
			window.Current[i].Numbers = values
		}
	}
	return window
}

// withText replaces the text of one column.
func withText(window drift.Window, name string, change func(row int, value string) string) drift.Window {
	window.Current = append([]stats.Input(nil), window.Current...)
	for i, column := range window.Current {
		if column.Name == name {
			values := make([]string, len(column.Text))
			for row, value := range column.Text {
				values[row] = change(row, value)
			}
			window.Current[i].Text = values
		}
	}
	return window
}

func wantVerdict(t *testing.T, report mlops.DriftReport, want mlops.Verdict, words ...string) {
	t.Helper()
	if report.Verdict != want {
		t.Errorf("verdict %s (%s), want %s", report.Verdict, report.Summary, want)
	}
	for _, word := range words {
		if !strings.Contains(report.Summary, word) {
			t.Errorf("summary %q does not say %q", report.Summary, word)
		}
	}
}

// With nothing changed, few looks raise an alarm: at most 1 % are meant to, and 5 of 200 would be far beyond that.
func TestNoDriftIsStable(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	alarms, looks := 0, 0
	for range 4 {
		reference := profileOf(t, draw(random, 8000))
		for look := range 50 {
			rows := []int{100, 300, 1000}[look%3]
			report := drift.Judge(drift.Window{Dataset: declared(), Reference: reference, Current: draw(random, rows)})
			looks++
			if report.Verdict != mlops.VerdictStable {
				alarms++
				t.Logf("%d rows: %s: %s", rows, report.Verdict, report.Summary)
			}
		}
	}
	if alarms > 4 {
		t.Errorf("%d of %d looks raised an alarm, want at most 4", alarms, looks)
	}
}

// The changes that matter are found in nearly every window of their size, and called covariate.
func TestChangesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		rows   int
		change func(drift.Window) drift.Window
	}{
		"half a deviation":         {200, func(w drift.Window) drift.Window { return with(w, "age", func(x float64) float64 { return x + 0.5 }) }},
		"a quarter of a deviation": {800, func(w drift.Window) drift.Window { return with(w, "age", func(x float64) float64 { return x + 0.25 }) }},
		"lognormal times 1.5": {1000, func(w drift.Window) drift.Window {
			return with(w, "income", func(x float64) float64 { return 1.5 * x })
		}},
		"twice the spread":          {300, func(w drift.Window) drift.Window { return with(w, "age", func(x float64) float64 { return 2 * x }) }},
		"a new colour, 2 %":         {1000, func(w drift.Window) drift.Window { return withText(w, "colour", newAt(50)) }},
		"a new street, 2 %":         {1000, func(w drift.Window) drift.Window { return withText(w, "street", newAt(50)) }},
		"the first colour vanishes": {1000, func(w drift.Window) drift.Window { return withText(w, "colour", replace("1", "2")) }},
		"a city becomes another":    {1000, func(w drift.Window) drift.Window { return withText(w, "city", replace("2", "3")) }},
	} {
		t.Run(name, func(t *testing.T) {
			found := 0
			const tries = 12
			for seed := range uint64(tries) {
				report := drift.Judge(c.change(windowOf(t, seed+100, c.rows)))
				if report.Verdict == mlops.VerdictCovariate {
					found++
				} else {
					t.Logf("%s: %s", report.Verdict, report.Summary)
				}
			}
			if found < tries-2 {
				t.Errorf("found in %d of %d windows, want at least %d", found, tries, tries-2)
			}
		})
	}
}

func newAt(every int) func(int, string) string {
	return func(row int, value string) string {
		if row%every == 0 {
			return "never seen"
		}
		return value
	}
}

func replace(from, to string) func(int, string) string {
	return func(_ int, value string) string {
		if value == from {
			return to
		}
		return value
	}
}

func TestTooFewRowsAreInsufficient(t *testing.T) {
	window := with(windowOf(t, 1, 99), "age", func(x float64) float64 { return x + 5 })
	report := drift.Judge(window)
	wantVerdict(t, report, mlops.VerdictInsufficient, "99", "100")
	for _, feature := range report.Features {
		if feature.Drifted {
			t.Errorf("%s is marked as drifted in a window that is not judged", feature.Name)
		}
	}
	window.Monitor.MinimumRows = 50
	wantVerdict(t, drift.Judge(window), mlops.VerdictCovariate, "age")
	wantVerdict(t, drift.Judge(drift.Window{Dataset: declared(), Reference: window.Reference}), mlops.VerdictInsufficient, "0")
}

// Sensitivity moves what is raised, and only the features that the monitor names are looked at.
func TestMonitorTunesFeatures(t *testing.T) {
	window := with(windowOf(t, 3, 3000), "age", func(x float64) float64 { return x + 0.2 })
	wantVerdict(t, drift.Judge(window), mlops.VerdictCovariate, "age")
	window.Monitor.Features = map[string]mlops.FeatureWatch{"age": {Sensitivity: 0.2}}
	wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
	window.Monitor.Features = map[string]mlops.FeatureWatch{"city": {Sensitivity: 1}}
	report := drift.Judge(window)
	wantVerdict(t, report, mlops.VerdictStable)
	if len(report.Features) != 1 {
		t.Errorf("%d features are reported, want 1", len(report.Features))
	}
}

// A shift that the reference's own days show all the time is no news; one beyond them is.
func TestDaysOfTheReferenceSetTheLimit(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	var values []float64
	var days []int64
	for day := range 30 {
		own := 0.3 * random.NormFloat64()
		for range 500 {
			values, days = append(values, random.NormFloat64()+own), append(days, int64(day))
		}
	}
	profile, err := stats.NewProfile([]stats.Input{{Name: "age", Type: mlops.TypeNumber, Numbers: values}}, days)
	if err != nil {
		t.Fatal(err)
	}
	declared := mlops.Dataset{Columns: map[string]mlops.Column{"age": {Type: mlops.TypeNumber, Role: mlops.RoleFeature}}}
	for shift, want := range map[float64]mlops.Verdict{0.4: mlops.VerdictStable, 1.5: mlops.VerdictCovariate} {
		current := numbers(func(r *rand.Rand) float64 { return r.NormFloat64() + shift })(random, 2000)
		current.Name = "age"
		wantVerdict(t, drift.Judge(drift.Window{Dataset: declared, Reference: profile, Current: []stats.Input{current}}), want)
	}
}

func TestSeason(t *testing.T) {
	window := with(windowOf(t, 5, 1000), "age", func(x float64) float64 { return x + 1 })
	window.Monitor.Season = 1
	report := drift.Judge(window)
	wantVerdict(t, report, mlops.VerdictCovariate, "age", "one whole cycle")
	if report.Season != drift.SeasonUnknown {
		t.Errorf("season %q, want %q", report.Season, drift.SeasonUnknown)
	}
	lastSummer := with(windowOf(t, 6, 5000), "age", func(x float64) float64 { return x + 1 })
	season := profileOf(t, lastSummer.Current)
	window.Season = &season
	report = drift.Judge(window)
	wantVerdict(t, report, mlops.VerdictSeasonal, "age", "season")
	if report.Season != drift.SeasonExplained {
		t.Errorf("season %q, want %q", report.Season, drift.SeasonExplained)
	}
	report = drift.Judge(withText(window, "city", replace("1", "2")))
	wantVerdict(t, report, mlops.VerdictCovariate, "city")
	if report.Season != drift.SeasonUnexplained {
		t.Errorf("season %q, want %q", report.Season, drift.SeasonUnexplained)
	}
}

func TestPredictionsAndLabels(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 32))
	window := windowOf(t, 7, 1000)
	reference := stats.NewColumnProfile(numbers((*rand.Rand).NormFloat64)(random, 5000))
	moved := numbers(func(r *rand.Rand) float64 { return r.NormFloat64() + 1 })(random, 1000)
	window.Predictions, window.PredictionReference = &moved, &reference
	wantVerdict(t, drift.Judge(window), mlops.VerdictPrediction, "prediction")

	window = windowOf(t, 8, 1000)
	label := window.Dataset.Columns["colour"]
	label.Role = mlops.RoleLabel
	window.Dataset.Columns["colour"] = label
	wantVerdict(t, drift.Judge(withText(window, "colour", replace("1", "2"))), mlops.VerdictLabel, "colour")
}

// Labels come late: those that have not arrived say nothing.
func TestLateLabelsAreNoDrift(t *testing.T) {
	for _, missing := range []int{1, 2} { // all of them, every second
		window := windowOf(t, 9, 1000)
		label := window.Dataset.Columns["colour"]
		label.Role = mlops.RoleLabel
		window.Dataset.Columns["colour"] = label
		for i, column := range window.Current {
			if column.Name == "colour" {
				window.Current[i].Null = make([]bool, column.Rows())
				for row := 0; row < column.Rows(); row += missing {
					window.Current[i].Null[row] = true
				}
			}
		}
		wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
	}
}
