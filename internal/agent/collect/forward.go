package collect

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/http1"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// plain says whether a request may be forwarded here: what is the collector's own is not.
func (c *Collector) plain(r *http1.Request) bool {
	own := len(r.Path) >= len(ownPaths) && string(r.Path[:len(ownPaths)]) == ownPaths
	return !own && c.ready.Load() && (c.options.FeedbackPath == "" || string(r.Path) != c.options.FeedbackPath)
}

// passing is one request on its way to the model and back.
type passing struct {
	client   *client
	exchange *exchange // nil where it is not for scoring
	model    *model
	response http1.Response
	started  bool // something of the answer has gone out
	watch    *watch
}

// forward passes a request on and its answer back; false where the connection cannot go on.
func (c *client) forward() bool {
	collector := c.front.collector
	collector.metrics.requests.Inc()
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	p := passing{client: c, watch: &watch{client: c, leave: leave}}
	if !collector.scoring(string(c.request.Method), string(c.request.Path)) {
		collector.metrics.skipped.WithLabelValues(skipNotScoring).Inc()
	} else {
		collector.open.Add(1)
		defer collector.open.Done()
		p.exchange = p.begin(ctx, collector)
	}
	var err error
	if p.model, err = c.front.models.get(ctx); err != nil {
		return p.refuse(ctx, err)
	}
	defer func() {
		if p.model != nil {
			_ = p.model.Close()
		}
	}()
	p.watch.model = p.model
	if _, err := p.model.Write(p.head()); err != nil {
		return p.refuse(ctx, err)
	}
	p.watch.start()
	again := p.answer(ctx)
	return p.watch.stop() && again
}

func (p *passing) begin(ctx context.Context, collector *Collector) *exchange {
	r := &p.client.request
	id := correlationIDOf(func(name string) string { return string(r.Get(name)) })
	e := collector.begin(ctx, id, string(r.Path))
	if e.recorded() {
		e.requestEncoding, e.requestLength = string(r.Get("content-encoding")), r.ContentLength
		e.request.note(p.client.buffer[r.Size:r.Size+int(r.ContentLength)], io.EOF)
	}
	return e
}

// head is the request as the model gets it: as it came, but for one more address in X-Forwarded-For and the correlation id.
func (p *passing) head() []byte {
	c, r := p.client, &p.client.request
	out := append(c.out[:0], r.Method...)
	out = append(append(append(out, ' '), r.Target...), " HTTP/1.1\r\n"...)
	forwarded := []byte(nil)
	for _, field := range r.Fields {
		switch {
		case field.Is("connection"), field.Is("keep-alive"), field.Is("proxy-connection"), field.Is("proxy-authenticate"), field.Is("proxy-authorization"):
			continue
		case field.Is("x-forwarded-for"):
			forwarded = append(append(forwarded, field.Value...), ", "...)
			continue
		case p.exchange != nil && field.Is("x-correlation-id"):
			continue
		}
		out = appendField(out, field.Name, field.Value)
	}
	if host, _, err := net.SplitHostPort(c.remote()); err == nil {
		out = appendField(out, []byte("X-Forwarded-For"), append(forwarded, host...))
	}
	if p.exchange != nil {
		out = appendField(out, []byte(CorrelationHeader), []byte(p.exchange.correlationID))
	}
	out = append(out, "\r\n"...)
	out = append(out, c.buffer[r.Size:r.Size+int(r.ContentLength)]...)
	c.out = out
	return out
}

func appendField(to, name, value []byte) []byte {
	to = append(append(to, name...), ": "...)
	return append(append(to, value...), "\r\n"...)
}

