package monitor

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Declared is all that rules and groups follow from.
type Declared struct {
	Place    string // the project's, which names what is ours
	Project  mlops.Project
	Monitors []mlops.DriftMonitor
	// Deployments whose health is watched, and others.
	Deployments []mlops.Deployment
	Component   string // ARM id of the Application Insights component that rules look into
	Location    string // of the component: rules stand there, too
}

// Signal is what a rule is about.
type Signal string

// Signals beside the topics of mlops.MetricAttention.
const (
	SignalSilent  Signal = "silent"  // no sign of the controller
	SignalFailing Signal = "failing" // share of failed requests
	SignalSlow    Signal = "slow"    // 95th percentile of latency
	SignalIdle    Signal = "idle"    // no traffic
)

// source is one declaration that a signal comes from.
type source struct {
	signal   Signal
	severity int64
	roles    []mlops.Role
	object   string  // "drift_monitors/delay", "" for every one
	limit    float64 // of health signals
}

// severities of signals that no declaration gives one.
var severities = map[Signal]int64{
	Signal(mlops.TopicApproval): 3, Signal(mlops.TopicRejected): 3, Signal(mlops.TopicFailed): 2, Signal(mlops.TopicQuarantined): 1, SignalSilent: 1,
}

// sources are all declarations of signals, in order.
func (d Declared) sources() []source {
	var found []source
	add := func(signal Signal, severity int64, topic mlops.Topic, own []mlops.Role, object string, limit float64) {
		found = append(found, source{signal, severity, d.roles(topic, own), object, limit})
	}
	for _, topic := range []mlops.Topic{mlops.TopicApproval, mlops.TopicRejected, mlops.TopicFailed, mlops.TopicQuarantined} {
		add(Signal(topic), severities[Signal(topic)], topic, nil, "", 0)
	}
	add(SignalSilent, severities[SignalSilent], mlops.TopicQuarantined, nil, "", 0)
	for _, monitor := range d.Monitors {
		object := string(mlops.KindDriftMonitor) + "/" + monitor.Name
		add(Signal(mlops.TopicDrift), monitor.Alert.Severity, mlops.TopicDrift, monitor.Alert.Notify, object, 0)
		add(Signal(mlops.TopicDataQuality), monitor.Alert.Severity, mlops.TopicDataQuality, monitor.Alert.Notify, object, 0)
		add(Signal(mlops.TopicOverdue), monitor.Alert.Severity, mlops.TopicDrift, monitor.Alert.Notify, object, 0)
	}
	for _, deployment := range d.Deployments {
		health := deployment.Health
		if health == nil {
			continue
		}
		for _, one := range []struct {
			signal Signal
			limit  float64
		}{{SignalFailing, health.FailurePercent / 100}, {SignalSlow, health.P95Latency.Std().Seconds()}, {SignalIdle, float64(health.MinimumRequests)}} {
			if one.limit > 0 {
				add(one.signal, health.Severity, mlops.TopicHealth, health.Notify, deployment.Name, one.limit)
			}
		}
	}
	return found
}

// roles that hear of a topic and are declared: the object's own, else the project's, else the default.
func (d Declared) roles(topic mlops.Topic, own []mlops.Role) []mlops.Role {
	roles := own
	if len(roles) == 0 {
		roles = d.Project.Notifications[topic]
	}
	if len(roles) == 0 {
		roles = mlops.DefaultReceivers[topic]
	}
	var known []mlops.Role
	for _, role := range mlops.Roles {
		if slices.Contains(roles, role) && d.reachable(role) {
			known = append(known, role)
		}
	}
	return known
}

// owns says whether the project has groups of its own: not where it uses existing ones alone.
func (d Declared) owns() bool {
	alerts := d.Project.Azure.Alerts
	return len(alerts.ActionGroupIDs) == 0 || len(alerts.Receivers) > 0
}

func (d Declared) reachable(role mlops.Role) bool {
	_, owner := d.Project.Owners[role]
	_, more := d.Project.Azure.Alerts.Receivers[role]
	return d.owns() && (owner || more)
}

// base begins the name of all that the project has: two projects of one name in one group are told apart by their place.
func (d Declared) base() string {
	return "mlops-" + d.Project.Azure.NamePrefix + d.Project.Name + "-" + mlops.PlaceMark(d.Place)
}

func (d Declared) id(kind, name string) string {
	return strings.TrimSuffix(d.Project.Azure.Alerts.ResourceGroupID, "/") + "/providers/Microsoft.Insights/" + kind + "/" + name
}

func (d Declared) groupID(role mlops.Role) string {
	return d.id("actionGroups", d.base()+"-"+strings.ReplaceAll(string(role), "_", "-"))
}

// tags of a resource: the project's own, and the one that says it is ours.
func (d Declared) tags() map[string]string {
	tags := map[string]string{OwnerTag: d.Place}
	for name, value := range d.Project.Azure.Tags {
		if name != OwnerTag {
			tags[name] = value
		}
	}
	return tags
}

// OwnerTag holds the place of the project that a rule or group belongs to.
const OwnerTag = "mlops-project"

// short is the beginning of a hash, for names.
func short(text string, bytes int) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:bytes])
}

func (s source) String() string { return fmt.Sprintf("%s of severity %d", s.signal, s.severity) }
