package mlops

import (
	"fmt"
	"slices"
	"sort"
)

// Goal says which way a metric is better.
type Goal string

// The goals.
const (
	GoalMaximize Goal = "maximize"
	GoalMinimize Goal = "minimize"
)

// Metrics are the measures whose meaning we know; with predictions we compute them ourselves, in pairs and by slice.
// Another one is allowed when its gate says custom = true.
var Metrics = map[string]Goal{
	"auc": GoalMaximize, "accuracy": GoalMaximize, "precision": GoalMaximize, "recall": GoalMaximize, "f1": GoalMaximize,
	"log_loss": GoalMinimize, "brier": GoalMinimize, "rmse": GoalMinimize, "mae": GoalMinimize, "r2": GoalMaximize,
}

// MetricNames lists the known metrics in sorted order.
func MetricNames() []string {
	names := make([]string, 0, len(Metrics))
	for name := range Metrics {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Model is an entry of the registry: its training, its owner and the gate that every version must pass.
type Model struct {
	Name       string     `json:"name"`
	Training   string     `json:"training"`
	Owner      string     `json:"owner,omitempty"`
	Validation Validation `json:"validation"`
}

// Validation is the gate between a candidate and the registry.
type Validation struct {
	Metrics map[string]Gate `json:"metrics"`
	// Slices bounds, by column, the gap of a metric between the values of that column.
	Slices map[string]Slice `json:"slices,omitempty"`
}

// Gate is what one metric must fulfil.
type Gate struct {
	Goal    Goal     `json:"goal"`
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`
	// Tolerance is how much worse than the champion a candidate may be.
	Tolerance float64 `json:"tolerance"`
	Custom    bool    `json:"custom,omitempty"`
}

// Slice is a fairness bound: the metric's best and worst value over the values of a column may differ by MaximumGap.
type Slice struct {
	Metric     string  `json:"metric"`
	MaximumGap float64 `json:"maximum_gap"`
	// MinimumRows is the least number of rows for a value of the column to be judged.
	MinimumRows int64 `json:"minimum_rows"`
}

// DefaultSliceRows is the least number of rows for a value of a column to be judged.
const DefaultSliceRows = 50

// Goals lists every goal once.
var Goals = []Goal{GoalMaximize, GoalMinimize}

// SpecKind is models.
func (m Model) SpecKind() Kind { return KindModel }

// SpecName is the model's name.
func (m Model) SpecName() string { return m.Name }

// Validate checks names, metrics and bounds.
func (m Model) Validate() []Problem {
	var problems []Problem
	if err := ValidateName(m.Name); err != nil {
		problems = append(problems, problem(err.Error(), "name"))
	}
	if len(m.Validation.Metrics) == 0 {
		problems = append(problems, problem("name at least one metric: without one every candidate would pass", "validation", "metrics"))
	}
	for name, gate := range m.Validation.Metrics {
		if _, known := Metrics[name]; !known && !gate.Custom {
			problems = append(problems, problem(fmt.Sprintf("unknown metric %q: use one of %v, or say custom = true for one that only your evaluate command knows", name, MetricNames()),
				"validation", "metrics", name))
		}
		if gate.Goal != GoalMaximize && gate.Goal != GoalMinimize {
			problems = append(problems, problem(`goal is "maximize" or "minimize"`, "validation", "metrics", name, "goal"))
		}
		if gate.Tolerance < 0 {
			problems = append(problems, problem("tolerance is zero or above", "validation", "metrics", name, "tolerance"))
		}
	}
	for column, slice := range m.Validation.Slices {
		if _, known := Metrics[slice.Metric]; !known {
			problems = append(problems, problem(fmt.Sprintf("unknown metric %q: use one of %v", slice.Metric, MetricNames()), "validation", "slices", column, "metric"))
		}
		if slice.MaximumGap <= 0 {
			problems = append(problems, problem("maximum_gap must be above zero", "validation", "slices", column, "maximum_gap"))
		}
	}
	return problems
}

// ValidateAgainst checks what needs the dataset: the columns that slices name.
func (m Model) ValidateAgainst(dataset Dataset) []Problem {
	var problems []Problem
	names := dataset.ColumnNames()
	for column := range m.Validation.Slices {
		if !slices.Contains(names, column) {
			problems = append(problems, problem(fmt.Sprintf("dataset %q has no column %q; it has %v", dataset.Name, column, names), "validation", "slices", column))
		}
	}
	return problems
}
