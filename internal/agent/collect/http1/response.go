package http1

import (
	"bytes"
	"slices"
)

// Response is the head of an answer.
type Response struct {
	Status int
	Line   []byte // as it came
	Fields []Field
	// ContentLength is -1 where none is given; Chunked says that the body tells its end itself. With neither it ends with the
	// connection.
	ContentLength int64
	Chunked       bool
	Close         bool // the connection ends with this answer
	Size          int  // bytes of the head
	hops          [][]byte
}

// Parse reads the head at the start of a buffer into r, whose memory it uses again.
func (r *Response) Parse(buffer []byte) Verdict {
	*r = Response{Fields: r.Fields[:0], hops: r.hops[:0], ContentLength: -1}
	first, rest, whole, plain := line(buffer)
	if !plain {
		return Other
	}
	if !whole {
		return Incomplete
	}
	version, status, _ := bytes.Cut(first, []byte(" "))
	code, _, _ := bytes.Cut(status, []byte(" "))
	if string(version) == "HTTP/1.0" {
		r.Close = true
	} else if string(version) != "HTTP/1.1" {
		return Other
	}
	if r.Status = int(length(code)); len(code) != 3 || r.Status < 100 {
		return Other
	}
	r.Line = first
	var verdict Verdict
	if r.Fields, rest, verdict = parseFields(rest, r.Fields); verdict != Plain {
		return verdict
	}
	r.Size = len(buffer) - len(rest)
	return r.judge()
}

func (r *Response) judge() Verdict {
	for _, field := range r.Fields {
		switch {
		case field.Is("content-length"):
			n := length(field.Value)
			if n < 0 || r.ContentLength >= 0 && r.ContentLength != n {
				return Other
			}
			r.ContentLength = n
		case field.Is("transfer-encoding"):
			if r.Chunked || !equalFold(field.Value, "chunked") {
				return Other
			}
			r.Chunked = true
		case field.Is("connection"):
			for token := range bytes.SplitSeq(field.Value, []byte(",")) {
				if token = bytes.TrimSpace(token); equalFold(token, "close") {
					r.Close = true
				} else if !equalFold(token, "keep-alive") {
					r.hops = append(r.hops, token)
				}
			}
		}
	}
	if r.Chunked && (r.ContentLength >= 0 || r.Close && bytes.HasPrefix(r.Line, []byte("HTTP/1.0"))) {
		return Other // two lengths: whoever reads it otherwise would find another answer in it
	}
	return Plain
}

// Bodyless says that there is no body, whatever the head says.
func (r *Response) Bodyless(method []byte) bool {
	return string(method) == "HEAD" || r.Status == 204 || r.Status == 304 || r.Status < 200
}

// Hop says whether a field belongs to the connection it came on and goes no further.
func (r *Response) Hop(field Field) bool {
	return slices.ContainsFunc(hops, field.Is) || slices.ContainsFunc(r.hops, func(name []byte) bool { return bytes.EqualFold(field.Name, name) })
}

var hops = []string{"connection", "keep-alive", "proxy-connection", "upgrade", "te", "transfer-encoding"}
