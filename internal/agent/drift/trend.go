package drift

import (
	"fmt"
	"math"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// trendView is how the effect of a feature and its limit went over the last windows.
type trendView struct {
	Effect, Limit string // paths in a picture of 560 by 60
	Spark         string // the effect in one of 84 by 18
	Dots          []dotView
	First, Last   string
	Highest       string // what the top of the picture stands for
	Words         string // for who does not see it
}

type dotView struct {
	X, Y, Text string
	Over       bool
}

const trendHeight, trendTop = 60.0, 6.0

// newTrendView is nil where the feature was measured in fewer than two windows.
func newTrendView(name string, course []pastWindow) *trendView {
	type point struct {
		of     mlops.FeatureReport
		window pastWindow
	}
	var points []point
	highest, over := 0.0, 0
	for _, window := range course {
		feature, here := window.features[name]
		if !here {
			continue
		}
		points = append(points, point{feature, window})
		highest = math.Max(highest, math.Max(feature.Effect, feature.Threshold))
		if feature.Drifted {
			over++
		}
	}
	if len(points) < 2 || highest <= 0 || math.IsInf(highest, 0) {
		return nil
	}
	view := &trendView{Highest: number(highest)}
	var effects []float64
	var effect, limit strings.Builder
	for i, p := range points {
		x := 4 + (chartWidth-8)*float64(i)/float64(len(points)-1)
		y := func(value float64) float64 { return trendHeight - math.Max(0, value)/highest*(trendHeight-trendTop) }
		step := "L"
		if i == 0 {
			step = "M"
		}
		fmt.Fprintf(&effect, "%s%.1f %.1f", step, x, y(p.of.Effect))
		fmt.Fprintf(&limit, "%s%.1f %.1f", step, x, y(p.of.Threshold))
		effects = append(effects, p.of.Effect)
		view.Dots = append(view.Dots, dotView{
			X: fmt.Sprintf("%.1f", x), Y: fmt.Sprintf("%.1f", y(p.of.Effect)), Over: p.of.Drifted,
			Text: fmt.Sprintf("%s UTC: PSI %s, limit %s", utc(p.window.WindowEnd), number(p.of.Effect), number(p.of.Threshold)),
		})
	}
	first, last := points[0], points[len(points)-1]
	view.Effect, view.Limit, view.Spark = effect.String(), limit.String(), spark(effects)
	view.First, view.Last = utc(first.window.WindowEnd), utc(last.window.WindowEnd)
	view.Words = fmt.Sprintf("PSI of %s over %d windows: from %s to %s, the limit now %s; it had changed in %d of them.",
		name, len(points), number(first.of.Effect), number(last.of.Effect), number(last.of.Threshold), over)
	return view
}

// metricCourse is one number of a feature, by one method, window by window.
func metricCourse(name, method string, course []pastWindow) []float64 {
	var values []float64
	for _, window := range course {
		for _, metric := range window.features[name].Metrics {
			if metric.Method == method && metric.Value != nil {
				values = append(values, *metric.Value)
			}
		}
	}
	return values
}

// spark is the path of values in a picture of 84 by 18, from the least to the largest.
func spark(values []float64) string {
	least, most := math.Inf(1), math.Inf(-1)
	for _, value := range values {
		least, most = math.Min(least, value), math.Max(most, value)
	}
	if most-least == 0 || math.IsInf(most-least, 0) || math.IsNaN(most-least) {
		return "M2 9L82 9"
	}
	var path strings.Builder
	for i, value := range values {
		step := "L"
		if i == 0 {
			step = "M"
		}
		fmt.Fprintf(&path, "%s%.0f %.1f", step, 2+80*float64(i)/float64(len(values)-1), 16-14*(value-least)/(most-least))
	}
	return path.String()
}
