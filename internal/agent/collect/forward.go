package collect

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/http1"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// plain says whether a request may be forwarded in a lane: what is the collector's own is not.
func (c *Collector) plain(r *http1.Request) bool {
	own := len(r.Path) >= len(ownPaths) && string(r.Path[:len(ownPaths)]) == ownPaths
	return !own && c.ready.Load() && (c.options.FeedbackPath == "" || string(r.Path) != c.options.FeedbackPath)
}

// passing is one request on its way to the model and back. It goes on whenever one of its two sockets can.
type passing struct {
	client   *client
	began    time.Time
	admitted admitted // of one for scoring
	scoring  bool
	request  half
	reserved int64              // of the budget of captures
	leave    context.CancelFunc // ends what waits elsewhere on its behalf
	model    *model             // nil until there is a connection
	lent     []byte             // of which toModel is the rest that the model has not taken yet
	toModel  []byte
	answer   answer
	out      []byte // for the client
	sent     int    // of out
	safe     int    // how much of out may go
	started  bool   // something of the answer has gone
	ended    bool   // out ends with the end of the answer
	finished bool   // its record was made
}

// begin passes a request on.
func (p *passing) begin() {
	c := p.client
	collector, r := c.lane.collector, &c.request
	*p = passing{client: c, began: time.Now(), answer: answer{head: p.answer.head}}
	collector.metrics.requests.Inc()
	if p.scoring = scoring(collector.options.ScorePath, r.Method, r.Path); p.scoring {
		p.admit()
	} else {
		collector.skipped.notScoring.Inc()
	}
	if c.socket.Ended() {
		p.lookAt(p.began.Add(unwatched))
	}
	if one := c.lane.models.take(); one != nil {
		p.carry(one)
		return
	}
	ctx, leave := context.WithCancel(context.Background())
	p.leave = leave
	c.lane.models.dial(ctx, func(one *model, err error) {
		leave()
		switch {
		case c.phase == closed && err == nil:
			c.lane.models.put(one)
		case c.phase == closed:
		default:
			c.guard(func() {
				if err != nil {
					p.refuse(err)
					p.advance()
				} else {
					p.carry(one)
				}
				c.read()
			})
		}
	})
}

// admit decides what is kept of the request. Its body stays where it was read.
func (p *passing) admit() {
	c, r := p.client, &p.client.request
	id := givenCorrelationID(func(name string) string { return string(r.Get(name)) })
	if id == "" {
		id = c.lane.random.next()
	}
	path := c.lane.collector.options.ScorePath
	if path == "" {
		path = string(r.Path)
	}
	if p.admitted = c.lane.collector.admit(id, path); p.admitted.recorded {
		p.request = p.hold(c.buffer[r.Size:r.Size+int(r.ContentLength)], string(r.Get("content-encoding")))
	}
}

// hold is a body that stays where it is until the record is made; what it takes is of the budget of captures all the same.
func (p *passing) hold(body []byte, encoding string) half {
	collector, held := p.client.lane.collector, half{total: int64(len(body)), encoding: encoding}
	switch {
	case held.total > collector.options.BodyLimit:
		held.refused = record.ReasonTooLarge
	case !collector.budget.reserve(held.total):
		held.refused = record.ReasonBudget
	default:
		held.body = body
		p.reserved += held.total
	}
	return held
}

// carry begins with a connection to the model.
func (p *passing) carry(one *model) {
	p.model, one.passing = one, p
	p.lent = p.head(p.client.lane.lend())
	p.toModel = p.lent
	p.advance()
}

// head is the request as the model gets it: as it came, but for one more address in X-Forwarded-For and the correlation id.
func (p *passing) head(out []byte) []byte {
	c, r := p.client, &p.client.request
	out = append(out, r.Method...)
	out = append(append(append(out, ' '), r.Target...), " HTTP/1.1\r\n"...)
	forwarded := []byte(nil)
	for _, field := range r.Fields {
		switch {
		case field.Is("connection"), field.Is("keep-alive"), field.Is("proxy-connection"), field.Is("proxy-authenticate"), field.Is("proxy-authorization"):
			continue
		case field.Is("x-forwarded-for"):
			forwarded = append(append(forwarded, field.Value...), ", "...)
			continue
		case p.scoring && field.Is("x-correlation-id"):
			continue
		}
		out = appendField(out, field.Name, field.Value)
	}
	if c.address != "" {
		out = append(append(out, "X-Forwarded-For: "...), forwarded...)
		out = append(append(out, c.address...), "\r\n"...)
	}
	if p.scoring {
		out = appendField(out, correlationField, p.admitted.correlationID)
	}
	out = append(out, "\r\n"...)
	return append(out, c.buffer[r.Size:r.Size+int(r.ContentLength)]...)
}

const correlationField = CorrelationHeader

