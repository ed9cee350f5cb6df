package mlops

import (
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"
)

// DriftMonitor watches the traffic of a deployment against a reference.
type DriftMonitor struct {
	Name       string `json:"name"`
	Deployment string `json:"deployment"`
	Owner      string `json:"owner,omitempty"`
	// Reference is one of References; the two that follow belong to some of them.
	Reference string `json:"reference"`
	// ReferenceLength of traffic right before a window, for ReferenceRolling.
	ReferenceLength Duration `json:"reference_length,omitempty"`
	// ReferenceFrom and ReferenceTo bound the traffic of ReferenceWindow, over the time of events.
	ReferenceFrom time.Time `json:"reference_from,omitzero"`
	ReferenceTo   time.Time `json:"reference_to,omitzero"`
	Schedule      string    `json:"schedule"`
	TimeZone      string    `json:"time_zone"`
	Window        Duration  `json:"window"`
	// Features limits and tunes what is watched; nil watches every feature of the dataset.
	Features map[string]FeatureWatch `json:"features,omitempty"`
	// MinimumRows below which a window is insufficient; zero lets the method say.
	MinimumRows int64 `json:"minimum_rows"`
	// Season is the length of a cycle ("7d") whose last turn may explain a shift; zero looks for none. 365 days are a
	// calendar year.
	Season Duration `json:"season,omitempty"`
	// Multivariate looks at all features together, too.
	Multivariate bool `json:"multivariate,omitempty"`
	// OpenAfter agreeing windows open an episode, CloseAfter stable ones close it.
	OpenAfter  int64 `json:"open_after"`
	CloseAfter int64 `json:"close_after"`
	Alert      Alert `json:"alert"`
}

// FeatureWatch tunes one feature.
type FeatureWatch struct {
	// Sensitivity multiplies the effect size that is raised: 2 raises at half of it, 0.5 at twice.
	Sensitivity float64 `json:"sensitivity"`
}

// Alert says how loud an episode is and who hears it.
type Alert struct {
	Severity int64  `json:"severity"` // 0 critical ... 4 verbose, as in Azure Monitor
	Notify   []Role `json:"notify,omitempty"`
}

// Defaults of a drift monitor.
const (
	DefaultOpenAfter  = 2
	DefaultCloseAfter = 2
	DefaultSeverity   = 3
	DefaultTimeZone   = "UTC"
)

// SpecKind is drift_monitors.
func (m DriftMonitor) SpecKind() Kind { return KindDriftMonitor }

// SpecName is the monitor's name.
func (m DriftMonitor) SpecName() string { return m.Name }

// Validate checks names, schedule, window and counts.
func (m DriftMonitor) Validate() []Problem {
	var problems []Problem
	if err := ValidateName(m.Name); err != nil {
		problems = append(problems, problem(err.Error(), "name"))
	}
	problems = append(problems, scheduleProblems(m.Schedule, m.TimeZone, []string{"schedule"}, []string{"time_zone"})...)
	if m.Window <= 0 {
		problems = append(problems, problem("the window must be longer than zero, for example 24h", "window"))
	}
	problems = append(problems, m.referenceProblems()...)
	for name, feature := range m.Features {
		if feature.Sensitivity <= 0 {
			problems = append(problems, problem("sensitivity must be above zero; 1 is the default", "features", name, "sensitivity"))
		}
	}
	if m.OpenAfter < 1 {
		problems = append(problems, problem("open_after is at least 1", "open_after"))
	}
	if m.CloseAfter < 1 {
		problems = append(problems, problem("close_after is at least 1", "close_after"))
	}
	return append(problems, below(m.Alert.validate(), "alert")...)
}

// ValidateAgainst checks what needs the dataset: the features that are watched.
func (m DriftMonitor) ValidateAgainst(dataset Dataset) []Problem {
	var problems []Problem
	features := dataset.Features()
	for name := range m.Features {
		if !slices.Contains(features, name) {
			problems = append(problems, problem(fmt.Sprintf("dataset %q has no feature %q; it has %v", dataset.Name, name, features), "features", name))
		}
	}
	return problems
}

// Schedule yields the slots of a cron expression in its time zone.
type Schedule struct{ cron cron.Schedule }

// ParseSchedule reads five cron fields (or @daily and its like) and an IANA time zone; "" is UTC.
func ParseSchedule(expression, timeZone string) (Schedule, error) {
	if timeZone == "" {
		timeZone = "UTC"
	}
	if _, err := time.LoadLocation(timeZone); err != nil {
		return Schedule{}, fmt.Errorf("%w: time zone %q: use an IANA name such as Europe/Berlin", ErrInvalid, timeZone)
	}
	schedule, err := cron.ParseStandard("CRON_TZ=" + timeZone + " " + expression)
	if err != nil {
		return Schedule{}, fmt.Errorf("%w: schedule %q: %w; write five fields: minute hour day month weekday", ErrInvalid, expression, err)
	}
	if schedule.Next(time.Unix(0, 0)).IsZero() {
		return Schedule{}, fmt.Errorf("%w: schedule %q never comes: there is no such day", ErrInvalid, expression)
	}
	return Schedule{cron: schedule}, nil
}

// scheduleProblems blames the cron expression or the time zone for a schedule that is none.
func scheduleProblems(expression, timeZone string, cronPath, zonePath []string) []Problem {
	_, err := ParseSchedule(expression, timeZone)
	if err == nil {
		return nil
	}
	if _, zone := ParseSchedule("0 0 * * *", timeZone); zone != nil {
		return []Problem{problem(zone.Error(), zonePath...)}
	}
	return []Problem{problem(err.Error(), cronPath...)}
}

// Next is the first slot after t, zero where there is none within five years.
func (s Schedule) Next(t time.Time) time.Time { return s.cron.Next(t).UTC() }

// Last is the latest slot at or before now that lies after since; zero where there is none.
func (s Schedule) Last(since, now time.Time) time.Time {
	if since.IsZero() {
		return time.Time{}
	}
	last := s.Next(since)
	if last.IsZero() || last.After(now) {
		return time.Time{}
	}
	// Halve the span that may hold a later slot, so that a long gap costs little more than a short one.
	for low, high := last, now; high.Sub(low) >= time.Second; {
		middle := low.Add(high.Sub(low) / 2)
		if slot := s.Next(middle); slot.IsZero() || slot.After(now) {
			high = middle
		} else {
			low, last = slot, slot
		}
	}
	return last
}
