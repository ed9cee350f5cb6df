// Package record is the inference record: what one request to a deployment asked, what the model answered, and how long it
// took. It holds the format, the forms of tabular JSON in which rows are found, the layout of segments in the store, and the
// reading of windows. It must not know how records are captured (agent/collect) or what they are judged by (agent/drift).
//
// A record is one line of JSON with the fields of CloudEvents 1.0, so names are lower-case letters and digits. Its data is an
// array of flat row objects, which is what the readers of Azure ML model monitoring take columns from; the model's answer and
// our own fields stand beside it.
package record

import (
	"encoding/json"
	"strconv"
	"time"
)

// Constant fields of a record.
const (
	Schema          = "mlops/inference-record/v1"
	SpecVersion     = "1.0"
	Type            = "mlops.inference"
	DataContentType = "application/json"
)

// NotCaptured begins the note that stands in the place of rows.
const NotCaptured = "not captured: "

// StatusClientGone is the status of a request whose client left before the model had answered; it is nginx's.
const StatusClientGone = 499

// Record is one request and its answer.
type Record struct {
	Schema          string    `json:"schema"`
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`     // unique for ever
	Source          string    `json:"source"` // "deployments/<deployment>"
	Type            string    `json:"type"`
	Time            time.Time `json:"time"` // when the request arrived
	DataContentType string    `json:"datacontenttype"`
	CorrelationID   string    `json:"correlationid"`
	// EventTime is the timestamp column of the first row; Time where there is none. Segments and windows lie by it.
	EventTime time.Time `json:"eventtime"`
	// ArrivalOnly says that the collector was given a timestamp column and found no time in it: EventTime is Time for want of
	// a better one, and moves no watermark.
	ArrivalOnly  bool   `json:"arrivalonly,omitempty"`
	Deployment   string `json:"deployment"`
	Model        string `json:"model,omitempty"`
	ModelVersion int64  `json:"modelversion,string,omitempty"`
	Instance     string `json:"instance"`
	Path         string `json:"path"`
	// Status is the model's, 502 where there was none, StatusClientGone where nobody waited for it.
	Status int `json:"status"`
	// LatencyMS runs from the request's header to the last byte that the model sent, in milliseconds.
	LatencyMS float64 `json:"latencyms"`
	// Complete says that the whole answer passed; Error says in our own words what cut it short.
	Complete bool   `json:"complete"`
	Error    string `json:"error,omitempty"`
	// SamplingPercentage of all correlation ids were kept when this one was.
	SamplingPercentage int `json:"samplingpercentage"`

	// Rows of the request and Data, an array of as many flat objects; where they are not there, Body says why.
	Rows         int64           `json:"rows"`
	Data         json.RawMessage `json:"data,omitempty"`
	Body         string          `json:"body,omitempty"`
	RequestBytes int64           `json:"requestbytes"`
	// The same of the answer.
	ResponseRows  int64           `json:"responserows"`
	Response      json.RawMessage `json:"response,omitempty"`
	ResponseBody  string          `json:"responsebody,omitempty"`
	ResponseBytes int64           `json:"responsebytes"`

	// Sequence counts the records of an instance from 1 without a gap. It stands last, because it is given last.
	Sequence int64 `json:"sequence,omitempty"`

	found *found // nil unless a Decoder read it; valid until it reads the next
}

// Failed says that the model gave no answer that counts.
func (r Record) Failed() bool { return !r.Complete || r.Status >= 400 }

// AppendLine appends an encoded record as one whole line, with its sequence.
func AppendLine(to, encoded []byte, sequence int64) []byte {
	to = append(to, encoded[:len(encoded)-1]...)
	to = append(to, `,"sequence":`...)
	to = strconv.AppendInt(to, sequence, 10)
	return append(to, "}\n"...)
}
