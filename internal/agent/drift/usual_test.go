package drift_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// An amount that is 1.609 times as high every seventh day is not in kilometres, where the reference's days or the last cycle
// show it; nobody can know where neither does, and another unit is still one.
func TestWhatIsUsualIsNoUnit(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	amounts := func(rows int, factor float64) []float64 {
		values := make([]float64, rows)
		for i := range values {
			values[i] = 50 * factor * math.Exp(random.NormFloat64()/5)
		}
		return values
	}
	column := func(values []float64) []stats.Input {
		return []stats.Input{{Name: "amount", Type: mlops.TypeNumber, Numbers: values}}
	}
	const rows = 500
	weekly := func(day int) float64 {
		if day%7 == 6 {
			return 1.609344
		}
		return 1
	}
	var values []float64
	var days []int64
	for day := range 28 {
		values = append(values, amounts(rows, weekly(day))...)
		for range rows {
			days = append(days, int64(day))
		}
	}
	withDays, err := stats.NewProfile(column(values), days)
	if err != nil {
		t.Fatal(err)
	}
	weekdays, saturday := profileOf(t, column(amounts(10000, 1))), profileOf(t, column(amounts(5000, 1.609344)))
	window := drift.Window{Dataset: mlops.Dataset{Columns: map[string]mlops.Column{"amount": {Type: mlops.TypeNumber, Role: mlops.RoleFeature}}}}
	for name, c := range map[string]struct {
		reference stats.Profile
		season    *stats.Profile
		factor    float64
		want      mlops.Verdict
	}{
		"its days show it":            {withDays, nil, 1.609344, mlops.VerdictStable},
		"the last cycle shows it":     {weekdays, &saturday, 1.609344, mlops.VerdictSeasonal},
		"the last cycle does not":     {weekdays, &weekdays, 1.609344, mlops.VerdictDataQuality},
		"there is nothing to know by": {weekdays, nil, 1.609344, mlops.VerdictDataQuality},
	} {
		t.Run(name, func(t *testing.T) {
			window.Reference, window.Season, window.Current = c.reference, c.season, column(amounts(3000, c.factor))
			wantVerdict(t, drift.Judge(window), c.want)
		})
	}
	t.Run("its days never went so far", func(t *testing.T) {
		mixed := append(amounts(3000, 60), amounts(500, 60*1.609344)...)
		window.Reference, window.Season, window.Current = withDays, nil, column(mixed)
		wantVerdict(t, drift.Judge(window), mlops.VerdictDataQuality, "60 times")
	})
}
