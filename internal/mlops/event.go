package mlops

import (
	"encoding/json"
	"time"
)

// EventSchema marks documents of a model's log.
const EventSchema = "mlops/run-event/v1"

// Header begins every document of a log.
type Header struct {
	Schema   string    `json:"schema"`
	Writer   string    `json:"writer"` // random, so that a writer recognises its own document after a lost reply
	Sequence int64     `json:"sequence"`
	Previous string    `json:"previous"` // SHA-256 of the bytes of the document before, "" for the first
	Time     time.Time `json:"time"`     // never before the time of the event before
}

// EventType says what happened.
type EventType string

// What can happen to a run.
const (
	RunRequested        EventType = "requested"
	RunJoined           EventType = "joined" // a further cause for a run in flight that answers it too
	RunRefused          EventType = "refused"
	RunWaitingForData   EventType = "waiting_for_data"
	RunTraining         EventType = "training"
	RunTrained          EventType = "trained"
	RunEvaluated        EventType = "evaluated"
	RunRejected         EventType = "rejected"
	RunRegistered       EventType = "registered"
	RunAwaitingApproval EventType = "awaiting_approval"
	RunApproved         EventType = "approved"
	RunDeclined         EventType = "declined"
	RunSuperseded       EventType = "superseded"
	RunExpired          EventType = "expired"
	RunPromoting        EventType = "promoting"
	RunPromoted         EventType = "promoted"
	RunRolledBack       EventType = "rolled_back"
	RunFailed           EventType = "failed"
	RunCancelled        EventType = "cancelled"
)

// What can happen to a model beside its runs.
const (
	ModelCreated    EventType = "model_created"    // a new incarnation: aliases are empty
	ModelDeleted    EventType = "model_deleted"    // the name may be used again
	ModelFrozen     EventType = "frozen"           // nothing starts, nothing is promoted
	ModelThawed     EventType = "thawed"           //
	RequestRefused  EventType = "request_refused"  // somebody asked for what is not theirs or not possible
	RequestAnswered EventType = "request_answered" // a request that changed nothing more than this log
)

// Event is one document of a model's log: logs/<model>/<seq>.json. The log decides: whoever creates a number has decided.
type Event struct {
	Header
	Type   EventType `json:"type"`
	Actor  Actor     `json:"actor"`
	Reason string    `json:"reason,omitempty"`

	RunID       string     `json:"run_id,omitempty"`
	Attempt     int64      `json:"attempt,omitempty"` // requested: how many attempts were made before
	Deadline    time.Time  `json:"deadline,omitzero"` // when the state that this event opens is over by itself
	Incarnation string     `json:"incarnation,omitempty"`
	RequestID   string     `json:"request_id,omitempty"` // the request that this event answers: <who>/<id>
	Cause       *Cause     `json:"cause,omitempty"`      // requested, joined, refused
	Guard       Guard      `json:"guard,omitempty"`      // refused
	NotBefore   time.Time  `json:"not_before,omitzero"`  // refused: when the guard may let it pass
	Force       bool       `json:"force,omitempty"`      // requested: past the guards
	Inputs      *Inputs    `json:"inputs,omitempty"`     // training
	Holdout     *Holdout   `json:"holdout,omitempty"`    // trained: what it will be judged on
	Output      *Output    `json:"output,omitempty"`     // trained
	Judgement   *Judgement `json:"judgement,omitempty"`  // evaluated
	Version     int64      `json:"version,omitempty"`    // registered, approved, promoting, promoted, rolled_back
	Previously  int64      `json:"previously,omitempty"` // promoting, promoted, rolled_back: the version that the alias had
	Alias       string     `json:"alias,omitempty"`      // promoting, promoted, rolled_back
	Failure     *Failure   `json:"failure,omitempty"`    // failed, or training again
	Digest      string     `json:"digest,omitempty"`     // approved: the artifact that was approved
}

// CauseKind is what started a run.
type CauseKind string

// The causes.
const (
	CauseBootstrap      CauseKind = "bootstrap"
	CauseDrift          CauseKind = "drift"
	CauseDatasetVersion CauseKind = "dataset_version"
	CauseCode           CauseKind = "code"
	CauseSchedule       CauseKind = "schedule"
	CauseRequest        CauseKind = "request"
	CauseRollback       CauseKind = "rollback"
)

// Controller is who acts where no person did.
var Controller = Actor{Name: "control"}

// Cause names why a run exists. Equal causes are one cause: the run's id is a function of it.
type Cause struct {
	Kind CauseKind `json:"kind"`
	// Key makes the cause unique: episode id, dataset version, code revision, schedule slot, request id.
	Key  string `json:"key"`
	Text string `json:"text,omitempty"` // for people
}

