package collect

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// end lets the end of the answer go once the record is in the log.
func (p *passing) end(status int, complete bool, problem string) {
	p.ended = true
	p.finish(status, complete, problem, func() { p.safe = len(p.out) })
}

// finish makes the record and appends it to the log, once, and then calls back: at once where the log does not have to be
// waited for.
func (p *passing) finish(status int, complete bool, problem string, then func()) {
	if p.finished || !p.admitted.recorded {
		then()
		return
	}
	p.finished = true
	c, collector := p.client, p.client.lane.collector
	passed := collector.captured(p.admitted, status, complete, problem, p.request)
	if p.answer.headed {
		passed.answered, passed.answer = true, p.half(complete)
		if status >= 400 {
			passed.answer.body = nil // it is not stored
		}
	}
	if collector.tryWrite(passed) {
		p.free()
		then()
		return
	}
	ctx, leave := context.WithCancel(context.Background())
	p.leave = leave
	waits := passed.clone() // the client may be gone before the log has it
	collector.open.Go(func() {
		collector.write(ctx, waits)
		leave()
		c.lane.loop.Post(func() {
			if c.phase == answering {
				c.guard(func() {
					then()
					p.advance()
					c.read()
				})
			}
		})
	})
}

// half is the captured answer.
func (p *passing) half(complete bool) half {
	a := &p.answer
	switch {
	case a.capture != nil:
		return a.capture.half(a.encoding, a.head.ContentLength)
	case !complete:
		return half{total: int64(len(p.out) - a.bodyAt), encoding: a.encoding, refused: record.ReasonIncomplete}
	default:
		return p.hold(p.out[a.bodyAt:], a.encoding)
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
