package collect

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Errors of an exchange, in our own words: a transport's texts may hold a piece of what came over the wire.
const (
	errorClientGone    = "the client left before the answer was complete"
	errorRequestBroken = "the client's request broke off"
	errorModelBroke    = "the model broke off its answer"
)

// exchange is one scoring request and its answer. One that is sampled out has a correlation id and nothing else.
type exchange struct {
	admitted
	collector *Collector
	client    context.Context // ends when the client leaves
	request   *capture        // nil where nothing is recorded
	once      sync.Once

	requestEncoding string
	requestLength   int64

	// Set once the model has answered.
	answer         *capture
	answerEncoding string
	answerLength   int64
}

type exchangeKey struct{}

// exchangeOf is nil where a request is not for scoring.
func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)
	return e
}

// answered is called with the header of the model's answer, before anything of it goes to the client. An answer that has no
// body is over with its header.
func (e *exchange) answered(response *http.Response) {
	response.Header.Set(CorrelationHeader, e.correlationID)
	if !e.recorded {
		return
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		e.skip(skipUpgrade)
		return
	}
	e.answer = newCapture(e.collector.options.BodyLimit, e.collector.budget)
	e.answerEncoding, e.answerLength = encodingOf(response.Header), response.ContentLength
	if response.Body == http.NoBody || response.ContentLength == 0 {
		e.answer.note(nil, io.EOF)
		e.finish(response.StatusCode, true, "")
		return
	}
	response.Body = &answerBody{
		ReadCloser: response.Body, exchange: e, status: response.StatusCode, left: response.ContentLength,
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
	if !e.recorded {
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
		e.collector.write(e.client, e.captured(status, complete, problem))
		e.request.close()
		if e.answer != nil {
			e.answer.close()
		}
	})
}

func encodingOf(header http.Header) string {
	return strings.Join(header.Values("Content-Encoding"), ",")
}

// captured is what passed, as the log takes it.
func (e *exchange) captured(status int, complete bool, problem string) captured {
	c := e.collector.captured(e.admitted, status, complete, problem, e.request.half(e.requestEncoding, e.requestLength))
	if e.answer != nil {
		c.answered, c.answer = true, e.answer.half(e.answerEncoding, e.answerLength)
		if status >= 400 {
			c.answer.body = nil // it is not stored
		}
	}
	return c
}

// answerBody is the model's answer as the client's connection reads it. The record is made before the last bytes are
// returned: where the length is known, with them; where it is not, with the end, whose mark goes out after this returns.
type answerBody struct {
	io.ReadCloser
	exchange *exchange
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
	case err != nil && b.exchange.client.Err() != nil:
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
