package drift

import (
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// passed is the time that traffic has passed: the watermark, which is the newest event time that was recorded. It is the
// clock where the watermark lies so little behind that it is the traffic of today: a look at the very slot would else wait for
// a record behind it, and judge each window one slot late. And it is the clock where the watermark lies ahead: one request
// that names a day far off must not carry the monitor there, past every window in between.
func passed(watermark, now time.Time, window mlops.Duration) time.Time {
	if now.Sub(watermark) <= window.Std()/20 {
		return now
	}
	return watermark
}

// firstLook is how far back a first look searches for a slot, however seldom they come.
const firstLook = 366 * 24 * time.Hour

// WindowEnds are the ends that a look judges: the latest slot of the schedule that was passed, and before it, where whole
// windows would go unseen, one a window. after is the latest end judged so far, zero where there is none.
func WindowEnds(schedule mlops.Schedule, window mlops.Duration, after, passed time.Time) []time.Time {
	since := after
	if since.IsZero() {
		since = passed.Add(-max(window.Std(), firstLook))
	}
	latest := schedule.Last(since, passed)
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
