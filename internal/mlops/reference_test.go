package mlops_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const day = mlops.Duration(24 * time.Hour)

func at(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// A window is compared with the span that its reference means; a year follows the calendar.
func TestReferenceSpans(t *testing.T) {
	window := mlops.Span{From: at("2025-03-01"), To: at("2025-03-02")}
	for name, c := range map[string]struct {
		monitor  mlops.DriftMonitor
		from, to string
	}{
		"window":  {mlops.DriftMonitor{Reference: mlops.ReferenceWindow, ReferenceFrom: at("2024-01-01"), ReferenceTo: at("2024-07-01")}, "2024-01-01", "2024-07-01"},
		"rolling": {mlops.DriftMonitor{Reference: mlops.ReferenceRolling, ReferenceLength: 28 * day}, "2025-02-01", "2025-03-01"},
		"week":    {mlops.DriftMonitor{Reference: mlops.ReferenceSeason, Season: 7 * day}, "2025-02-22", "2025-02-23"},
		"year":    {mlops.DriftMonitor{Reference: mlops.ReferenceSeason, Season: 365 * day}, "2024-03-01", "2024-03-02"},
	} {
		span, ok := c.monitor.ReferenceSpan(window)
		if want := (mlops.Span{From: at(c.from), To: at(c.to)}); !ok || span != want {
			t.Errorf("%s: span %v, want %v", name, span, want)
		}
	}
	if _, ok := (mlops.DriftMonitor{Reference: mlops.ReferenceTraining}).ReferenceSpan(window); ok {
		t.Error("training data has a span of traffic, want none")
	}
}

func TestReferenceProblems(t *testing.T) {
	for words, change := range map[string]func(*mlops.DriftMonitor){
		"use one of [training window rolling season]": func(m *mlops.DriftMonitor) { m.Reference = "yesterday" },
		"length above zero":                           func(m *mlops.DriftMonitor) { m.Reference = mlops.ReferenceRolling },
		"has a beginning":                             func(m *mlops.DriftMonitor) { m.Reference = mlops.ReferenceWindow },
		"ends after it begins":                        func(m *mlops.DriftMonitor) { m.Reference, m.ReferenceFrom = mlops.ReferenceWindow, at("2024-01-01") },
		`belongs to reference = "rolling"`:            func(m *mlops.DriftMonitor) { m.ReferenceLength = day },
		`belongs to reference = "window"`:             func(m *mlops.DriftMonitor) { m.ReferenceTo = at("2024-01-01") },
		"needs the length of the cycle":               func(m *mlops.DriftMonitor) { m.Reference = mlops.ReferenceSeason },
		"at least as long as the window":              func(m *mlops.DriftMonitor) { m.Season = day / 2 },
	} {
		monitor := mlops.DriftMonitor{Name: "x", Reference: mlops.ReferenceTraining, Schedule: "@daily", Window: day, OpenAfter: 1, CloseAfter: 1}
		if problems := monitor.Validate(); len(problems) != 0 {
			t.Fatalf("a plain monitor has problems: %v", problems)
		}
		change(&monitor)
		found := fmt.Sprint(monitor.Validate())
		if !strings.Contains(found, words) {
			t.Errorf("problems %q do not say %q", found, words)
		}
	}
}
