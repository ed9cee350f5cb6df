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
		name             string
		after, watermark time.Time
		want             []time.Time
	}{
		{"the first look judges the latest slot", time.Time{}, at(30.5), []time.Time{at(30)}},
		{"no slot has passed since", at(30), at(30.5), nil},
		{"the next slot", at(30), at(31.2), []time.Time{at(31)}},
		{"of many slots the latest", at(30), at(40.5), []time.Time{at(40)}},
		{"rows of a long gap are not left unseen", at(30), at(90), []time.Time{at(42), at(66), at(90)}},
	} {
		got := WindowEnds(schedule, day, story.after, story.watermark)
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
