package collect

import (
	"io"
	"strconv"
)

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
