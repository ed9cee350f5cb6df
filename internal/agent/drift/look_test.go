package drift

import (
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func TestWindowEnds(t *testing.T) {
	schedule, err := mlops.ParseSchedule("0 * * * *", "")
	if err != nil {
		t.Fatal(err)
	}
	day := mlops.Duration(24 * time.Hour)
	at := func(hours float64) time.Time { return monday.Add(time.Duration(hours * float64(time.Hour))) }
	for _, story := range []struct {
		name          string
		after, passed time.Time
		want          []time.Time
	}{
		{"the first look judges the latest slot", time.Time{}, at(30.5), []time.Time{at(30)}},
		{"no slot has passed since", at(30), at(30.5), nil},
		{"the next slot", at(30), at(31.2), []time.Time{at(31)}},
		{"of many slots the latest", at(30), at(40.5), []time.Time{at(40)}},
		{"rows of a long gap are not left unseen", at(30), at(90), []time.Time{at(42), at(66), at(90)}},
	} {
		got := WindowEnds(schedule, day, story.after, story.passed)
		if len(got) != len(story.want) {
			t.Errorf("%s: %v, want %v", story.name, got, story.want)
			continue
		}
		for i := range got {
			if !got[i].Equal(story.want[i]) {
				t.Errorf("%s: %v, want %v", story.name, got, story.want)
			}
		}
	}
}

// A schedule whose slots lie further apart than a window is long is looked at from its first slot on.
func TestFirstWindowOfASeldomSchedule(t *testing.T) {
	schedule, err := mlops.ParseSchedule("0 6 * * 1", "")
	if err != nil {
		t.Fatal(err)
	}
	thursday := monday.AddDate(0, 0, 3)
	if got := WindowEnds(schedule, mlops.Duration(time.Hour), time.Time{}, thursday); len(got) != 1 || !got[0].Equal(monday.Add(6*time.Hour)) {
		t.Errorf("on Thursday the ends are %v, want Monday at six", got)
	}
}

func TestPassed(t *testing.T) {
	day := mlops.Duration(24 * time.Hour)
	for name, story := range map[string]struct{ watermark, now, want time.Time }{
		"traffic of today, looked at on the slot": {monday.Add(-2 * time.Second), monday, monday},
		"traffic that has stopped":                {monday.Add(-5 * time.Hour), monday, monday.Add(-5 * time.Hour)},
		"old traffic that is replayed":            {monday.AddDate(-25, 0, 0), monday, monday.AddDate(-25, 0, 0)},
		"a request that names a day far off":      {monday.AddDate(7000, 0, 0), monday, monday},
	} {
		if got := passed(story.watermark, story.now, day); !got.Equal(story.want) {
			t.Errorf("%s: %s, want %s", name, got, story.want)
		}
	}
}
