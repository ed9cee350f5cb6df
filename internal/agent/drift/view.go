package drift

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What of a report stands on its page, so that the page stays small whatever the report holds.
const (
	toldFeatures   = 50  // with pictures and numbers, those that changed most
	listedFeatures = 300 // in the table
	pastWindows    = 24  // of the trend, this one among them
)

// pageView is a report as its page shows it.
type pageView struct {
	Page
	Report       mlops.DriftReport
	Next         string
	Significance float64
	Floor        float64
	Features     []featureView
	Untold       string // how many features are left out
	Windows      []windowView
}

// featureView is one feature on the page.
type featureView struct {
	mlops.FeatureReport
	Told      bool
	NullWords string
	Histogram *histogramView
	Levels    []levelView
	Trend     *trendView
	Numbers   []numberView
}

// numberView is a number with its method and the way that it came.
type numberView struct {
	mlops.MetricReport
	Spark, Words string
}

// windowView is one window of the past, or this one.
type windowView struct {
	End     time.Time
	Verdict mlops.Verdict
	Rows    int64
	Most    string // the feature that came nearest to its limit, or passed it furthest
}

func newPageView(report mlops.DriftReport, page Page) pageView {
	if page.Title == "" {
		page.Title = report.Monitor
	}
	view := pageView{Page: page, Report: report, Next: nextStep(report), Significance: Significance, Floor: EffectFloor}
	course := courseOf(report, page.Past)
	if len(course) > 1 {
		for _, past := range course {
			view.Windows = append(view.Windows, windowView{past.WindowEnd, past.Verdict, past.Rows, mostChanged(past.DriftReport)})
		}
	}
	for i, feature := range report.Features[:min(listedFeatures, len(report.Features))] {
		view.Features = append(view.Features, newFeatureView(feature, i < toldFeatures, course))
	}
	if all := len(report.Features); all > toldFeatures {
		view.Untold = fmt.Sprintf("Pictures and numbers are shown of the %d features that changed most, of %d; the report's JSON has all.", toldFeatures, all)
	}
	return view
}

func newFeatureView(feature mlops.FeatureReport, told bool, course []pastWindow) featureView {
	view := featureView{FeatureReport: feature, Told: told}
	if sides := feature.Sides; sides != nil {
		view.NullWords = percent(rate(sides.Window.Nulls, sides.Window.Rows))
		if was := percent(rate(sides.Reference.Nulls, sides.Reference.Rows)); was != view.NullWords {
			view.NullWords = was + " → " + view.NullWords
		}
	}
	if !told {
		return view
	}
	switch {
	case feature.Chart == nil || len(feature.Chart.Labels) == 0:
	case feature.Type == mlops.TypeNumber:
		view.Histogram = newHistogramView(feature.Name, *feature.Chart)
	default:
		view.Levels = levelViews(*feature.Chart)
	}
	view.Trend = newTrendView(feature.Name, course)
	for _, metric := range feature.Metrics {
		one := numberView{MetricReport: metric}
		if values := metricCourse(feature.Name, metric.Method, course); len(values) > 1 {
			one.Spark = spark(values)
			one.Words = fmt.Sprintf("%s over %d windows: from %s to %s", metric.Method, len(values), number(values[0]), number(values[len(values)-1]))
		}
		view.Numbers = append(view.Numbers, one)
	}
	return view
}

func rate(part, of int64) float64 { return float64(part) / float64(max(of, 1)) }

// pastWindow is a window with its features by name.
type pastWindow struct {
	mlops.DriftReport
	features map[string]mlops.FeatureReport
}

// courseOf are the windows before this one, as they were judged last, and this one, in order of time.
func courseOf(report mlops.DriftReport, past []mlops.DriftReport) []pastWindow {
	if report.WindowEnd.IsZero() {
		return nil
	}
	course := []mlops.DriftReport{report}
	for _, before := range slices.Backward(past) { // of several judgements the last
		again := slices.ContainsFunc(course, func(other mlops.DriftReport) bool { return other.WindowEnd.Equal(before.WindowEnd) })
		if before.WindowEnd.Before(report.WindowEnd) && !again {
			course = append(course, before)
		}
	}
	slices.SortFunc(course, func(a, b mlops.DriftReport) int { return a.WindowEnd.Compare(b.WindowEnd) })
	course = course[max(0, len(course)-pastWindows):]
	windows := make([]pastWindow, len(course))
	for i, window := range course {
		windows[i] = pastWindow{window, make(map[string]mlops.FeatureReport, len(window.Features))}
		for _, feature := range window.Features {
			windows[i].features[feature.Name] = feature
		}
	}
	return windows
}

