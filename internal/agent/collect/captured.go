package collect

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// captured is one scoring request and its answer as they passed, before anything was made of them.
type captured struct {
	id            string
	correlationID string
	path          string
	started       time.Time
	latency       time.Duration
	status        int
	complete      bool
	problem       string
	sampling      int
	request       half
	answered      bool
	answer        half
}

// half is one body. Its bytes are there, or the reason why not.
type half struct {
	total    int64
	encoding string // its Content-Encoding
	body     []byte
	refused  record.Reason
}

// clone has memory of its own.
func (c captured) clone() captured {
	c.request.body, c.answer.body = bytes.Clone(c.request.body), bytes.Clone(c.answer.body)
	return c
}

// content is the body decoded, at most limit bytes of it.
func (h half) content(limit int64) ([]byte, error) {
	if h.refused != "" {
		return nil, h.refused
	}
	switch strings.ToLower(strings.TrimSpace(h.encoding)) {
	case "", "identity":
		return h.body, nil
	case "gzip", "x-gzip":
		return inflate(h.body, limit)
	default:
		return nil, record.ReasonEncoding
	}
}

// inflate stops at the limit, so that a small body cannot become a large one.
func inflate(compressed []byte, limit int64) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, record.ReasonNotJSON
	}
	body, err := io.ReadAll(io.LimitReader(reader, limit+1))
	switch {
	case err != nil:
		return nil, record.ReasonNotJSON
	case int64(len(body)) > limit:
		return nil, record.ReasonTooLarge
	}
	return body, nil
}

// append writes it as an entry of the log. It is written where nothing is redacted only: bodies go in as they came, and what
// is made of them, is made when the segment is shipped, off the path of the request.
func (c captured) append(to []byte) []byte {
	to = binary.AppendVarint(to, c.started.UnixNano())
	to = binary.AppendVarint(to, int64(c.latency))
	to = binary.AppendVarint(to, int64(c.status))
	to = append(to, flagsOf(c.complete, c.answered), byte(c.sampling))
	for _, text := range []string{c.id, c.correlationID, c.path, c.problem} {
		to = appendBytes(to, text)
	}
	to = c.request.append(to)
	if c.answered {
		to = c.answer.append(to)
	}
	return to
}

func (h half) append(to []byte) []byte {
	to = binary.AppendVarint(to, h.total)
	to = appendBytes(to, h.encoding)
	to = appendBytes(to, string(h.refused))
	return appendBytes(to, h.body)
}

func appendBytes[T string | []byte](to []byte, value T) []byte {
	to = binary.AppendUvarint(to, uint64(len(value)))
	return append(to, value...)
}

func flagsOf(complete, answered bool) byte {
	flags := byte(0)
	if complete {
		flags |= 1
	}
	if answered {
		flags |= 2
	}
	return flags
}

// parseCaptured reads what append wrote; bodies are parts of entry.
func parseCaptured(entry []byte) (captured, error) {
	r := reader{left: entry}
	c := captured{started: time.Unix(0, r.number()).UTC(), latency: time.Duration(r.number()), status: int(r.number())}
	flags := r.octet()
	c.complete, c.answered, c.sampling = flags&1 != 0, flags&2 != 0, int(r.octet())
	c.id, c.correlationID, c.path, c.problem = string(r.bytes()), string(r.bytes()), string(r.bytes()), string(r.bytes())
	c.request = r.half()
	if c.answered {
		c.answer = r.half()
	}
	if r.failed || len(r.left) > 0 {
		return captured{}, errUnreadable
	}
	return c, nil
}

var errUnreadable = fmt.Errorf("%w: an entry of the log is no request", mlops.ErrInvalid)

// reader takes an entry apart; once something is missing everything after it is empty.
type reader struct {
	left   []byte
	failed bool
}

func (r *reader) skip(n int) {
	if n <= 0 {
		r.failed, r.left = true, nil
		return
	}
	r.left = r.left[n:]
}

func (r *reader) number() int64 {
	value, n := binary.Varint(r.left)
	r.skip(n)
	return value
}

func (r *reader) octet() byte {
	if len(r.left) == 0 {
		r.failed = true
		return 0
	}
	value := r.left[0]
	r.left = r.left[1:]
	return value
}

func (r *reader) bytes() []byte {
	length, n := binary.Uvarint(r.left)
	r.skip(n)
	if r.failed || length > uint64(len(r.left)) {
		r.failed, r.left = true, nil
		return nil
	}
	value := r.left[:length:length]
	r.left = r.left[length:]
	return value
}

func (r *reader) half() half {
	return half{total: r.number(), encoding: string(r.bytes()), refused: record.Reason(r.bytes()), body: r.bytes()}
}

// reasonOf names why a body has no rows.
func reasonOf(err error) record.Reason {
	if reason, ok := errors.AsType[record.Reason](err); ok {
		return reason
	}
	return record.ReasonNotTabular
}
