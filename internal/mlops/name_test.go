package mlops_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestParseIDReadsFromTheRight(t *testing.T) {
	arm := "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c"
	for text, want := range map[string]mlops.ID{
		"file:.mlops/models/delay":          {Place: "file:.mlops", Kind: mlops.KindModel, Name: "delay"},
		"file:/a/models/b/datasets/flights": {Place: "file:/a/models/b", Kind: mlops.KindDataset, Name: "flights"},
		arm + "/deployments/delay":          {Place: arm, Kind: mlops.KindDeployment, Name: "delay"},
		arm + "/Deployments/delay":          {Place: arm, Kind: mlops.KindDeployment, Name: "delay"},
	} {
		got, err := mlops.ParseID(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "delay", "models/delay", "file:.mlops/model/delay", "file:.mlops/models/", "/models/delay"} {
		if id, err := mlops.ParseID(text); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: %+v, %v; want invalid", text, id, err)
		}
	}
}

func TestIDsOfAzureCompareWithoutCase(t *testing.T) {
	a := mlops.ID{Place: "/subscriptions/X/containers/c", Kind: mlops.KindModel, Name: "delay"}
	b := a
	b.Place = "/Subscriptions/x/Containers/C"
	if !a.Equal(b) {
		t.Error("ARM places that differ by case are one place")
	}
	a.Place, b.Place = "file:A", "file:a"
	if a.Equal(b) {
		t.Error("folders that differ by case are two places")
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "flight-delay", "a1", strings.Repeat("a", mlops.MaximumNameLength)} {
		if err := mlops.ValidateName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "A", "1a", "-a", "a-", "a.b", "a/b", "a_b", "ä", strings.Repeat("a", mlops.MaximumNameLength+1)} {
		if err := mlops.ValidateName(name); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestDurationsAreEqualHoweverTheyAreWritten(t *testing.T) {
	for want, texts := range map[time.Duration][]string{
		24 * time.Hour:          {"24h", "1d", "P1D", "PT24H", "1440m"},
		7 * 24 * time.Hour:      {"7d", "1w", "P7D", "P1W", "168h"},
		90 * time.Minute:        {"90m", "1h30m", "PT1H30M", "pt90m"},
		0:                       {"0s", "PT0S"},
		1500 * time.Millisecond: {"1.5s", "1s500ms", "PT1.5S"},
	} {
		for _, text := range texts {
			got, err := mlops.ParseDuration(text)
			if err != nil || got.Std() != want {
				t.Errorf("%s: %v, %v; want %v", text, got, err, want)
			}
		}
	}
	for _, text := range []string{"", "1 day", "-1h", "h", "P", "PT", "1y", "99999999999999999999d", "106751d", "101w36500d"} {
		if got, err := mlops.ParseDuration(text); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: %v, %v; want invalid", text, got, err)
		}
	}
}

func TestDurationRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := mlops.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)/int64(time.Millisecond)).Draw(t, "ms") * int64(time.Millisecond))
		got, err := mlops.ParseDuration(want.String())
		if err != nil || got != want {
			t.Fatalf("%v is written %q and read %v, %v", want.Std(), want, got, err)
		}
	})
}

func TestScheduleLastIsTheLatestSlot(t *testing.T) {
	schedule, err := mlops.ParseSchedule("0 3 * * *", "Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 7, 10, 12, 0, 0, 0, time.UTC)
	if got, want := schedule.Last(now.Add(-90*24*time.Hour), now), time.Date(2026, 7, 10, 1, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("last slot %v, want %v", got, want)
	}
	// A poison document may say that a model is from the year 100.
	if got, want := schedule.Last(time.Date(100, 1, 1, 0, 0, 0, 0, time.UTC), now), time.Date(2026, 7, 10, 1, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("after the year 100 the last slot is %s, want %s", got, want)
	}
	if got := schedule.Last(now.Add(-time.Hour), now); !got.IsZero() {
		t.Errorf("last slot %v, want none in the last hour", got)
	}
}

// Around the changes of the clock, and for schedules of any density, the last slot is the one that walking finds.
func TestScheduleLastIsWhatWalkingFinds(t *testing.T) {
	crons := []string{"*/5 * * * *", "30 2 * * *", "0 0 * * *", "15 1 * * 0", "* * 29 3 *", "0 */7 * * 1-5"}
	zones := []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		schedule, err := mlops.ParseSchedule(rapid.SampledFrom(crons).Draw(t, "cron"), rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		change := rapid.SampledFrom([]time.Time{time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC)}).Draw(t, "change")
		since := change.Add(-time.Duration(rapid.IntRange(0, 72*3600).Draw(t, "before")) * time.Second)
		now := change.Add(time.Duration(rapid.IntRange(-3600, 72*3600).Draw(t, "after")) * time.Second)
		var want time.Time
		for slot := schedule.Next(since); !slot.After(now); slot = schedule.Next(slot) {
			want = slot
		}
		if got := schedule.Last(since, now); !got.Equal(want) {
			t.Fatalf("between %s and %s the last slot is %s, want %s", since, now, got, want)
		}
	})
}

func FuzzParseID(f *testing.F) {
	f.Add("file:.mlops/models/delay")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := mlops.ParseID(text)
		if err != nil {
			return
		}
		again, err := mlops.ParseID(id.String())
		if err != nil || again != id {
			t.Errorf("%q is read as %+v, which is read as %+v, %v", text, id, again, err)
		}
	})
}