// ID is the cause as one string.
func (c Cause) ID() string { return string(c.Kind) + ":" + c.Key }

// Guard is what held a trigger back.
type Guard string

// The guards.
const (
	GuardFrozen         Guard = "frozen"
	GuardCooldown       Guard = "cooldown"
	GuardBudget         Guard = "budget"
	GuardMinimumNewRows Guard = "minimum_new_rows"
	GuardDataQuality    Guard = "data_quality"
	GuardNothingNew     Guard = "nothing_new"
)

// Inputs are what an attempt trains from, by digest.
type Inputs struct {
	Dataset        string            `json:"dataset"`
	DatasetVersion int64             `json:"dataset_version"`
	TrainingSHA256 string            `json:"training_sha256"` // of the training split
	Training       string            `json:"training"`
	Revision       string            `json:"revision"` // Training.Revision
	SourceRevision string            `json:"source_revision"`
	Image          string            `json:"image"`
	Parameters     map[string]string `json:"parameters,omitempty"`
	// Code is the training as it was declared: what evaluates and serves this version for ever.
	Code Training `json:"code"`
}

// Output is what an attempt made, as published once.
type Output struct {
	ArtifactSHA256 string             `json:"artifact_sha256"` // of a tar of model/
	Bytes          int64              `json:"bytes"`
	ImageDigest    string             `json:"image_digest,omitempty"` // locally the SHA-256 of the program's file
	Metrics        map[string]float64 `json:"metrics,omitempty"`      // what train itself reported
}

// Holdout is what candidate and champion are judged on: the newest version when the candidate was ready, and the champion
// of that moment. It stands in the log so that both evaluations see the same rows, whatever is published meanwhile.
type Holdout struct {
	Dataset  string `json:"dataset"`
	Version  int64  `json:"version"`
	Champion int64  `json:"champion,omitempty"` // 0 where there is none
}

// Judgement is champion and candidate on data that neither learned from.
type Judgement struct {
	HoldoutDataset string                     `json:"holdout_dataset"`
	HoldoutVersion int64                      `json:"holdout_version"`
	HoldoutSHA256  string                     `json:"holdout_sha256"`
	HoldoutRows    int64                      `json:"holdout_rows"`  // left after rows that either has learned from
	ExcludedRows   int64                      `json:"excluded_rows"` // rows that either has learned from
	Champion       int64                      `json:"champion"`      // its version, 0 where there is none
	Metrics        map[string]MetricJudgement `json:"metrics"`
	Slices         map[string]SliceJudgement  `json:"slices,omitempty"` // by column
	Passed         bool                       `json:"passed"`
	Reasons        []string                   `json:"reasons,omitempty"` // why not
}

// MetricJudgement is one metric of the gate.
type MetricJudgement struct {
	Candidate float64  `json:"candidate"`
	Champion  *float64 `json:"champion,omitempty"`
	// Gain is positive where the candidate is better, whatever the goal; Low and High bound it at 95 %.
	Gain   *float64 `json:"gain,omitempty"`
	Low    *float64 `json:"low,omitempty"`
	High   *float64 `json:"high,omitempty"`
	Method string   `json:"method"` // paired_bootstrap/v1, difference/v1 or minimum/v1
	Passed bool     `json:"passed"`
	Reason string   `json:"reason,omitempty"`
}

// SliceJudgement is a metric by the values of one column.
type SliceJudgement struct {
	Metric string                `json:"metric"`
	Values map[string]SliceValue `json:"values"`
	Gap    float64               `json:"gap"`
	Passed bool                  `json:"passed"`
	Reason string                `json:"reason,omitempty"`
}

// SliceValue is a metric on the rows of one value, for candidate and champion.
type SliceValue struct {
	Rows      int64    `json:"rows"`
	Candidate float64  `json:"candidate"`
	Champion  *float64 `json:"champion,omitempty"`
}

// Failure is how a job ended.
type Failure struct {
	Step     string `json:"step"`      // train, evaluate-candidate, evaluate-champion, roll-out
	ExitCode int64  `json:"exit_code"` // -1 where it was killed or lost
	Message  string `json:"message"`
	LogTail  string `json:"log_tail,omitempty"` // the last 64 KB
	Retry    bool   `json:"retry"`              // whether a further attempt makes sense
}

// Words are what failed and how, as one line.
func (f Failure) Words() string {
	if f.Step == "" {
		return f.Message
	}
	return f.Step + ": " + f.Message
}

// DecodeEvent reads an event; fields that it does not know are ignored.
func DecodeEvent(data []byte) (Event, error) {
	var event Event
	if err := json.Unmarshal(data, &event); err != nil {
		return Event{}, err
	}
	return event, nil
}
