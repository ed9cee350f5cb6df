package drift

import (
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// WindowEnds are the ends that a look judges: the latest slot of the schedule that the watermark has passed, and before it,
// where whole windows would go unseen, one a window. after is the latest end judged so far, zero where there is none.
func WindowEnds(schedule mlops.Schedule, window mlops.Duration, after, watermark time.Time) []time.Time {
	since := after
	if since.IsZero() {
		since = watermark.Add(-window.Std())
	}
	latest := schedule.Last(since, watermark)
	if latest.IsZero() {
		return nil
	}
	ends := []time.Time{latest}
	if after.IsZero() {
		return ends
	}
	for end := latest.Add(-window.Std()); end.After(after) && len(ends) < mlops.WindowsKept; end = end.Add(-window.Std()) {
		ends = append(ends, end)
	}
	slices.Reverse(ends)
	return ends
}
