package collect

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// constants are what all records of an instance have in common. They stand at the head of every segment of the log, so that
// whoever ships it needs nothing else.
type constants struct {
	Deployment      string `json:"deployment"`
	Model           string `json:"model,omitempty"`
	ModelVersion    int64  `json:"model_version,omitempty"`
	Instance        string `json:"instance"`
	TimestampColumn string `json:"timestamp_column,omitempty"`
	BodyLimit       int64  `json:"body_limit"`
}

// header is what stands at the head of a segment.
func (c constants) header() []byte {
	content, err := json.Marshal(c)
	if err != nil {
		return nil // only plain fields: cannot happen
	}
	return content
}

// renderer makes records of what was captured.
type renderer struct {
	constants
	redact record.Redaction
	// notCaptured is told of each body whose rows are not in its record; nil where nobody wants to know.
	notCaptured func(body string, reason record.Reason)
}

// record finds the rows and takes redacted columns out; a body that cannot be read whole is left out. Rows stand in room, which
// is empty, where they fit: see roomFor.
func (r renderer) record(c captured, room []byte) record.Record {
	made := record.Record{
		Schema: record.Schema, SpecVersion: record.SpecVersion, Type: record.Type, DataContentType: record.DataContentType,
		ID: c.id, Source: "deployments/" + r.Deployment, Time: c.started, EventTime: c.started,
		CorrelationID: c.correlationID, Deployment: r.Deployment, Model: r.Model, ModelVersion: r.ModelVersion,
		Instance: r.Instance, Path: c.path, Status: c.status, LatencyMS: float64(c.latency.Microseconds()) / 1000,
		Complete: c.complete, Error: c.problem, SamplingPercentage: c.sampling,
		RequestBytes: c.request.total, ArrivalOnly: r.TimestampColumn != "",
	}
	rows, err := r.rows(c.request, record.AppendRows, room)
	if err != nil {
		made.Body = r.missing("request", err)
	} else {
		made.Rows, made.Data = rows.Rows, rows.JSON
		if at, ok := eventTime(rows, r.TimestampColumn, made.Time); ok {
			made.EventTime, made.ArrivalOnly = at, false
		}
	}
	if !c.answered {
		return made
	}
	made.ResponseBytes = c.answer.total
	if c.status >= 400 {
		// The text of an error may repeat cells of the request in a form that redaction cannot see.
		made.ResponseBody = r.missing("response", record.ReasonStatus)
		return made
	}
	rows, err = r.rows(c.answer, record.AppendPredictions, rows.JSON[len(rows.JSON):])
	if err != nil {
		made.ResponseBody = r.missing("response", err)
	} else {
		made.ResponseRows, made.Response = rows.Rows, rows.JSON
	}
	return made
}

// roomFor is an empty buffer with room for the rows of what was captured, of the memory of another where that is enough.
func roomFor(c captured, memory []byte) []byte {
	return slices.Grow(memory[:0], len(c.request.body)+len(c.answer.body)+4) // two brackets around each
}

func (r renderer) rows(from half, read func(to, body []byte, redact record.Redaction) (record.Batch, error), room []byte) (record.Batch, error) {
	body, err := from.content(r.BodyLimit)
	if err != nil {
		return record.Batch{}, err
	}
	return read(room, body, r.redact)
}

func (r renderer) missing(body string, err error) string {
	reason := reasonOf(err)
	if r.notCaptured != nil {
		r.notCaptured(body, reason)
	}
	return record.NotCaptured + string(reason)
}

// mostAhead is how far an event may lie in the future. One request with a broken clock must not move the watermark past
// every window to come.
const mostAhead = 366 * 24 * time.Hour

// eventTime is the timestamp of the first row; false where there is none that can be believed.
func eventTime(rows record.Batch, column string, arrival time.Time) (time.Time, bool) {
	if column == "" {
		return time.Time{}, false
	}
	text, ok := rows.Text(column)
	if !ok {
		return time.Time{}, false
	}
	at, ok := table.ParseTime(text)
	return at, ok && at.Year() >= 1900 && at.Sub(arrival) <= mostAhead
}
