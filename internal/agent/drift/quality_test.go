package drift_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// What cannot be true is told before drift, by rule and in words.
func TestDataQualityComesFirst(t *testing.T) {
	declare := func(window drift.Window, name string, change func(*mlops.Column)) drift.Window {
		column := window.Dataset.Columns[name]
		change(&column)
		window.Dataset.Columns[name] = column
		return window
	}
	nulls := func(window drift.Window, name string, every int) drift.Window {
		window.Current = append([]stats.Input(nil), window.Current...)
		for i, column := range window.Current {
			if column.Name == name {
				window.Current[i].Null = make([]bool, column.Rows())
				for row := 0; row < column.Rows(); row += every {
					window.Current[i].Null[row] = true
				}
			}
		}
		return window
	}
	for name, c := range map[string]struct {
		change func(drift.Window) drift.Window
		rule   string
		words  []string
	}{
		"a flood of nulls": {func(w drift.Window) drift.Window { return nulls(w, "age", 3) }, drift.RuleNull, []string{"33 % of age is null, 0 % in the reference"}},
		"a declared limit of nulls": {func(w drift.Window) drift.Window {
			return nulls(declare(w, "age", func(c *mlops.Column) { c.MaximumNullPercent = new(float64(1)) }), "age", 40)
		}, drift.RuleNull, []string{"2.5 % of age is null, 1.0 % is allowed"}},
		"a missing column": {func(w drift.Window) drift.Window { w.Current = w.Current[1:]; return w }, drift.RuleSchema, []string{"age is missing"}},
		"cells of the wrong type": {func(w drift.Window) drift.Window {
			w = nulls(w, "age", 10)
			w.TypeErrors = map[string]int64{"age": 100}
			return w
		}, drift.RuleType, []string{"10 % of age is no number"}},
		"a declared range": {func(w drift.Window) drift.Window {
			return declare(w, "age", func(c *mlops.Column) { c.Minimum, c.Maximum = new(float64(-2)), new(float64(2)) })
		}, drift.RuleRange, []string{"declared range (minimum -2, maximum 2)"}},
		"a closed set": {func(w drift.Window) drift.Window {
			return declare(withText(w, "colour", newAt(20)), "colour", func(c *mlops.Column) { c.Categories = []string{"1", "2", "3", "4", "5"} })
		}, drift.RuleCategory, []string{`5.0 % of colour is none of the declared categories, most often "never seen"`}},
	} {
		t.Run(name, func(t *testing.T) {
			window := c.change(windowOf(t, 40, 1000))
			report := drift.Judge(window)
			wantVerdict(t, report, mlops.VerdictDataQuality, c.words...)
			if len(report.Quality) == 0 || report.Quality[0].Rule != c.rule {
				t.Errorf("faults %+v, want first one of the rule %q", report.Quality, c.rule)
			}
		})
	}
}

// A stray bad cell is no reason to stop.
func TestStrayCellsAreNoFault(t *testing.T) {
	window := windowOf(t, 41, 1000)
	window.TypeErrors = map[string]int64{"age": 2}
	wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
}

// unitCase is a column in one unit and the mistake of sending it in another.
type unitCase struct {
	column string
	unit   string
	law    func(*rand.Rand) float64
	send   func(float64) float64
	words  []string
}

func times(factor float64) func(float64) float64 {
	return func(x float64) float64 { return factor * x }
}