func appendField[N, V string | []byte](to []byte, name N, value V) []byte {
	to = append(append(to, name...), ": "...)
	return append(append(to, value...), "\r\n"...)
}

// advance goes on as far as it can without waiting.
func (p *passing) advance() {
	for p.client.phase == answering && p.step() {
		continue
	}
}

// step does one thing; false where it has to wait.
func (p *passing) step() bool {
	if p.sent < p.safe && !p.flush() {
		return false
	}
	if p.ended {
		if p.sent == len(p.out) {
			p.over()
		}
		return false
	}
	if p.model == nil {
		return false
	}
	if len(p.toModel) > 0 {
		n, err := p.model.socket.Write(p.toModel)
		p.toModel = p.toModel[n:]
		switch {
		case err == nil, errors.Is(err, sockets.ErrWait):
		case p.answer.headed: // it has heard enough
			p.toModel, p.answer.head.Close = nil, true
		default:
			p.refuse(err)
			return true
		}
		if len(p.toModel) == 0 {
			p.client.lane.takeBack(p.lent)
			p.lent, p.toModel = nil, nil
		}
	}
	return p.receive()
}

// flush sends what may go; false where the client takes no more now, or nothing ever.
func (p *passing) flush() bool {
	n, err := p.client.socket.Write(p.out[p.sent:p.safe])
	p.sent += n
	p.started = p.started || n > 0
	switch {
	case errors.Is(err, sockets.ErrWait):
		return false
	case err != nil:
		p.gone()
		return false
	}
	if p.sent == len(p.out) && !p.ended {
		p.out, p.sent, p.safe = p.out[:0], 0, 0
	}
	return true
}

// clientReady is called when something happens on the client's side: it takes more, or it leaves.
func (p *passing) clientReady() {
	socket := p.client.socket
	switch {
	case socket.Broken():
		p.gone()
		return
	case socket.Ended():
		p.lookAt(p.began.Add(unwatched))
	}
	p.advance()
}

// lookAt has late called then, or before.
func (p *passing) lookAt(then time.Time) {
	if due := p.client.due; due.IsZero() || then.Before(due) {
		p.client.at(then)
	}
}

// late is called when the answer takes its time: the client may have left, and what waits for more goes out.
func (p *passing) late(now time.Time) {
	if p.client.socket.Ended() {
		if now.Sub(p.began) >= unwatched {
			p.gone()
			return
		}
		p.lookAt(p.began.Add(unwatched))
	}
	if !p.ended {
		p.letGo()
	}
	p.advance()
}

// over ends a request that was answered, and gives the connection to the model back where another may follow on it.
func (p *passing) over() {
	c := p.client
	if p.model != nil && p.answer.clean && len(p.toModel) == 0 {
		c.lane.models.put(p.model)
		p.model = nil
	}
	p.abandon()
	c.answered(!c.lane.front.last())
}

// gone is called where the client has left. The model has nobody to answer.
func (p *passing) gone() {
	status := record.StatusClientGone
	if p.answer.headed {
		status = p.answer.head.Status
	}
	p.finish(status, false, errorClientGone, func() {})
	p.client.close()
}

// broke is called where the model's answer ends before its end; the client's does, too.
func (p *passing) broke() {
	p.finish(p.answer.head.Status, false, errorModelBroke, func() {})
	p.client.close()
}

// refuse answers where the model did not.
func (p *passing) refuse(err error) {
	status, code, message := explain(context.Background(), err)
	if p.started {
		p.finish(status, false, message, func() {})
		p.client.close()
		return
	}
	body, marshalErr := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": message}})
	if marshalErr != nil {
		body = []byte("{}") // strings can always be marshalled
	}
	out := append(p.out[:0], "HTTP/1.1 "+strconv.Itoa(status)+" "+http.StatusText(status)+"\r\nContent-Type: application/json\r\n"...)
	if p.scoring {
		out = appendField(out, correlationField, p.admitted.correlationID)
	}
	if p.client.lane.front.last() {
		out = append(out, "Connection: close\r\n"...)
	}
	out = append(out, "Content-Length: "+strconv.Itoa(len(body)+1)+"\r\n\r\n"...)
	p.out, p.sent, p.safe, p.answer.clean = append(append(out, body...), '\n'), 0, 0, false
	p.end(status, false, message)
}

// abandon gives back what the request holds.
func (p *passing) abandon() {
	if p.leave != nil {
		p.leave()
	}
	if p.model != nil {
		p.model.passing = nil
		_ = p.model.socket.Close()
		p.model = nil
	}
	p.client.lane.takeBack(p.lent)
	p.client.lane.takeBack(p.out)
	p.lent, p.toModel, p.out = nil, nil, nil
	p.free()
}

func (p *passing) free() {
	if p.reserved > 0 {
		p.client.lane.collector.budget.release(p.reserved)
		p.reserved = 0
	}
	if p.answer.capture != nil {
		p.answer.capture.close()
	}
}