// answer reads the model's answer and passes it on; false where the connection cannot go on.
func (p *passing) answer(ctx context.Context) bool {
	filled, err := p.readHead()
	if err != nil {
		return p.refuse(ctx, err)
	}
	r := &p.response
	out := p.answerHead()
	if p.exchange != nil && p.exchange.recorded() {
		e := p.exchange
		e.answer = newCapture(p.client.front.collector.options.BodyLimit, p.client.front.collector.budget)
		for _, field := range r.Fields {
			if field.Is("content-encoding") {
				e.answerEncoding = string(field.Value)
			}
		}
		e.answerLength = r.ContentLength
	}
	rest := p.model.buffer[r.Size:filled]
	switch {
	case r.Bodyless(p.client.request.Method):
		p.note(nil, io.EOF)
		p.finish(true, "")
		return p.write(out) && p.keep(len(rest) == 0)
	case r.Chunked:
		return p.chunked(ctx, out, rest)
	case r.ContentLength >= 0:
		return p.counted(ctx, out, rest)
	default:
		return p.untilClose(ctx, out, rest)
	}
}

// readHead reads until the head of an answer is whole. Those before the real one (1xx) are passed on.
func (p *passing) readHead() (filled int, err error) {
	m := p.model
	for {
		n, err := m.Read(m.buffer[filled:])
		filled += n
		if n == 0 && err != nil {
			return filled, err
		}
		for {
			verdict := p.response.Parse(m.buffer[:filled])
			if verdict == http1.Other || verdict == http1.Plain && p.response.Status == http.StatusSwitchingProtocols {
				return filled, errNonsense
			}
			if verdict == http1.Incomplete {
				break
			}
			if p.response.Status >= 200 {
				return filled, nil
			}
			if !p.write(append([]byte(nil), m.buffer[:p.response.Size]...)) {
				return filled, net.ErrClosed
			}
			filled = copy(m.buffer, m.buffer[p.response.Size:filled])
		}
		if filled == len(m.buffer) {
			if filled >= mostHeader {
				return filled, errNonsense
			}
			m.buffer = append(m.buffer, make([]byte, len(m.buffer))...)
		}
	}
}

var errNonsense = errors.New("the model sent no valid HTTP answer")

