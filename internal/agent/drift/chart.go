package drift

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Sizes of charts.
const (
	chartBins   = 24
	chartLevels = 16
)

// numberChart is a histogram of both sides: one bar a value where there are few, equal widths over the middle 98 % of both
// sides otherwise, deciles of the reference where that would put nearly everything in one bar. Values beyond belong to the
// outer bars.
func numberChart(reference, current []float64) *mlops.Chart {
	if values := distinct(reference, current, chartBins); values != nil {
		return barsByValue(reference, current, values)
	}
	low := math.Min(stats.Quantile(reference, 0.01), stats.Quantile(current, 0.01))
	high := math.Max(stats.Quantile(reference, 0.99), stats.Quantile(current, 0.99))
	edges := make([]float64, chartBins+1)
	for i := range edges {
		edges[i] = low + (high/chartBins-low/chartBins)*float64(i)
	}
	chart := barsBetween(reference, current, edges)
	if slices.Max(chart.Reference) > 0.9 && slices.Max(chart.Current) > 0.9 || low == high {
		if quantiles := stats.QuantileEdges(reference, 11); len(quantiles) > 2 {
			return barsBetween(reference, current, quantiles)
		}
	}
	return chart
}

// distinct are all values of both sides, nil where there are more than limit.
func distinct(reference, current []float64, limit int) []float64 {
	var values []float64
	for _, side := range [][]float64{reference, current} {
		for i := 0; i < len(side); {
			if len(values) > 2*limit {
				return nil
			}
			values = append(values, side[i])
			i += sort.Search(len(side)-i, func(k int) bool { return side[i+k] > side[i] })
		}
	}
	slices.Sort(values)
	if values = slices.Compact(values); len(values) > limit {
		return nil
	}
	return values
}

func barsByValue(reference, current, values []float64) *mlops.Chart {
	chart := &mlops.Chart{}
	share := func(side []float64, value float64) float64 {
		from := sort.SearchFloat64s(side, value)
		to := sort.Search(len(side), func(i int) bool { return side[i] > value })
		return float64(to-from) / float64(len(side))
	}
	for _, value := range values {
		chart.Labels = append(chart.Labels, number(value))
		chart.Reference = append(chart.Reference, share(reference, value))
		chart.Current = append(chart.Current, share(current, value))
	}
	return chart
}

func barsBetween(reference, current, edges []float64) *mlops.Chart {
	chart := &mlops.Chart{Reference: barShares(reference, edges), Current: barShares(current, edges)}
	for i := range len(edges) - 1 {
		label := fmt.Sprintf("%s to %s", number(edges[i]), number(edges[i+1]))
		switch i {
		case 0:
			label = "below " + number(edges[1])
		case len(edges) - 2:
			label = number(edges[i]) + " and above"
		}
		chart.Labels = append(chart.Labels, label)
	}
	return chart
}

func barShares(sorted, edges []float64) []float64 {
	counts, below, above := stats.CountSorted(sorted, edges)
	counts[0] += below
	counts[len(counts)-1] += above
	return stats.Shares(counts)
}

// categoryChart shows the most frequent values of either side; the rest is one bar.
func categoryChart(all []change) *mlops.Chart {
	changes := firstLevels(all, chartLevels+1, byShare)
	chart := &mlops.Chart{}
	rest := change{before: 1, now: 1}
	for _, c := range changes[:min(chartLevels, len(changes))] {
		chart.Labels = append(chart.Labels, c.level)
		chart.Reference = append(chart.Reference, c.before)
		chart.Current = append(chart.Current, c.now)
		rest.before -= c.before
		rest.now -= c.now
	}
	if len(changes) > chartLevels {
		chart.Labels = append(chart.Labels, "others")
		chart.Reference = append(chart.Reference, math.Max(0, rest.before))
		chart.Current = append(chart.Current, math.Max(0, rest.now))
	}
	return chart
}
