package collect

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/wholebody"
)

// budget bounds the bytes that all captures hold at once.
type budget struct {
	limit int64
	used  atomic.Int64
}

func (b *budget) reserve(bytes int64) bool {
	if b.used.Add(bytes) > b.limit {
		b.used.Add(-bytes)
		return false
	}
	return true
}

func (b *budget) release(bytes int64) { b.used.Add(-bytes) }

// capture keeps a copy of the first bytes of a body as they pass. The transport may still read a request while its answer
// comes back, hence the mutex.
type capture struct {
	limit  int64
	budget *budget

	mutex    sync.Mutex
	kept     []byte
	reserved int64
	total    int64
	refused  record.Reason // why nothing is kept any more
	ended    bool          // the end of the body was seen
	broken   bool          // the body ended with an error
	closed   bool          // released: nothing is kept any more
}

func newCapture(limit int64, budget *budget) *capture { return &capture{limit: limit, budget: budget} }

// note takes what one Read returned.
func (c *capture) note(p []byte, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.total += int64(len(p))
	switch {
	case errors.Is(err, io.EOF):
		c.ended = true
	case err != nil:
		c.broken = true
	}
	if c.refused != "" || c.closed || len(p) == 0 {
		return
	}
	if int64(len(c.kept)+len(p)) > c.limit {
		c.refuse(record.ReasonTooLarge)
		return
	}
	if need := int64(len(c.kept) + len(p)); need > c.reserved {
		grow := max(need, 2*c.reserved, 2048) - c.reserved
		if !c.budget.reserve(grow) {
			c.refuse(record.ReasonBudget)
			return
		}
		c.reserved += grow
		c.kept = append(make([]byte, 0, c.reserved), c.kept...)
	}
	c.kept = append(c.kept, p...)
}

// refuse drops what was kept: a part of a body is worth nothing.
func (c *capture) refuse(reason record.Reason) {
	c.refused = reason
	c.budget.release(c.reserved)
	c.kept, c.reserved = nil, 0
}

// close gives the memory back.
func (c *capture) close() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.closed = true
	c.budget.release(c.reserved)
	c.kept, c.reserved = nil, 0
}

// half is the captured body, or the reason why there is none. declared is its Content-Length, -1 where unknown: with one,
// the body is whole without its end having been read. Its bytes are valid until the capture is closed.
func (c *capture) half(encoding string, declared int64) half {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	h := half{total: c.total, encoding: encoding}
	switch {
	case c.refused != "":
		h.refused = c.refused
	case !c.ended && c.total != declared:
		h.refused = record.ReasonIncomplete
	default:
		h.body = c.kept
	}
	return h
}

func (c *capture) size() (total int64, broken bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.total, c.broken
}

// requestBody is a request's body as the transport reads it; capture may be nil.
type requestBody struct {
	*wholebody.Body
	capture *capture
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.Body.Read(p)
	if b.capture != nil && (n > 0 || err != nil) {
		b.capture.note(p[:n], err)
	}
	return n, err
}
