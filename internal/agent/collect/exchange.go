package collect

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// Errors of an exchange, in our own words: a transport's texts may hold a piece of what came over the wire.
const (
	errorClientGone    = "the client left before the answer was complete"
	errorRequestBroken = "the client's request broke off"
	errorModelBroke    = "the model broke off its answer"
)

// exchange is one scoring request and its answer. One that is sampled out has a correlation id and nothing else.
type exchange struct {
	collector     *Collector
	started       time.Time
	correlationID string
	path          string
	request       *capture
	requestHeader http.Header
	requestLength int64
	once          sync.Once

	// Set once the model has answered.
	answer       *capture
	answerHeader http.Header
	answerLength int64
}

type exchangeKey struct{}

// exchangeOf is nil where a request is not for scoring.
func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)
	return e
}

// recorded is false for one that is sampled out.
func (e *exchange) recorded() bool { return e.request != nil }

// answered is called with the header of the model's answer, before anything of it goes to the client. An answer that has no
// body is over with its header.
func (e *exchange) answered(response *http.Response) {
	response.Header.Set(CorrelationHeader, e.correlationID)
	if !e.recorded() {
		return
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		e.skip(skipUpgrade)
		return
	}
	e.answer = newCapture(e.collector.options.BodyLimit, e.collector.budget)
	e.answerHeader, e.answerLength = response.Header, response.ContentLength
	if response.Body == http.NoBody || response.ContentLength == 0 {
		e.answer.note(nil, io.EOF)
		e.finish(response.StatusCode, true, "")
		return
	}
	response.Body = &answerBody{
		ReadCloser: response.Body, exchange: e, client: response.Request.Context(), status: response.StatusCode, left: response.ContentLength,
	}
}

// skip leaves no record.
func (e *exchange) skip(reason string) {
	e.once.Do(func() {
		e.request.close()
		e.collector.metrics.skipped.WithLabelValues(reason).Inc()
	})
}

// refused is called where the model did not answer; it says what to tell the client. The record comes first, as with any
// answer.
func (e *exchange) refused(status int, code, message string) (int, string, string) {
	if !e.recorded() {
		return status, code, message
	}
	if _, broken := e.request.size(); broken && status != record.StatusClientGone {
		status, code, message = http.StatusBadRequest, "request_incomplete", errorRequestBroken
	}
	e.finish(status, false, message)
	return status, code, message
}

// finish makes the record and appends it to the log, once. Afterwards the end of the answer may go to the client.
func (e *exchange) finish(status int, complete bool, problem string) {
	e.once.Do(func() {
		e.collector.write(e.record(status, complete, problem))
		e.request.close()
		if e.answer != nil {
			e.answer.close()
		}
	})
}

func (e *exchange) record(status int, complete bool, problem string) record.Record {
	options := e.collector.options
	latency := max(0, options.Clock().Sub(e.started))
	e.collector.metrics.latency.Observe(latency.Seconds())
	r := record.Record{
		Schema: record.Schema, SpecVersion: record.SpecVersion, Type: record.Type, DataContentType: record.DataContentType,
		ID: uuid.NewString(), Source: "deployments/" + options.Deployment, Time: e.started.UTC(), EventTime: e.started.UTC(),
		CorrelationID: e.correlationID, Deployment: options.Deployment, Model: options.Model, ModelVersion: options.ModelVersion,
		Instance: options.Instance, Path: e.path, Status: status, LatencyMS: float64(latency.Microseconds()) / 1000,
		Complete: complete, Error: problem, SamplingPercentage: options.SamplingPercentage,
	}
	r.RequestBytes, _ = e.request.size()
	r.ArrivalOnly = options.TimestampColumn != ""
	rows, err := e.rows(e.request, e.requestHeader, e.requestLength, record.Rows)
	if err != nil {
		r.Body = e.collector.notCaptured("request", err)
	} else {
		r.Rows, r.Data = rows.Rows, rows.JSON
		if at, ok := eventTime(rows, options.TimestampColumn, r.Time); ok {
			r.EventTime, r.ArrivalOnly = at, false
		}
	}
	if e.answer == nil {
		return r
	}
	r.ResponseBytes, _ = e.answer.size()
	if status >= 400 {
		// The text of an error may repeat cells of the request in a form that redaction cannot see.
		r.ResponseBody = e.collector.notCaptured("response", record.ReasonStatus)
		return r
	}
	rows, err = e.rows(e.answer, e.answerHeader, e.answerLength, record.Predictions)
	if err != nil {
		r.ResponseBody = e.collector.notCaptured("response", err)
	} else {
		r.ResponseRows, r.Response = rows.Rows, rows.JSON
	}
	return r
}

func (e *exchange) rows(from *capture, header http.Header, length int64, read func([]byte, record.Redaction) (record.Batch, error)) (record.Batch, error) {
	body, err := from.body(header, length)
	if err != nil {
		return record.Batch{}, err
	}
	return read(body, e.collector.redact)
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

// answerBody is the model's answer as the client's connection reads it. The record is made before the last bytes are
// returned: where the length is known, with them; where it is not, with the end, whose mark goes out after this returns.
type answerBody struct {
	io.ReadCloser
	exchange *exchange
	client   context.Context // ends when the client leaves
	status   int
	left     int64 // bytes to come, -1 where the length is unknown
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.exchange.answer.note(p[:n], err)
	if b.left >= 0 {
		b.left -= int64(n)
	}
	switch {
	case err == io.EOF || err == nil && b.left == 0:
		b.exchange.finish(b.status, true, "")
	case err != nil && b.client.Err() != nil:
		b.exchange.finish(b.status, false, errorClientGone)
	case err != nil:
		b.exchange.finish(b.status, false, errorModelBroke)
	}
	return n, err
}

// Close before the end means that nobody took the rest.
func (b *answerBody) Close() error {
	b.exchange.finish(b.status, false, errorClientGone)
	return b.ReadCloser.Close()
}