// answerHead is the answer's head as the client gets it.
func (p *passing) answerHead() []byte {
	r := &p.response
	out := append(p.client.out[:0], "HTTP/1.1 "...)
	out = append(out, r.Line[len("HTTP/1.1 "):]...)
	out = append(out, "\r\n"...)
	for _, field := range r.Fields {
		if r.Hop(field) || p.exchange != nil && field.Is("x-correlation-id") {
			continue
		}
		out = appendField(out, field.Name, field.Value)
	}
	if p.exchange != nil {
		out = appendField(out, []byte(CorrelationHeader), []byte(p.exchange.correlationID))
	}
	if !r.Bodyless(p.client.request.Method) && r.ContentLength < 0 {
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	if p.client.front.stopping.Load() {
		out = append(out, "Connection: close\r\n"...)
	}
	return append(out, "\r\n"...)
}

// counted passes on a body whose length is known. Its last bytes, and where it is short all of it, go out when the record is
// in the log; what comes slowly is passed on as it comes.
func (p *passing) counted(ctx context.Context, out, rest []byte) bool {
	left := p.response.ContentLength
	surplus := int64(len(rest)) > left
	if surplus {
		rest = rest[:left]
	}
	for {
		p.note(rest, nil)
		out = append(out, rest...)
		if left -= int64(len(rest)); left == 0 {
			p.finish(true, "")
			return p.write(out) && p.keep(!surplus)
		}
		if len(out) > mostPlain {
			if !p.write(out) {
				return p.gone()
			}
			out = p.client.out[:0]
		}
		var err error
		if rest, err = p.more(&out, left); err != nil {
			return p.broke(ctx, err)
		}
	}
}

// more reads what comes next; while it does not come, what waits goes out.
func (p *passing) more(out *[]byte, most int64) ([]byte, error) {
	m := p.model
	buffer := m.buffer
	if most < int64(len(buffer)) {
		buffer = buffer[:most]
	}
	if len(*out) > 0 {
		_ = m.SetReadDeadline(time.Now().Add(flushAfter))
		n, err := m.Read(buffer)
		_ = m.SetReadDeadline(time.Time{})
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || p.watch.left() {
			return buffer[:n], err
		}
		if !p.write(*out) {
			return nil, net.ErrClosed
		}
		*out = (*out)[:0]
	}
	n, err := m.Read(buffer)
	if n > 0 {
		err = nil
	}
	return buffer[:n], err
}

// chunked passes on a body in chunks as they come, but for the end, which goes out when the record is in the log.
func (p *passing) chunked(ctx context.Context, out, rest []byte) bool {
	var chunks http1.Chunks
	for {
		n, err := chunks.Scan(rest, func(payload []byte) { p.note(payload, nil) })
		if err != nil {
			return p.broke(ctx, errNonsense)
		}
		out = append(out, rest[:n]...)
		if chunks.Done() {
			p.note(nil, io.EOF)
			p.finish(true, "")
			return p.write(out) && p.keep(n == len(rest))
		}
		safe := len(out) - chunks.Held()
		if !p.write(out[:safe]) {
			return p.gone()
		}
		out = append(out[:0], out[safe:]...)
		read, err := p.model.Read(p.model.buffer)
		if read == 0 && err != nil {
			return p.broke(ctx, err)
		}
		rest = p.model.buffer[:read]
	}
}

// untilClose passes on a body that ends with its connection, in chunks.
func (p *passing) untilClose(ctx context.Context, out, rest []byte) bool {
	for {
		if len(rest) > 0 {
			p.note(rest, nil)
			out = strconv.AppendInt(out, int64(len(rest)), 16)
			out = append(append(append(out, "\r\n"...), rest...), "\r\n"...)
		}
		if !p.write(out) {
			return p.gone()
		}
		out = out[:0]
		read, err := p.model.Read(p.model.buffer)
		if read == 0 && errors.Is(err, io.EOF) {
			p.note(nil, io.EOF)
			p.finish(true, "")
			return p.write(append(out, "0\r\n\r\n"...))
		}
		if read == 0 && err != nil {
			return p.broke(ctx, err)
		}
		rest = p.model.buffer[:read]
	}
}

func (p *passing) note(payload []byte, end error) {
	if p.exchange != nil && p.exchange.recorded() && (len(payload) > 0 || end != nil) {
		p.exchange.answer.note(payload, end)
	}
}

func (p *passing) finish(complete bool, problem string) {
	if p.exchange != nil && p.exchange.recorded() {
		p.exchange.finish(p.response.Status, complete, problem)
	}
}

// write sends to the client and keeps the buffer for the next time.
func (p *passing) write(out []byte) bool {
	if cap(out) <= mostPlain {
		p.client.out = out[:0]
	}
	if len(out) == 0 {
		return true
	}
	p.started = true
	_, err := p.client.Write(out)
	return err == nil
}

// keep gives the connection to the model back where another request may follow on it.
func (p *passing) keep(clean bool) bool {
	if clean && !p.response.Close {
		one := p.model
		p.model = nil
		if p.watch.release() {
			p.client.front.models.put(one)
		} else {
			_ = one.Close()
		}
	}
	return true
}

// gone is called where the client has left in the middle.
func (p *passing) gone() bool {
	p.finish(false, errorClientGone)
	return false
}

// broke is called where the model's answer ends before its end; the client's does, too.
func (p *passing) broke(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return p.gone()
	}
	p.finish(false, errorModelBroke)
	return false
}

// refuse answers where the model did not.
func (p *passing) refuse(ctx context.Context, err error) bool {
	status, code, message := explain(ctx, err)
	if p.exchange != nil {
		status, code, message = p.exchange.refused(status, code, message)
	}
	if status == record.StatusClientGone || p.started {
		return false
	}
	body, marshalErr := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": message}})
	if marshalErr != nil {
		body = []byte("{}") // strings can always be marshalled
	}
	out := append(p.client.out[:0], "HTTP/1.1 "+strconv.Itoa(status)+" "+http.StatusText(status)+"\r\nContent-Type: application/json\r\n"...)
	if p.exchange != nil {
		out = appendField(out, []byte(CorrelationHeader), []byte(p.exchange.correlationID))
	}
	out = append(out, "Content-Length: "+strconv.Itoa(len(body)+1)+"\r\n\r\n"...)
	return p.write(append(append(out, body...), '\n'))
}

// remote is the client's address, asked for once.
func (c *client) remote() string {
	if c.address == "" {
		c.address = c.RemoteAddr().String()
	}
	return c.address
}
