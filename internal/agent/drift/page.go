package drift

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

//go:embed page.gohtml
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"measure": formatMetric, "p": formatP, "percent": percent, "number": number, "decimal": func(value float64) string { return fmt.Sprintf("%.3f", value) }, "utc": utc, "gauge": gaugeWidth, "share": share, "initial": initial,
	"words": func(text any) string { return strings.ReplaceAll(fmt.Sprint(text), "_", " ") },
	"tone":  tone, "headline": headline, "open": func(index int) bool { return index < 3 },
}).Parse(pageSource))

// Page is what a report's page says beside the report.
type Page struct {
	// Title names what was judged; "" takes the monitor's name.
	Title string
	// Decisions say what was done because of it, for example "Episode opened; run 17 waits for data".
	Decisions []string
	// Past are reports of earlier windows of the monitor, in the order in which they were judged: the trend.
	Past []mlops.DriftReport
	// Notes say what was left out.
	Notes []string
}

// WriteHTML writes a report as one page that needs no network and no script.
func WriteHTML(to io.Writer, report mlops.DriftReport, page Page) error {
	view := newPageView(report, page)
	if err := pageTemplate.Execute(to, view); err != nil {
		return fmt.Errorf("page of report %q: %w", view.Title, err)
	}
	return nil
}

// nextStep says what a person should do about a verdict.
func nextStep(report mlops.DriftReport) string {
	accept := ""
	if report.Monitor != "" {
		accept = fmt.Sprintf(" If the data is right after all, overrule it: mlops drift accept %s --reason \"…\".", report.Monitor)
	}
	switch report.Verdict {
	case mlops.VerdictStable:
		return "Nothing. The data looks as the reference does."
	case mlops.VerdictInsufficient:
		return "Wait for more rows, or judge a longer window."
	case mlops.VerdictDataQuality:
		return "Mend the source of the data. Nothing is trained on it while the fault lasts." + accept
	case mlops.VerdictSeasonal:
		return "Nothing: this comes and goes with the season. If it hurts, train on a whole cycle."
	case mlops.VerdictPrediction:
		return "Look at what the model answers: its input looks as before, its output does not."
	case mlops.VerdictLabel:
		return "Check how labels are made. If the change is real, retrain on data that holds it."
	case mlops.VerdictPerformance:
		return "Retrain, or roll back to a version that did better."
	default:
		return "Look at the features below. If the change is real and lasts, retrain on data that holds it." + accept
	}
}

// headline is a verdict in words.
func headline(verdict mlops.Verdict) string {
	if verdict.Drifted() && verdict != mlops.VerdictPerformance {
		return string(verdict) + " drift"
	}
	return strings.ReplaceAll(string(verdict), "_", " ")
}

// tone is the colour of a verdict: calm, bad or attention.
func tone(verdict mlops.Verdict) string {
	switch verdict {
	case mlops.VerdictStable, mlops.VerdictSeasonal:
		return "calm"
	case mlops.VerdictInsufficient:
		return "grey"
	case mlops.VerdictDataQuality:
		return "bad"
	default:
		return "attention"
	}
}

// cut shortens text to so many characters.
func cut(text string, length int) string {
	if runes := []rune(text); length >= 2 && len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return text
}

// initial is a verdict in one letter, so that it does not hang on colour.
func initial(verdict mlops.Verdict) string {
	return strings.ToUpper(string(verdict[:min(1, len(verdict))]))
}

// share is one count of another, in percent.
func share(part, of int64) string { return percent(rate(part, of)) }

// gaugeWidth is how much of a gauge is filled, in percent: half of it is the threshold.
func gaugeWidth(effect, threshold float64) string {
	if threshold <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.1f", math.Min(100, math.Max(0, 50*effect/threshold)))
}

func formatMetric(value *float64) string {
	if value == nil {
		return "–"
	}
	return fmt.Sprintf("%.4g", *value)
}

func formatP(value *float64) string {
	switch {
	case value == nil:
		return "–"
	case *value < 1e-12:
		return "< 1e-12"
	default:
		return fmt.Sprintf("%.2g", *value)
	}
}

func utc(at time.Time) string { return at.UTC().Format("2 Jan 2006 15:04") }
