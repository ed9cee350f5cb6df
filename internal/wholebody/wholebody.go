// Package wholebody makes the body of a request tell its end in time. Both reverse proxies of this repository need it; it
// knows neither.
//
// A server closes a request's body once its handler has begun to answer everything. net/http/httputil of Go 1.26 reads a
// body once more after the last declared byte, to see that no more comes; where the answer overtakes that read, it finds
// the body closed, takes that for a failure of the client, and breaks the answer off: one of a thousand requests under load.
package wholebody

import (
	"errors"
	"io"
	"sync/atomic"
)

// Body is a request's body that says with its last byte that it is over, and remembers that.
type Body struct {
	io.ReadCloser
	left  int64
	ended atomic.Bool
}

// New wraps a body of so many bytes, -1 where the length is unknown.
func New(body io.ReadCloser, length int64) *Body { return &Body{ReadCloser: body, left: length} }

// Read implements io.Reader. After the end nothing is asked of the wrapped body any more.
func (b *Body) Read(p []byte) (int, error) {
	if b.ended.Load() {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	if b.left >= 0 {
		b.left -= int64(n)
		if err == nil && b.left <= 0 {
			err = io.EOF
		}
	}
	if errors.Is(err, io.EOF) {
		b.ended.Store(true)
	}
	return n, err
}

// Ended says whether all of it was read. Where an answer comes before that, its connection must be closed after it: net/http
// of Go 1.26 takes what is left of a body that broke for the next request, and panics where it meets the end of one late.
func (b *Body) Ended() bool { return b.ended.Load() }
