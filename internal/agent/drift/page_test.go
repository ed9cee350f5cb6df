package drift_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// outward finds what a browser would fetch or run.
var outward = regexp.MustCompile(`(?i)<script|https?://|src=|@import|url\(|<link|<iframe|javascript:`)

// A page stands alone: no script, nothing to fetch, small; and names from the data are text, whatever they look like.
func TestPageStandsAlone(t *testing.T) {
	const evil = `<script>alert("x")</script>`
	window := withText(windowOf(t, 80, 2000), "city", replace("2", evil))
	report := drift.Judge(window)
	report.Monitor, report.Model, report.ModelVersion, report.Deployment = "delay", "flight-delay", 3, "flight-delay"
	report.WindowStart = time.Date(2001, 2, 12, 0, 0, 0, 0, time.UTC)
	report.WindowEnd = report.WindowStart.Add(24 * time.Hour)
	var page bytes.Buffer
	if err := drift.WriteHTML(&page, report, drift.Page{Decisions: []string{"An episode opened."}, Notes: []string{"id was not compared"}}); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	if found := outward.FindString(text); found != "" {
		t.Errorf("the page holds %q", found)
	}
	if len(text) > 200_000 {
		t.Errorf("the page has %d bytes, want at most 200,000 for 7 features", len(text))
	}
	for _, want := range []string{
		"covariate drift", "&lt;script&gt;", "mlops drift accept delay", "flight-delay version 3", "12 Feb 2001 00:00 to 13 Feb 2001 00:00 UTC",
		"An episode opened.", "id was not compared", "psi/levels", "<svg", "prefers-color-scheme: dark",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
}

// Every verdict has a page that says what to do, with and without features.
func TestEveryVerdictSaysWhatToDo(t *testing.T) {
	for _, verdict := range []mlops.Verdict{
		mlops.VerdictStable, mlops.VerdictInsufficient, mlops.VerdictDataQuality, mlops.VerdictSeasonal,
		mlops.VerdictCovariate, mlops.VerdictPrediction, mlops.VerdictLabel, mlops.VerdictPerformance,
	} {
		report := mlops.DriftReport{Verdict: verdict, Features: []mlops.FeatureReport{{Name: "a", Chart: &mlops.Chart{}}}}
		var page bytes.Buffer
		if err := drift.WriteHTML(&page, report, drift.Page{}); err != nil {
			t.Errorf("%s: %v", verdict, err)
		}
		if !regexp.MustCompile(`What to do</b>\w`).MatchString(page.String()) {
			t.Errorf("%s: the page does not say what to do", verdict)
		}
	}
}
