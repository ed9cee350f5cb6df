package mlops

import (
	"fmt"
	"slices"
)

// Health is when a deployment is said to be ill, by its collectors' own numbers; a limit of zero is none.
type Health struct {
	// FailurePercent of the requests, 0 to 100, that fail: the model answers 500 and above, or breaks off.
	FailurePercent float64 `json:"failure_percent,omitempty"`
	// P95Latency is the 95th percentile, from the request's header to the last byte of the answer.
	P95Latency Duration `json:"p95_latency,omitempty"`
	// MinimumRequests in HealthWindow, below which there is no traffic.
	MinimumRequests int64  `json:"minimum_requests,omitempty"`
	Severity        int64  `json:"severity"` // 0 critical ... 4 verbose, as in Azure Monitor
	Notify          []Role `json:"notify,omitempty"`
}

// DefaultHealthSeverity of an alert.
const DefaultHealthSeverity = 2

// Validate checks limits and choices; paths begin below "health".
func (h Health) Validate() []Problem {
	var problems []Problem
	if h.FailurePercent < 0 || h.FailurePercent >= 100 {
		problems = append(problems, problem("a share lies between 0 and 100, and 100 is never passed", "failure_percent"))
	}
	if h.P95Latency < 0 {
		problems = append(problems, problem("a latency is longer than zero, for example 500ms", "p95_latency"))
	}
	if h.MinimumRequests < 0 {
		problems = append(problems, problem("a number of requests is above zero", "minimum_requests"))
	}
	if h.FailurePercent == 0 && h.P95Latency == 0 && h.MinimumRequests == 0 {
		problems = append(problems, problem("it watches nothing: give one of failure_percent, p95_latency and minimum_requests"))
	}
	return append(problems, Alert{h.Severity, h.Notify}.validate()...)
}

// validate checks severity and roles.
func (a Alert) validate() []Problem {
	var problems []Problem
	if a.Severity < 0 || a.Severity > 4 {
		problems = append(problems, problem("severity lies between 0 (critical) and 4 (verbose)", "severity"))
	}
	for _, role := range a.Notify {
		if !slices.Contains(Roles, role) {
			problems = append(problems, problem(fmt.Sprintf("unknown role %q: use one of %v", role, Roles), "notify"))
		}
	}
	return problems
}
