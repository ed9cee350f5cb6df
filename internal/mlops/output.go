package mlops

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// StepOutputSchema marks what a job published.
const StepOutputSchema = "mlops/step-output/v1"

// The steps of an attempt that are jobs.
const (
	StepTrain             = "train"
	StepEvaluateCandidate = "evaluate-candidate"
	StepEvaluateChampion  = "evaluate-champion"
)

// StepOutput is what a job of an attempt made: runs/<model>/<run>/<attempt>/<step>.json. It is created once, so that of two
// pods of one attempt the first output counts.
type StepOutput struct {
	Schema  string    `json:"schema"`
	Writer  string    `json:"writer"`
	Model   string    `json:"model"`
	RunID   string    `json:"run_id"`
	Attempt int64     `json:"attempt"`
	Step    string    `json:"step"`
	Time    time.Time `json:"time"`

	// Output is set by train.
	Output *Output `json:"output,omitempty"`
	// Metrics, predictions (a CSV of row, label, score: data/sha256/<hex>) and the holdout they are about are set by evaluate.
	Metrics           map[string]float64 `json:"metrics,omitempty"`
	PredictionsSHA256 string             `json:"predictions_sha256,omitempty"`
	HoldoutSHA256     string             `json:"holdout_sha256,omitempty"` // of the CSV that was evaluated, after exclusion: data/sha256/<hex>
	HoldoutRows       int64              `json:"holdout_rows,omitempty"`
	ExcludedRows      int64              `json:"excluded_rows,omitempty"`
}

// StepOutputKey is where the output of a step stands.
func StepOutputKey(model, runID string, attempt int64, step string) string {
	return fmt.Sprintf("runs/%s/%s/%d/%s.json", model, runID, attempt, step)
}

// JobName is the name of the job of a step; it is unique over a project.
func JobName(runID string, attempt int64, step string) string {
	return fmt.Sprintf("%s-%d-%s", runID, attempt, step)
}

// RunID is a function of a model's incarnation and the cause, so that one cause makes one run, however often it is seen.
func RunID(model, incarnation string, cause Cause) string {
	sum := sha256.Sum256([]byte(model + "\x00" + incarnation + "\x00" + cause.ID()))
	return "run-" + hex.EncodeToString(sum[:5])
}

// DataKey is where content-addressed bytes stand.
func DataKey(sha256Hex string) string { return "data/sha256/" + sha256Hex }
