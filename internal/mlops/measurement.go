package mlops

import "time"

// Measurement is one number for machines that watch a project. A series is a name with its labels; labels never hold a run
// id or a time, or every run would begin a series of its own.
type Measurement struct {
	Name   string
	Labels map[string]string // the same names for every measurement of a name
	Value  float64
	Time   time.Time // when it was found
}

// The names of measurements.
const (
	MetricDriftEffect     = "mlops_drift_effect"
	MetricDriftVerdict    = "mlops_drift_verdict"
	MetricDriftWindowRows = "mlops_drift_window_rows"
	MetricDriftWindowEnd  = "mlops_drift_window_end_timestamp_seconds"
	MetricChampionVersion = "mlops_model_champion_version"
	MetricRunState        = "mlops_run_state"
	MetricEpisodesOpen    = "mlops_episodes_open"
)

// MetricHelp says what each measurement is, for people who look through a list of them.
var MetricHelp = map[string]string{
	MetricDriftEffect:     "How far a feature of the newest judged window is from the reference, by method.",
	MetricDriftVerdict:    "1 for the verdict of the newest judged window, 0 for the others.",
	MetricDriftWindowRows: "Rows of the newest judged window.",
	MetricDriftWindowEnd:  "End of the newest judged window, over event time.",
	MetricChampionVersion: "The version in production, 0 while there is none.",
	MetricRunState:        "Runs by state: all that are open, and the last that are over.",
	MetricEpisodesOpen:    "Drift episodes that are open.",
	MetricAttention:       "1 while something waits for a person, by topic and object, and 0 while it does not.",
	MetricControl:         "1 each time the controller speaks.",
	MetricRequests:        "Scoring requests since the collector spoke last.",
	MetricRequestFailures: "Those of them that failed.",
	MetricRequestP95:      "The 95th percentile of their latency.",
}

// ControlSource is what the controller's measurements are filed under.
const ControlSource = "control"

// MonitorSource is what the measurements of a drift monitor are filed under.
func MonitorSource(monitor string) string { return "drift-" + monitor }

// RunStates lists every state that a run can be in once.
var RunStates = []RunState{
	RunRequested, RunRefused, RunWaitingForData, RunTraining, RunTrained, RunEvaluated, RunRejected, RunRegistered, RunAwaitingApproval,
	RunApproved, RunDeclined, RunSuperseded, RunExpired, RunPromoting, RunPromoted, RunRolledBack, RunFailed, RunCancelled,
}

// Verdicts lists every verdict once.
var Verdicts = []Verdict{
	VerdictStable, VerdictInsufficient, VerdictDataQuality, VerdictSeasonal, VerdictCovariate, VerdictPrediction, VerdictLabel, VerdictPerformance,
}
