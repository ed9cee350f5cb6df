package mlops

import "time"

// Topic is what a notification is about.
type Topic string

// The topics, with the role that hears of each unless the project says otherwise.
const (
	TopicDrift       Topic = "drift"        // an episode opened or closed
	TopicDataQuality Topic = "data_quality" // what cannot be true arrived
	TopicApproval    Topic = "approval"     // a candidate waits for a person
	TopicRejected    Topic = "rejected"     // the gate refused a candidate
	TopicFailed      Topic = "failed"       // a run failed, expired or went back
	TopicPromoted    Topic = "promoted"     // a version went into production
	TopicQuarantined Topic = "quarantined"  // a log cannot be folded
	TopicHealth      Topic = "health"       // a deployment is ill: rules of a platform alone tell it
)

// DefaultReceivers is who hears of a topic unless the project or the object says otherwise.
var DefaultReceivers = map[Topic][]Role{
	TopicDrift:       {RoleMLOpsEngineer},
	TopicDataQuality: {RoleDataEngineer},
	TopicApproval:    {RoleDataScientist},
	TopicRejected:    {RoleDataScientist},
	TopicFailed:      {RoleDataScientist},
	TopicPromoted:    {RoleMLOpsEngineer},
	TopicQuarantined: {RoleMLOpsEngineer},
	TopicHealth:      {RoleMLOpsEngineer},
}

// Topics lists every topic once.
var Topics = []Topic{TopicDrift, TopicDataQuality, TopicApproval, TopicRejected, TopicFailed, TopicPromoted, TopicQuarantined, TopicHealth}

// NotificationSchema marks a notification that was sent.
const NotificationSchema = "mlops/notification/v1"

// Notification is one message to the owners: alerts/<key>.json. Its key is a function of what happened, so that a thousand
// attempts to send it leave one.
type Notification struct {
	Schema   string    `json:"schema"`
	Writer   string    `json:"writer"`
	Key      string    `json:"key"` // a store key part: <log>/<sequence>
	Time     time.Time `json:"time"`
	Topic    Topic     `json:"topic"`
	Severity int64     `json:"severity"`
	Subject  string    `json:"subject"` // the object: "drift_monitors/delay"
	Summary  string    `json:"summary"` // one line
	Detail   string    `json:"detail,omitempty"`
	// Receivers are the owners' e-mail addresses at the time.
	Receivers []string `json:"receivers"`
}

// Receivers resolves roles to the owners of a project: the object's own list, else the project's, else the default.
func (p Project) Receivers(topic Topic, own []Role) []Owner {
	roles := own
	if len(roles) == 0 {
		roles = p.Notifications[topic]
	}
	if len(roles) == 0 {
		roles = DefaultReceivers[topic]
	}
	var owners []Owner
	for _, role := range roles {
		if owner, ok := p.Owners[role]; ok {
			owners = append(owners, owner)
		}
	}
	return owners
}
