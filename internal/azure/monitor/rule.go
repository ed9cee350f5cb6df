package monitor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Api-versions that are sent.
const (
	RuleVersion  = "2023-12-01"
	GroupVersion = "2023-01-01"
)

// Rule is a log alert rule as it is sent.
type Rule struct {
	Location   string            `json:"location"`
	Kind       string            `json:"kind"`
	Tags       map[string]string `json:"tags"`
	Properties RuleProperties    `json:"properties"`
	// Objects that the rule is about ("drift_monitors/delay", "deployments/delay"), none where it is about all; not sent.
	Objects []string `json:"-"`
}

// RuleProperties are those that we own. Durations are ISO 8601, of the values that the service allows.
type RuleProperties struct {
	DisplayName         string   `json:"displayName"`
	Description         string   `json:"description"`
	Severity            int64    `json:"severity"`
	Enabled             bool     `json:"enabled"`
	Scopes              []string `json:"scopes"`
	EvaluationFrequency string   `json:"evaluationFrequency"`
	WindowSize          string   `json:"windowSize"`
	AutoMitigate        bool     `json:"autoMitigate"`
	SkipQueryValidation bool     `json:"skipQueryValidation"`
	Criteria            Criteria `json:"criteria"`
	Actions             Actions  `json:"actions"`
}

// Criteria holds one condition.
type Criteria struct {
	AllOf []Condition `json:"allOf"`
}

// Condition fires for each combination of its dimensions whose measure is beyond the threshold.
type Condition struct {
	Query               string         `json:"query"`
	TimeAggregation     string         `json:"timeAggregation"`
	MetricMeasureColumn string         `json:"metricMeasureColumn"`
	Dimensions          []Dimension    `json:"dimensions"`
	Operator            string         `json:"operator"`
	Threshold           float64        `json:"threshold"`
	FailingPeriods      FailingPeriods `json:"failingPeriods"`
}

// Dimension splits alerts by a column.
type Dimension struct {
	Name     string   `json:"name"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// FailingPeriods before an alert.
type FailingPeriods struct {
	Number int64 `json:"numberOfEvaluationPeriods"`
	Least  int64 `json:"minFailingPeriodsToAlert"`
}

// Actions name the groups, and what reaches webhooks, functions and logic apps beside the alert.
type Actions struct {
	ActionGroups     []string          `json:"actionGroups"`
	CustomProperties map[string]string `json:"customProperties"`
}

// A gauge is said every few minutes and may arrive some minutes late: a rule looks back over several, at the newest alone.
const (
	frequency = "PT5M"
	window    = "PT15M"
	// healthWindow is long enough for a share to mean something.
	healthWindow = "PT30M"
)

// rules are one for each signal, severity, receivers and limit; objects that share all four are dimensions of one rule.
func (d Declared) rules() (map[string]Rule, error) {
	merged := map[string][]source{}
	for _, one := range d.sources() {
		key := fmt.Sprintf("%s-sev%d-%s", one.signal, one.severity, d.audience(one.roles))
		if one.limit != 0 {
			key += "-" + short(fmt.Sprint(one.limit), 3)
		}
		merged[key] = append(merged[key], one)
	}
	rules := map[string]Rule{}
	for key, sources := range merged {
		groups := d.groups(sources[0].roles)
		switch {
		case len(groups) > mlops.MaximumActionGroups:
			return nil, fmt.Errorf("%w: alert %s would have %d action groups, and Azure takes %d: give fewer action_group_ids, or fewer roles",
				mlops.ErrInvalid, sources[0], len(groups), mlops.MaximumActionGroups)
		case len(groups) == 0:
			continue // nobody is to hear of it
		}
		rules[d.id("scheduledQueryRules", d.base()+"-"+strings.ReplaceAll(key, "_", "-"))] = d.rule(sources, groups)
	}
	return rules, nil
}

// audience is a set of roles in a name.
func (d Declared) audience(roles []mlops.Role) string {
	if len(roles) == 0 {
		return "given"
	}
	var initials []string
	for _, role := range roles {
		initials = append(initials, strings.ReplaceAll(string(role), "_engineer", ""))
	}
	return strings.Join(initials, "-")
}

// groups are the ids of the roles' own groups, and of the given ones.
func (d Declared) groups(roles []mlops.Role) []string {
	var ids []string
	for _, role := range roles {
		ids = append(ids, d.groupID(role))
	}
	return append(ids, d.Project.Azure.Alerts.ActionGroupIDs...)
}

func (d Declared) rule(sources []source, groups []string) Rule {
	first := sources[0]
	var objects []string
	for _, one := range sources {
		if one.object != "" {
			objects = append(objects, one.object)
		}
	}
	slices.Sort(objects)
	about := objects
	if first.limit != 0 {
		about = nil
		for _, name := range objects {
			about = append(about, string(mlops.KindDeployment)+"/"+name)
		}
	}
	text := texts[first.signal]
	size := window
	if first.limit != 0 {
		size = healthWindow
	}
	return Rule{Location: d.Location, Kind: "LogAlert", Tags: d.tags(), Objects: about, Properties: RuleProperties{
		DisplayName: d.Project.Name + ": " + text.title, Description: text.describe(first.limit), Severity: first.severity, Enabled: true,
		Scopes: []string{d.Component}, EvaluationFrequency: frequency, WindowSize: size,
		AutoMitigate: true, SkipQueryValidation: true, // resolves by itself; the tables are empty before the first gauge
		Criteria: Criteria{AllOf: []Condition{condition(first.signal, d.Project.Name, d.Place, objects, first.limit)}},
		Actions: Actions{ActionGroups: groups, CustomProperties: map[string]string{
			mlops.AlertPropertyProject: d.Project.Name, mlops.AlertPropertySignal: string(first.signal),
		}},
	}}
}

// text is what people read; a limit fills the description's %g.
type text struct{ title, description string }

func (t text) describe(limit float64) string {
	if limit == 0 {
		return t.description
	}
	return fmt.Sprintf(t.description, limit)
}

var texts = map[Signal]text{
	Signal(mlops.TopicDrift):       {"drift", "An episode of drift is open: see mlops drift report."},
	Signal(mlops.TopicDataQuality): {"data quality", "What cannot be true arrived: training waits until it is mended or accepted (mlops drift accept)."},
	Signal(mlops.TopicOverdue):     {"drift monitor overdue", "A drift monitor has reported nothing for three of its intervals."},
	Signal(mlops.TopicApproval):    {"approval needed", "A candidate waits for a person: see mlops runs, then mlops approve or mlops decline."},
	Signal(mlops.TopicRejected):    {"candidate rejected", "The validation gate refused the newest candidate: see mlops runs."},
	Signal(mlops.TopicFailed):      {"run failed", "The newest run failed, expired or was rolled back: see mlops runs."},
	Signal(mlops.TopicQuarantined): {"left alone", "A log cannot be folded, so its object is left alone: see mlops status."},
	SignalSilent:                   {"controller silent", "Nothing was heard of the controller for a quarter of an hour: see its pod."},
	SignalFailing:                  {"requests fail", "The share of failed requests is above %g."},
	SignalSlow:                     {"slow answers", "The 95th percentile of the latency is above %g s."},
	SignalIdle:                     {"no traffic", "Fewer than %g requests came in half an hour."},
}
