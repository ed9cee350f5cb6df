package mlops

import "time"

// RequestSchema marks a request by a person or an alert.
const RequestSchema = "mlops/request/v1"

// RequestAction is what is asked for.
type RequestAction string

// The actions.
const (
	ActionTrain    RequestAction = "train"
	ActionApprove  RequestAction = "approve"
	ActionDecline  RequestAction = "decline"
	ActionCancel   RequestAction = "cancel"
	ActionRetry    RequestAction = "retry"
	ActionRollback RequestAction = "rollback"
	ActionFreeze   RequestAction = "freeze"
	ActionThaw     RequestAction = "thaw"
)

// Request is what a person asks of a model: requests/<who>/<id>.json. The controller answers each once, in the model's log.
type Request struct {
	Schema  string        `json:"schema"`
	Writer  string        `json:"writer"`
	ID      string        `json:"id"` // sorts by time: 20260102T030405Z-<random>
	Time    time.Time     `json:"time"`
	Actor   Actor         `json:"actor"`
	Action  RequestAction `json:"action"`
	Model   string        `json:"model"`
	RunID   string        `json:"run_id,omitempty"`
	Version int64         `json:"version,omitempty"` // rollback
	Reason  string        `json:"reason,omitempty"`
	// Force lets a train request pass the guards.
	Force bool `json:"force,omitempty"`
}

// Key is how an event names the request it answers.
func (r Request) Key() string { return r.Actor.Name + "/" + r.ID }