func mostChanged(report mlops.DriftReport) string {
	if len(report.Features) == 0 {
		return ""
	}
	first := slices.MaxFunc(report.Features, func(a, b mlops.FeatureReport) int { return cmp.Compare(a.Effect/a.Threshold, b.Effect/b.Threshold) })
	return fmt.Sprintf("%s, PSI %s", first.Name, number(first.Effect))
}

// levelView is one value of a category, with bars in percent of the longest of one value: what all others hold together may be
// more, and would make the rest invisible.
type levelView struct {
	Name, Reference, Window     string
	ReferenceWidth, WindowWidth string
}

func levelViews(chart mlops.Chart) []levelView {
	single := chart
	if len(chart.Labels) > chartLevels {
		single.Labels = chart.Labels[:chartLevels]
	}
	highest := highestShare(single)
	width := func(share float64) string { return fmt.Sprintf("%.1f", math.Min(100, 100*share/highest)) }
	views := make([]levelView, len(chart.Labels))
	for i, label := range chart.Labels {
		views[i] = levelView{
			Name: cut(label, 60), Reference: percent(chart.Reference[i]), Window: percent(chart.Current[i]),
			ReferenceWidth: width(chart.Reference[i]), WindowWidth: width(chart.Current[i]),
		}
		if views[i].Name == "" {
			views[i].Name = "(empty)"
		}
	}
	return views
}

func highestShare(chart mlops.Chart) float64 {
	highest := math.SmallestNonzeroFloat64
	for i := range chart.Labels {
		highest = math.Max(highest, math.Max(chart.Reference[i], chart.Current[i]))
	}
	return highest
}

// The size of a histogram in its own units.
const (
	chartWidth  = 560.0
	chartHeight = 132.0
	// referenceShare and windowShare of a bar's room are as wide as its two sides: the window stands before the reference.
	referenceShare, windowShare = 0.86, 0.4
)

// histogramView is both sides over one another, as paths.
type histogramView struct {
	Reference, Window string
	Words             string // for who does not see it
	Labels            []chartText
	Titles            []chartText
}

// chartText is words at a place.
type chartText struct {
	X, Width, Text string
	Odd            bool
}

func newHistogramView(name string, chart mlops.Chart) *histogramView {
	highest, count := highestShare(chart), len(chart.Labels)
	slot := chartWidth / float64(count)
	view := &histogramView{}
	var reference, window strings.Builder
	bar := func(to *strings.Builder, i int, share, width float64) {
		if share > 0 {
			fmt.Fprintf(to, "M%.1f %.0fv%.1fh%.1fV%.0fz", slot*(float64(i)+(1-width)/2), chartHeight, -share/highest*chartHeight, slot*width, chartHeight)
		}
	}
	most, every := 0, max(1, count/6)
	for i, label := range chart.Labels {
		bar(&reference, i, chart.Reference[i], referenceShare)
		bar(&window, i, chart.Current[i], windowShare)
		if math.Abs(chart.Current[i]-chart.Reference[i]) > math.Abs(chart.Current[most]-chart.Reference[most]) {
			most = i
		}
		x := fmt.Sprintf("%.1f", slot*float64(i))
		view.Titles = append(view.Titles, chartText{X: x, Width: fmt.Sprintf("%.1f", slot), Text: label + ": " + sharesOf(chart, i)})
		if i%every == 0 && i+every <= count && !strings.HasPrefix(label, "below ") { // the first bar has no lower end
			short, _, _ := strings.Cut(label, " ")
			view.Labels = append(view.Labels, chartText{X: x, Text: cut(short, int(slot*float64(every)/7)), Odd: i/every%2 == 1})
		}
	}
	view.Reference, view.Window = reference.String(), window.String()
	view.Words = fmt.Sprintf("Histogram of %s in reference and window, %d bars. They differ most at %s: %s.", name, count, chart.Labels[most], sharesOf(chart, most))
	return view
}

func sharesOf(chart mlops.Chart, i int) string {
	return fmt.Sprintf("reference %s, window %s", percent(chart.Reference[i]), percent(chart.Current[i]))
}
