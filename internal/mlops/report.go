package mlops

import "time"

// Verdict is what a window says.
type Verdict string

// The verdicts.
const (
	VerdictStable       Verdict = "stable"
	VerdictInsufficient Verdict = "insufficient"
	VerdictDataQuality  Verdict = "data_quality"
	VerdictSeasonal     Verdict = "seasonal"
	VerdictCovariate    Verdict = "covariate"
	VerdictPrediction   Verdict = "prediction"
	VerdictLabel        Verdict = "label"
	VerdictPerformance  Verdict = "performance"
)

// Drifted says whether a verdict is one that opens a drift episode.
func (v Verdict) Drifted() bool {
	switch v {
	case VerdictCovariate, VerdictPrediction, VerdictLabel, VerdictPerformance:
		return true
	default:
		return false
	}
}

// DriftReportSchema marks a drift report.
const DriftReportSchema = "mlops/drift-report/v1"

// DriftReport judges one window: reports/<monitor>/<yyyy>/<mm>/<dd>/<window end>.json.
type DriftReport struct {
	Schema        string    `json:"schema"`
	Writer        string    `json:"writer"`
	Monitor       string    `json:"monitor"`
	Deployment    string    `json:"deployment"`
	Model         string    `json:"model"`
	ModelVersion  int64     `json:"model_version"`
	Reference     string    `json:"reference"` // "dataset flights version 1, training split"
	WindowStart   time.Time `json:"window_start"`
	WindowEnd     time.Time `json:"window_end"`
	Watermark     time.Time `json:"watermark,omitzero"`
	Time          time.Time `json:"time"`
	Rows          int64     `json:"rows"`
	ReferenceRows int64     `json:"reference_rows"`
	Requests      int64     `json:"requests"`
	Failed        int64     `json:"failed_requests"`
	Verdict       Verdict   `json:"verdict"`
	// Season is "explained", "season_unknown" or "" where none was looked for.
	Season  string         `json:"season,omitempty"`
	Summary string         `json:"summary"` // one sentence that says why
	Quality []QualityFault `json:"quality,omitempty"`
	// Findings are worth a look, and decide nothing.
	Findings []QualityFault  `json:"findings,omitempty"`
	Features []FeatureReport `json:"features"`
	// Multivariate is set where the monitor asks to look at features together.
	Multivariate []MultivariateReport `json:"multivariate,omitempty"`
	// Performance is set where labels have come for the window.
	Performance *Performance `json:"performance,omitempty"`
	// Profiles is set where the window was judged by the profiles of its hours and not by its rows.
	Profiles *ProfileBasis `json:"profiles,omitempty"`
}

// ProfileBasis is what a window was added up from.
type ProfileBasis struct {
	Hours    int64 `json:"hours"`               // that have a profile
	LateRows int64 `json:"late_rows,omitempty"` // of those hours that came after they had been counted
	RowsRead int64 `json:"rows_read,omitempty"` // of the rest of the window
}

// QualityFault is one thing that cannot be true.
type QualityFault struct {
	Feature string  `json:"feature"`
	Rule    string  `json:"rule"` // type, null, range, category, unit, schema, duplicate; of findings also constant, gap, disorder
	Share   float64 `json:"share,omitempty"`
	Message string  `json:"message"`
}

// FeatureReport is one feature of a window.
type FeatureReport struct {
	Name    string         `json:"name"`
	Type    ColumnType     `json:"type"`
	Drifted bool           `json:"drifted"`
	Metrics []MetricReport `json:"metrics"`
	// Effect and Threshold are of the method that decides; PValue is corrected over features.
	Effect    float64  `json:"effect"`
	Threshold float64  `json:"threshold"`
	PValue    *float64 `json:"p_value,omitempty"`
	Message   string   `json:"message,omitempty"`
	// Sides are rows, nulls and ranges of reference and window.
	Sides *Sides `json:"sides,omitempty"`
	// Chart holds the shares by bin of reference and window, for the report.
	Chart *Chart `json:"chart,omitempty"`
}