func TestUnitsAreNamed(t *testing.T) {
	distance := func(r *rand.Rand) float64 { return math.Round(700 * math.Exp(0.6*r.NormFloat64())) }
	body := func(r *rand.Rand) float64 { return 75 + 12*r.NormFloat64() }
	weather := func(r *rand.Rand) float64 { return 12 + 8*r.NormFloat64() }
	for name, c := range map[string]unitCase{
		"miles by name":     {"distance_miles", "", distance, times(1.609344), []string{"distance_miles looks like kilometres, not miles", "1.609 times"}},
		"miles by unit":     {"distance", "miles", distance, times(1.609344), []string{"distance looks like kilometres, not miles"}},
		"nobody says":       {"distance", "", distance, times(1.609344), []string{"distance looks like another unit", "1.609 times"}},
		"kilometres":        {"distance_km", "", distance, times(1 / 1.609344), []string{"distance_km looks like miles, not kilometres"}},
		"kilograms":         {"weight", "kg", body, times(2.2046226), []string{"weight looks like pounds, not kilograms"}},
		"centimetres":       {"length_cm", "", body, times(1 / 2.54), []string{"length_cm looks like inches, not centimetres"}},
		"metres":            {"altitude_m", "m", body, times(3.2808399), []string{"altitude_m looks like feet, not metres"}},
		"seconds":           {"duration_seconds", "", distance, times(1000), []string{"duration_seconds looks like milliseconds, not seconds"}},
		"minutes":           {"delay_minutes", "", distance, times(60), []string{"delay_minutes looks like seconds, not minutes"}},
		"percent":           {"load_percent", "", body, times(0.01), []string{"load_percent looks like shares, not percent"}},
		"degrees":           {"temperature", "°C", weather, func(x float64) float64 { return 1.8*x + 32 }, []string{"temperature looks like degrees Fahrenheit, not degrees Celsius"}},
		"values both signs": {"delay_minutes", "", weather, times(60), []string{"delay_minutes looks like seconds, not minutes"}},
	} {
		t.Run(name, func(t *testing.T) { wantVerdict(t, drift.Judge(c.window(t, 51)), mlops.VerdictDataQuality, c.words...) })
	}
}

// A factor that is no unit's, or too uncertain to be told from others, is drift.
func TestOtherFactorsAreNoUnit(t *testing.T) {
	heavy := func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) }
	normal := func(r *rand.Rand) float64 { return 75 + 12*r.NormFloat64() }
	for name, c := range map[string]unitCase{
		"times 1.5":       {"amount", "", normal, times(1.5), nil},
		"times 1.5 heavy": {"amount", "", heavy, times(1.5), nil},
		"times 2":         {"distance_miles", "", normal, times(2), nil},
		"times 1.7":       {"distance_miles", "", normal, times(1.7), nil},
		"a shift":         {"temperature", "°C", normal, func(x float64) float64 { return x + 40 }, nil},
		"another shape":   {"amount", "", normal, func(x float64) float64 { return x * x / 40 }, nil},
	} {
		for seed := range uint64(10) {
			t.Run(name, func(t *testing.T) { wantVerdict(t, drift.Judge(c.window(t, 60+seed)), mlops.VerdictCovariate) })
		}
	}
}

func (c unitCase) window(t *testing.T, seed uint64) drift.Window { return c.windowOf(t, seed, 1500) }

func (c unitCase) windowOf(t *testing.T, seed uint64, rows int) drift.Window {
	random := rand.New(rand.NewPCG(seed, 2))
	reference, current := numbers(c.law)(random, 8000), numbers(c.law)(random, rows)
	for i, x := range current.Numbers {
		current.Numbers[i] = c.send(x)
	}
	reference.Name, current.Name = c.column, c.column
	return drift.Window{
		Dataset:   mlops.Dataset{Columns: map[string]mlops.Column{c.column: {Type: mlops.TypeNumber, Role: mlops.RoleFeature, Unit: c.unit}}},
		Reference: profileOf(t, []stats.Input{reference}),
		Current:   []stats.Input{current},
	}
}

// The unit explains values beyond the declared range: it is told once.
func TestUnitExplainsTheRange(t *testing.T) {
	c := unitCase{"distance_miles", "", func(r *rand.Rand) float64 { return 500 + 100*r.NormFloat64() }, times(1.609344), nil}
	window := c.window(t, 71)
	column := window.Dataset.Columns["distance_miles"]
	column.Maximum = new(float64(900))
	window.Dataset.Columns["distance_miles"] = column
	report := drift.Judge(window)
	if len(report.Quality) != 1 || !strings.Contains(report.Quality[0].Message, "kilometres") {
		t.Errorf("faults %+v, want the unit alone", report.Quality)
	}
}
