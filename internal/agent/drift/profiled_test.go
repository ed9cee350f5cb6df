package drift

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/hours"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// By the profiles of its hours a window has the verdict that its rows give. A unit is told by rows, which are read then.
func TestProfilesJudgeAsRowsDo(t *testing.T) {
	f := newFlights(t)
	f.serve(t, 0, 1, 1, false)
	f.serve(t, 1, 1, 1.609344, false)
	f.serve(t, 2, 1, 1, true)
	f.serve(t, 3, 1, 1, false)
	f.serve(t, 4, 1, 1, false)
	for _, c := range []struct {
		name     string
		end      time.Time
		length   time.Duration
		profiled bool
	}{
		{"a stable day", monday.AddDate(0, 0, 1), 24 * time.Hour, true},
		{"kilometres", monday.AddDate(0, 0, 2), 24 * time.Hour, false},
		{"other airports", monday.AddDate(0, 0, 3), 24 * time.Hour, true},
		{"odd ends", monday.AddDate(0, 0, 4).Add(7*time.Hour + 5*time.Minute), 22*time.Hour + 10*time.Minute, true},
		{"all days", monday.AddDate(0, 0, 5), 5 * 24 * time.Hour, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.looker.Monitor.Window = mlops.Duration(c.length)
			f.looker.rowBytes = 1
			got, err := f.looker.report(t.Context(), c.end)
			if err != nil {
				t.Fatal(err)
			}
			f.looker.rowBytes = 1 << 40
			want, err := f.looker.report(t.Context(), c.end)
			if err != nil {
				t.Fatal(err)
			}
			if (got.Profiles != nil) != c.profiled || want.Profiles != nil {
				t.Errorf("judged by profiles: %v, by rows: %v; want profiles: %v", got.Profiles, want.Profiles, c.profiled)
			}
			if got.Verdict != want.Verdict || got.Rows != want.Rows || got.Requests != want.Requests || !got.Watermark.Equal(want.Watermark) || got.ModelVersion != want.ModelVersion {
				t.Errorf("profiles say %s of %d rows, %d requests, to %s; rows %s of %d, %d, to %s",
					got.Verdict, got.Rows, got.Requests, got.Watermark, want.Verdict, want.Rows, want.Requests, want.Watermark)
			}
			for i, feature := range got.Features {
				if feature.Name != want.Features[i].Name || feature.Drifted != want.Features[i].Drifted || feature.Effect != want.Features[i].Effect {
					t.Errorf("profiles say %+v, rows %+v", feature, want.Features[i])
				}
			}
		})
	}
}

// Profiles that were made ahead are what the first look needs.
func TestProfilesAheadOfTime(t *testing.T) {
	f := newFlights(t)
	f.looker.rowBytes = 1
	f.serve(t, 0, 1, 1, false)
	f.serve(t, 1, 1, 1, false)
	made, err := f.looker.Profile(t.Context(), monday, monday.AddDate(0, 0, 1))
	if err != nil || made.Hours != 24 {
		t.Fatalf("%v, %+v; want 24 hours", err, made)
	}
	before := f.store.Keys(hours.Prefix("delay"))
	if report := f.look(t, 0); report.Rows != 600 || report.Profiles == nil {
		t.Errorf("%d rows, by profiles: %v", report.Rows, report.Profiles)
	}
	if after := f.store.Keys(hours.Prefix("delay")); len(after) != len(before) || len(after) != 25 {
		t.Errorf("%d profiles and then %d, want 25", len(before), len(after))
	}
	if _, err := f.looker.Profile(t.Context(), monday, monday); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("an empty span: error %v, want one that is mlops.ErrInvalid", err)
	}
}

// A page says what was decided, and how windows before were judged.
func TestPageTellsWhatFollowed(t *testing.T) {
	f := newFlights(t)
	for day := range 4 {
		f.serve(t, day, 1, 1, day > 1)
		f.look(t, day)
	}
	state := f.state(t)
	page, err := f.store.Read(t.Context(), strings.TrimSuffix(state.Windows[3].Report, ".json")+".html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"It opened an episode of covariate drift", "The last 4 windows", "PSI of the last 4 windows", "Smallest"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	run := mlops.Run{
		ID: "run-7", State: mlops.RunPromoted, Version: 2, Causes: []mlops.Cause{{Kind: mlops.CauseDrift, Key: state.Episodes[0].ID}},
		Approval: &mlops.Decision{Actor: mlops.Actor{Name: "ada"}, Time: monday, Reason: "looks right"},
	}
	report := mlops.DriftReport{WindowEnd: state.Windows[3].End}
	decisions := strings.Join(Decisions(report, state, mlops.State{Runs: []mlops.Run{run}}), "\n")
	if !strings.Contains(decisions, "Run run-7: promoted, version 2, decided by ada on 2026-") || !strings.Contains(decisions, "looks right") {
		t.Errorf("decisions %q", decisions)
	}
	if none := Decisions(mlops.DriftReport{WindowEnd: state.Windows[0].End}, state, mlops.State{Runs: []mlops.Run{run}}); len(none) != 0 {
		t.Errorf("before the episode: %v", none)
	}
}

// The schedule leaves profiles behind, and looks again at no row that it has counted; what comes late is in the next verdict.
func TestAScheduleCountsHoursOnce(t *testing.T) {
	f := newFlights(t)
	f.looker.rowBytes = 1
	f.serve(t, 0, 1, 1, false)
	f.serve(t, 1, 1, 1, false)
	reports, err := f.looker.Look(t.Context())
	if err != nil || len(reports) != 1 || reports[0].Rows != 600 || reports[0].Profiles == nil {
		t.Fatalf("%v, %+v; want one window of 600 rows by profiles", err, reports)
	}
	profiles := len(f.store.Keys(hours.Prefix("delay")))
	if profiles != 25 {
		t.Errorf("%d profiles of a day, want one an hour and one of the day", profiles)
	}
	read := 0
	f.store.Before = func(verb, key string) error {
		if verb == "read" && strings.HasPrefix(key, "records/") {
			read++
		}
		return nil
	}
	again, err := f.looker.Judge(t.Context(), reports[0].WindowEnd)
	if err != nil || again.Rows != 600 || read > 1 {
		t.Errorf("%v, %d rows, %d segments read; want 600 rows and no segment but the newest", err, again.Rows, read)
	}
	f.sequence += 1000
	f.serve(t, 0, 1, 1, false)
	late, err := f.looker.Judge(t.Context(), reports[0].WindowEnd)
	if err != nil || late.Rows != 1200 || late.Profiles == nil || late.Profiles.LateRows != 600 {
		t.Errorf("%v, %d rows, %+v; want 1200 rows, 600 of them late", err, late.Rows, late.Profiles)
	}
}
