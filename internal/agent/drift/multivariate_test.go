package drift_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// correlated draws two numbers of the given correlation, a category that follows neither, and noise beside them.
func correlated(random *rand.Rand, rows int, correlation float64) []stats.Input {
	columns := []stats.Input{
		{Name: "a", Type: mlops.TypeNumber}, {Name: "b", Type: mlops.TypeNumber}, {Name: "c", Type: mlops.TypeCategory},
		{Name: "d", Type: mlops.TypeNumber}, {Name: "e", Type: mlops.TypeNumber},
	}
	for range rows {
		a := random.NormFloat64()
		b := correlation*a + math.Sqrt(1-correlation*correlation)*random.NormFloat64()
		columns[0].Numbers = append(columns[0].Numbers, a)
		columns[1].Numbers = append(columns[1].Numbers, math.Exp(b))
		columns[2].Text = append(columns[2].Text, []string{"x", "y", "z"}[random.IntN(3)])
		columns[3].Numbers = append(columns[3].Numbers, random.ExpFloat64())
		columns[4].Numbers = append(columns[4].Numbers, math.Floor(3*random.ExpFloat64()))
	}
	return columns
}

func togetherWindow(t *testing.T, random *rand.Rand, before, now float64, rows int) drift.Window {
	t.Helper()
	reference := correlated(random, 4000, before)
	declared := mlops.Dataset{Columns: map[string]mlops.Column{}}
	for _, column := range reference {
		declared.Columns[column.Name] = mlops.Column{Type: column.Type, Role: mlops.RoleFeature}
	}
	return drift.Window{
		Dataset: declared, Monitor: mlops.DriftMonitor{Multivariate: true}, Reference: profileOf(t, reference), ReferenceRows: reference,
		Current: correlated(random, rows, now),
	}
}

// Features that hang together otherwise, each of them stable, are found; both ways round.
func TestChangedCorrelationIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(91, 1))
	for _, c := range []struct{ before, now float64 }{{0.8, 0}, {0, 0.8}, {0.6, -0.6}} {
		window := togetherWindow(t, random, c.before, c.now, 1000)
		wantVerdict(t, drift.Judge(window), mlops.VerdictCovariate, "together")
		window.Monitor.Multivariate = false
		wantVerdict(t, drift.Judge(window), mlops.VerdictStable)
	}
}

// With nothing changed, looking at all together raises no more alarms than looking at each.
func TestTogetherIsQuiet(t *testing.T) {
	random := rand.New(rand.NewPCG(92, 1))
	alarms := 0
	const looks = 40
	for look := range looks {
		report := drift.Judge(togetherWindow(t, random, 0.6, 0.6, []int{100, 300, 1000}[look%3]))
		for _, together := range report.Multivariate {
			if together.Drifted || together.Value == nil {
				alarms++
				t.Logf("%s %+v", together.Message, together)
			}
		}
	}
	if alarms > 1 {
		t.Errorf("%d of %d looks raised an alarm, want at most 1", alarms, looks)
	}
}

// Days that each have their own middle are what the reference's days say is normal.
func TestTogetherKnowsDays(t *testing.T) {
	random := rand.New(rand.NewPCG(93, 1))
	draw := func(days int) (columns []stats.Input, of []int64) {
		columns = []stats.Input{{Name: "a", Type: mlops.TypeNumber}, {Name: "b", Type: mlops.TypeNumber}, {Name: "c", Type: mlops.TypeNumber}}
		for day := range days {
			own := []float64{0.3 * random.NormFloat64(), 0.3 * random.NormFloat64(), 0.3 * random.NormFloat64()}
			for range 200 {
				for i := range columns {
					columns[i].Numbers = append(columns[i].Numbers, own[i]+random.NormFloat64())
				}
				of = append(of, int64(day))
			}
		}
		return columns, of
	}
	alarms := 0
	for range 10 {
		reference, days := draw(12)
		profile, err := stats.NewProfile(reference, days)
		if err != nil {
			t.Fatal(err)
		}
		current, _ := draw(1)
		declared := mlops.Dataset{Columns: map[string]mlops.Column{}}
		for _, column := range reference {
			declared.Columns[column.Name] = mlops.Column{Type: column.Type, Role: mlops.RoleFeature}
		}
		report := drift.Judge(drift.Window{
			Dataset: declared, Monitor: mlops.DriftMonitor{Multivariate: true}, Reference: profile, ReferenceRows: reference, ReferenceDays: days, Current: current,
		})
		for _, together := range report.Multivariate {
			if together.Drifted {
				alarms++
			}
		}
	}
	if alarms > 1 {
		t.Errorf("%d of 10 normal days raised an alarm, want at most 1", alarms)
	}
}

// Columns that cannot be looked at together give a reason, whatever they hold.
func TestTogetherOfOddColumns(t *testing.T) {
	odd := []stats.Input{
		{Name: "a", Type: mlops.TypeNumber, Numbers: make([]float64, 200)}, {Name: "b", Type: mlops.TypeNumber, Numbers: make([]float64, 200)},
	}
	for i := range odd[1].Numbers {
		odd[1].Numbers[i] = math.NaN()
	}
	declared := mlops.Dataset{Columns: map[string]mlops.Column{"a": {Type: mlops.TypeNumber, Role: mlops.RoleFeature}, "b": {Type: mlops.TypeNumber, Role: mlops.RoleFeature}}}
	report := drift.Judge(drift.Window{
		Dataset: declared, Monitor: mlops.DriftMonitor{Multivariate: true}, Reference: profileOf(t, odd), ReferenceRows: odd, Current: odd,
	})
	if len(report.Multivariate) != 2 || report.Multivariate[0].Reason == "" || report.Multivariate[0].Value != nil {
		t.Errorf("report %+v, want two reasons", report.Multivariate)
	}
}
