package collect

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/http1"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
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