// Sides are reference and window of a feature.
type Sides struct {
	Reference Side `json:"reference"`
	Window    Side `json:"window"`
}

// Side is what one of them holds.
type Side struct {
	Rows    int64    `json:"rows"`
	Nulls   int64    `json:"nulls"`
	Minimum *float64 `json:"minimum,omitempty"` // of a number
	Maximum *float64 `json:"maximum,omitempty"`
	Levels  int64    `json:"levels,omitempty"` // of a category: how many values are known by name
}

// MetricReport is a number and the method that made it.
type MetricReport struct {
	Method string   `json:"method"`
	Value  *float64 `json:"value"`
	PValue *float64 `json:"p_value"`
	Reason string   `json:"reason,omitempty"` // why there is no value
}

// MultivariateReport is what all features show together.
type MultivariateReport struct {
	Method    string   `json:"method"`
	Value     *float64 `json:"value"`
	PValue    *float64 `json:"p_value"`
	Threshold float64  `json:"threshold,omitempty"`
	Drifted   bool     `json:"drifted"`
	Reason    string   `json:"reason,omitempty"` // why there is no value
	Message   string   `json:"message,omitempty"`
}

// Chart is shares by bin.
type Chart struct {
	Labels    []string  `json:"labels"`
	Reference []float64 `json:"reference"`
	Current   []float64 `json:"current"`
}

// MonitorEventSchema marks documents of a monitor's log.
const MonitorEventSchema = "mlops/monitor-event/v1"

// MonitorEventType says what happened to a monitor.
type MonitorEventType string

// What can happen to a monitor.
const (
	WindowJudged    MonitorEventType = "judged"
	EpisodeOpened   MonitorEventType = "episode_opened"
	EpisodeClosed   MonitorEventType = "episode_closed"
	EpisodeAccepted MonitorEventType = "episode_accepted" // a person overruled the verdict
)

// MonitorEvent is one document of a monitor's log: monitors/<monitor>/<seq>.json.
type MonitorEvent struct {
	Header
	Type   MonitorEventType `json:"type"`
	Actor  Actor            `json:"actor"`
	Reason string           `json:"reason,omitempty"`

	WindowStart  time.Time `json:"window_start,omitzero"` // judged
	WindowEnd    time.Time `json:"window_end,omitzero"`
	Verdict      Verdict   `json:"verdict,omitempty"`
	Rows         int64     `json:"rows,omitempty"`
	ModelVersion int64     `json:"model_version,omitempty"`
	Report       string    `json:"report,omitempty"` // key of the report
	Summary      string    `json:"summary,omitempty"`
	LabelledRows int64     `json:"labelled_rows,omitempty"` // by which performance was judged; zero where it was not
	EpisodeID    string    `json:"episode_id,omitempty"`
	Incarnation  string    `json:"incarnation,omitempty"` // the life of the monitor's name that looked
}

// Episode is a span in which windows agree: it, not a report, alerts and triggers.
type Episode struct {
	ID      string    `json:"id"` // <monitor>-<window end that opened it>
	Monitor string    `json:"monitor"`
	Verdict Verdict   `json:"verdict"`
	Opened  time.Time `json:"opened"` // end of the window that opened it
	Closed  time.Time `json:"closed,omitzero"`
	Report  string    `json:"report"`
	Summary string    `json:"summary"`
	// Sequence and ClosedSequence are the numbers, in the monitor's log, of the events that opened and closed it.
	Sequence       int64 `json:"sequence"`
	ClosedSequence int64 `json:"closed_sequence,omitempty"`
	// Accepted says that a person has overruled it, with Reason: a data-quality episode no longer blocks training.
	Accepted bool   `json:"accepted,omitempty"`
	Reason   string `json:"reason,omitempty"`
}
