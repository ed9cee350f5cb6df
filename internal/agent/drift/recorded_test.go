package drift

import (
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// A day is compared with what the monitor names: what it was trained on, the days before, fixed days, or the last turn of the
// cycle. Elsewhere flights come from other places.
func TestReferencesOfTraffic(t *testing.T) {
	const dayLength = mlops.Duration(24 * time.Hour)
	f := newFlights(t)
	for day, elsewhere := range []bool{false, true, false, true, true} {
		f.serve(t, day, 1, 1, elsewhere)
	}
	training := f.looker.Monitor
	for name, c := range map[string]struct {
		change    func(*mlops.DriftMonitor)
		day       int
		want      mlops.Verdict
		season    string
		reference string
	}{
		"training": {func(*mlops.DriftMonitor) {}, 1, mlops.VerdictCovariate, "", "training split"},
		"a fixed day that looked so": {func(m *mlops.DriftMonitor) {
			m.Reference, m.ReferenceFrom, m.ReferenceTo = mlops.ReferenceWindow, monday.AddDate(0, 0, 1), monday.AddDate(0, 0, 2)
		}, 3, mlops.VerdictStable, "", "traffic from"},
		"the day before looked so": {func(m *mlops.DriftMonitor) {
			m.Reference, m.ReferenceLength = mlops.ReferenceRolling, dayLength
		}, 4, mlops.VerdictStable, "", "traffic from"},
		"the day before did not": {func(m *mlops.DriftMonitor) {
			m.Reference, m.ReferenceLength = mlops.ReferenceRolling, dayLength
		}, 3, mlops.VerdictCovariate, "", "traffic from"},
		"nothing before": {func(m *mlops.DriftMonitor) {
			m.Reference, m.ReferenceLength = mlops.ReferenceRolling, dayLength
		}, 0, mlops.VerdictInsufficient, "", "traffic from"},
		"the same season": {func(m *mlops.DriftMonitor) {
			m.Reference, m.Season = mlops.ReferenceSeason, 2*dayLength
		}, 3, mlops.VerdictStable, "", "traffic from"},
		"another season": {func(m *mlops.DriftMonitor) {
			m.Reference, m.Season = mlops.ReferenceSeason, 2*dayLength
		}, 4, mlops.VerdictCovariate, "", "traffic from"},
		"before the first cycle": {func(m *mlops.DriftMonitor) {
			m.Reference, m.Season = mlops.ReferenceSeason, 2*dayLength
		}, 1, mlops.VerdictCovariate, SeasonUnknown, "training split"},
		"a season explains": {func(m *mlops.DriftMonitor) { m.Season = 2 * dayLength }, 3, mlops.VerdictSeasonal, SeasonExplained, "training split"},
		"a season does not": {func(m *mlops.DriftMonitor) { m.Season = 2 * dayLength }, 4, mlops.VerdictCovariate, SeasonUnexplained, "training split"},
	} {
		t.Run(name, func(t *testing.T) {
			f.looker.Monitor = training
			c.change(&f.looker.Monitor)
			read, err := f.looker.window(t.Context(), monday.AddDate(0, 0, c.day+1), false)
			if err != nil {
				t.Fatal(err)
			}
			report, _ := read.judge(f.looker.Monitor, monday)
			if report.Verdict != c.want || report.Season != c.season || !strings.Contains(report.Reference, c.reference) {
				t.Errorf("%s, season %q, against %s (%s); want %s, %q, %s", report.Verdict, report.Season, report.Reference, report.Summary, c.want, c.season, c.reference)
			}
		})
	}
}
