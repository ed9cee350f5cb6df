package http1

import "bytes"

// Request is the head of a plain request.
type Request struct {
	Method, Target []byte
	// Path is Target without its query; it holds nothing that is escaped.
	Path          []byte
	Fields        []Field
	ContentLength int64 // 0 where none is given
	Size          int   // bytes of the head
}

// Parse reads the head at the start of a buffer into r, whose memory it uses again.
func (r *Request) Parse(buffer []byte) Verdict {
	*r = Request{Fields: r.Fields[:0]}
	first, rest, whole, plain := line(buffer)
	if !plain {
		return Other
	}
	if !whole {
		return Incomplete
	}
	if !r.parseLine(first) {
		return Other
	}
	var verdict Verdict
	if r.Fields, rest, verdict = parseFields(rest, r.Fields); verdict != Plain {
		return verdict
	}
	r.Size = len(buffer) - len(rest)
	return r.judge()
}

// parseLine reads "METHOD /path?query HTTP/1.1".
func (r *Request) parseLine(first []byte) bool {
	rest, ok := bytes.CutSuffix(first, []byte(" HTTP/1.1"))
	if !ok {
		return false
	}
	r.Method, r.Target, ok = bytes.Cut(rest, []byte(" "))
	if !ok || len(r.Method) == 0 || len(r.Target) == 0 || r.Target[0] != '/' {
		return false
	}
	for _, b := range r.Method {
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	for _, b := range r.Target {
		if b <= ' ' || b >= 0x7f || b == '#' {
			return false
		}
	}
	r.Path, _, _ = bytes.Cut(r.Target, []byte("?"))
	return !bytes.ContainsRune(r.Path, '%') && string(r.Method) != "CONNECT"
}

// judge looks for everything that makes a request not plain.
func (r *Request) judge() Verdict {
	hosts, lengths := 0, 0
	for _, field := range r.Fields {
		switch {
		case field.Is("host"):
			hosts++
		case field.Is("content-length"):
			if r.ContentLength = length(field.Value); r.ContentLength < 0 {
				return Other
			}
			lengths++
		case field.Is("connection"):
			if !equalFold(field.Value, "keep-alive") {
				return Other
			}
		case field.Is("transfer-encoding"), field.Is("upgrade"), field.Is("expect"), field.Is("te"), field.Is("trailer"), field.Is("http2-settings"):
			return Other
		}
	}
	if hosts != 1 || lengths > 1 {
		return Other
	}
	return Plain
}

// Get is the value of the first field of a name, which must be in lower case.
func (r *Request) Get(name string) []byte {
	for _, field := range r.Fields {
		if field.Is(name) {
			return field.Value
		}
	}
	return nil
}
