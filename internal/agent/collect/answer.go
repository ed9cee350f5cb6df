package collect

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/http1"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// answer is what is known of the model's answer so far.
type answer struct {
	partial  []byte // what was read of a head that has not come whole
	headed   bool
	head     http1.Response // its fields are valid only while it is being read
	encoding string
	chunks   http1.Chunks
	left     int64 // of a body of known length
	bodyAt   int   // where in out it begins, as long as none of it has gone
	whole    bool  // nothing of out has gone
	clean    bool  // the connection to the model can carry another request
	capture  *capture
}

var errNonsense = errors.New("the model sent no valid HTTP answer")

// receive reads what the model says; false where it says nothing now.
func (p *passing) receive() bool {
	input := p.client.lane.input
	n, err := p.model.socket.Read(input)
	switch {
	case err == nil:
		p.take(input[:n])
		return true
	case errors.Is(err, sockets.ErrWait):
		if len(p.out) > p.safe && p.answer.whole {
			p.lookAt(time.Now().Add(flushAfter))
		}
		return false
	case !p.answer.headed:
		p.refuse(err)
	case errors.Is(err, io.EOF) && !p.answer.head.Chunked && p.answer.head.ContentLength < 0:
		p.out = append(p.out, "0\r\n\r\n"...)
		p.note(nil, io.EOF)
		p.end(p.answer.head.Status, true, "")
	default:
		p.broke()
	}
	return true
}

// take takes in what was read of the answer.
func (p *passing) take(read []byte) {
	a := &p.answer
	if !a.headed {
		if len(a.partial) > 0 {
			a.partial = append(a.partial, read...)
			read = a.partial
		}
		var err error
		if read, err = p.takeHead(read); err != nil {
			p.refuse(err)
			return
		}
		if !a.headed {
			a.partial = append([]byte(nil), read...)
			return
		}
		a.partial = nil
	}
	switch {
	case a.head.Bodyless(p.client.request.Method):
		a.clean = len(read) == 0 && !a.head.Close
		p.note(nil, io.EOF)
		p.end(a.head.Status, true, "")
	case a.head.Chunked:
		p.takeChunks(read)
	case a.head.ContentLength >= 0:
		p.takeCounted(read)
	default:
		p.takeUntilClose(read)
	}
}

// takeHead reads until the head of an answer is whole, and returns what is left. Those before the real one (1xx) are passed
// on.
func (p *passing) takeHead(read []byte) (rest []byte, err error) {
	head := &p.answer.head
	for {
		verdict := head.Parse(read)
		switch {
		case verdict == http1.Other, verdict == http1.Plain && head.Status == http.StatusSwitchingProtocols,
			verdict == http1.Incomplete && len(read) >= mostHeader:
			return nil, errNonsense
		case verdict == http1.Incomplete:
			return read, nil
		case head.Status < 200:
			if p.out == nil {
				p.out = p.client.lane.lend()
			}
			p.out = append(p.out, read[:head.Size]...)
			p.safe = len(p.out)
			read = read[head.Size:]
		default:
			p.begun()
			return read[head.Size:], nil
		}
	}
}

// begun makes the answer's head as the client gets it.
func (p *passing) begun() {
	a, c := &p.answer, p.client
	a.headed = true
	if p.out == nil {
		p.out = c.lane.lend()
	}
	out := append(p.out, "HTTP/1.1 "...)
	out = append(out, a.head.Line[len("HTTP/1.1 "):]...)
	out = append(out, "\r\n"...)
	for _, field := range a.head.Fields {
		if a.head.Hop(field) || p.scoring && field.Is("x-correlation-id") {
			continue
		}
		if field.Is("content-encoding") {
			a.encoding = string(field.Value)
		}
		out = appendField(out, field.Name, field.Value)
	}
	if p.scoring {
		out = appendField(out, correlationField, p.admitted.correlationID)
	}
	bodyless := a.head.Bodyless(c.request.Method)
	if !bodyless && a.head.ContentLength < 0 {
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	if c.lane.front.last() {
		out = append(out, "Connection: close\r\n"...)
	}
	p.out = append(out, "\r\n"...)
	a.left, a.bodyAt = a.head.ContentLength, len(p.out)
	a.whole = !bodyless && a.left >= 0
	if !a.whole && p.admitted.recorded {
		a.capture = newCapture(c.lane.collector.options.BodyLimit, c.lane.collector.budget)
	}
}

// takeCounted passes on a body whose length is known. It waits until all is there, and the record is in the log; what comes
// slowly, or is large, is passed on as it comes, but for the end.
func (p *passing) takeCounted(read []byte) {
	a := &p.answer
	surplus := int64(len(read)) > a.left
	if surplus {
		read = read[:a.left]
	}
	p.out = append(p.out, read...)
	p.note(read, nil)
	if a.left -= int64(len(read)); a.left == 0 {
		a.clean = !surplus && !a.head.Close
		p.end(a.head.Status, true, "")
	} else if !a.whole || len(p.out) > mostPlain {
		p.letGo()
	}
}

// letGo lets everything go that has come of a body whose end has not.
func (p *passing) letGo() {
	a := &p.answer
	if !a.headed || a.head.Chunked {
		return // goes at once
	}
	if a.whole {
		a.whole = false
		if p.admitted.recorded {
			a.capture = newCapture(p.client.lane.collector.options.BodyLimit, p.client.lane.collector.budget)
			p.note(p.out[a.bodyAt:], nil)
		}
	}
	p.safe = len(p.out)
}

// takeChunks passes on a body in chunks as they come, but for the end, which goes out when the record is in the log.
func (p *passing) takeChunks(read []byte) {
	a := &p.answer
	n, err := a.chunks.Scan(read, func(payload []byte) { p.note(payload, nil) })
	if err != nil {
		p.broke()
		return
	}
	p.out = append(p.out, read[:n]...)
	if a.chunks.Done() {
		a.clean = n == len(read) && !a.head.Close
		p.note(nil, io.EOF)
		p.end(a.head.Status, true, "")
		return
	}
	p.safe = len(p.out) - a.chunks.Held()
}

// takeUntilClose passes on a body that ends with its connection, in chunks.
func (p *passing) takeUntilClose(read []byte) {
	if len(read) > 0 {
		p.note(read, nil)
		p.out = strconv.AppendInt(p.out, int64(len(read)), 16)
		p.out = append(append(append(p.out, "\r\n"...), read...), "\r\n"...)
	}
	p.safe = len(p.out)
}

// note keeps a piece of a body that goes out before its end.
func (p *passing) note(payload []byte, end error) {
	if p.answer.capture != nil && (len(payload) > 0 || end != nil) {
		p.answer.capture.note(payload, end)
	}
}

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
