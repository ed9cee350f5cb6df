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
	"bars": bars, "measure": formatMetric, "p": formatP, "percent": percent, "number": number, "decimal": func(value float64) string { return fmt.Sprintf("%.3f", value) }, "utc": utc, "gauge": gaugeWidth,
	"words": func(text any) string { return strings.ReplaceAll(fmt.Sprint(text), "_", " ") },
	"tone":  tone, "headline": headline, "open": func(index int) bool { return index < 3 },
}).Parse(pageSource))

// Page is what a report's page says beside the report.
type Page struct {
	// Title names what was judged; "" takes the monitor's name.
	Title string
	// Decisions say what was done because of it, for example "Episode opened; run 17 waits for data".
	Decisions []string
	// Notes say what was left out.
	Notes []string
}

// WriteHTML writes a report as one page that needs no network and no script.
func WriteHTML(to io.Writer, report mlops.DriftReport, page Page) error {
	if page.Title == "" {
		page.Title = report.Monitor
	}
	err := pageTemplate.Execute(to, struct {
		Page
		Report       mlops.DriftReport
		Next         string
		Significance float64
		Floor        float64
	}{page, report, nextStep(report), Significance, EffectFloor})
	if err != nil {
		return fmt.Errorf("page of report %q: %w", page.Title, err)
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

// The size of a chart in its own units.
const (
	chartWidth  = 560.0
	chartHeight = 132.0
)

// barPair is a chart's bar of both sides: lengths in chart units, and the words for who points at it.
type barPair struct {
	X, Width                    float64
	ReferenceTop, ReferenceSize float64
	CurrentTop, CurrentSize     float64
	Title, Label                string
}

// bars lays out a chart; a label stands under a bar where there is room.
func bars(chart *mlops.Chart) []barPair {
	highest := 0.0
	for i := range chart.Labels {
		highest = math.Max(highest, math.Max(chart.Reference[i], chart.Current[i]))
	}
	if highest == 0 {
		return nil
	}
	count := len(chart.Labels)
	slot := chartWidth / float64(count)
	every := max(1, count/6)
	pairs := make([]barPair, count)
	for i, label := range chart.Labels {
		reference, current := chart.Reference[i]/highest*chartHeight, chart.Current[i]/highest*chartHeight
		pairs[i] = barPair{
			X: slot * float64(i), Width: math.Min(slot*0.42, 34),
			ReferenceTop: chartHeight - reference, ReferenceSize: reference,
			CurrentTop: chartHeight - current, CurrentSize: current,
			Title: fmt.Sprintf("%s: reference %s, window %s", label, percent(chart.Reference[i]), percent(chart.Current[i])),
		}
		if count <= chartLevels+1 || i%every == 0 {
			pairs[i].Label = cut(strings.TrimPrefix(label, "below "), int(slot*float64(min(every, count))/7))
			if count > chartLevels+1 {
				pairs[i].Label, _, _ = strings.Cut(pairs[i].Label, " ")
			}
		}
	}
	return pairs
}

// cut shortens text to so many characters.
func cut(text string, length int) string {
	if runes := []rune(text); length >= 2 && len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return text
}

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
