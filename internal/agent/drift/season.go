package drift

import "github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"

// What a report says of the season.
const (
	SeasonExplained   = "explained"
	SeasonUnexplained = "unexplained"
	SeasonUnknown     = "season_unknown"
)

// explain asks whether the same season of the last cycle shows what has changed against the reference: a feature that has
// drifted but looks as it did then is seasonal. When all of them are, so is the window; when some are, the others keep
// their verdict. It returns what the report says of the season, "" where none was looked for or nothing has changed.
func (w Window) explain(report *mlops.DriftReport) string {
	if w.Monitor.Season <= 0 && w.Season == nil {
		return ""
	}
	if w.Monitor.Reference == mlops.ReferenceSeason && w.Season != nil {
		return "" // it is what the window was compared with
	}
	if report.Verdict == mlops.VerdictStable {
		return ""
	}
	if w.Season == nil || w.Season.Rows < w.minimumRows() {
		return SeasonUnknown
	}
	left := map[string]bool{}
	for _, m := range w.measureAll(*w.Season, w.sight(*w.Season)) {
		left[m.report.Name] = m.report.Drifted
	}
	var unexplained []mlops.FeatureReport
	for _, feature := range drifted(report.Features) {
		if changed, compared := left[feature.Name]; changed || !compared {
			unexplained = append(unexplained, feature)
		}
	}
	if len(unexplained) == 0 {
		report.Verdict = mlops.VerdictSeasonal
		return SeasonExplained
	}
	report.Verdict = verdictOf(w.kinds(), unexplained)
	return SeasonUnexplained
}
