package http1

import "bytes"

// Field is one header; both parts lie in the message that was parsed.
type Field struct{ Name, Value []byte }

// Is compares the name without case; name must be in lower case.
func (f Field) Is(name string) bool { return equalFold(f.Name, name) }

// mostFields that one message may have here.
const mostFields = 64

// equalFold compares ASCII without case.
func equalFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, b := range text {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

// tokens are the bytes of a field's name.
var tokens = func() (is [256]bool) {
	for _, b := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		is[b] = true
	}
	return is
}()

// line takes one line off; false where it has not come whole. Its end is CR LF: a bare LF is not plain.
func line(from []byte) (content, rest []byte, whole, plain bool) {
	end := bytes.IndexByte(from, '\n')
	if end < 0 {
		return nil, from, false, true
	}
	if end == 0 || from[end-1] != '\r' {
		return nil, nil, true, false
	}
	return from[:end-1], from[end+1:], true, true
}

// parseField reads one line as a header.
func parseField(content []byte) (Field, bool) {
	colon := bytes.IndexByte(content, ':')
	if colon <= 0 {
		return Field{}, false
	}
	name, value := content[:colon], bytes.Trim(content[colon+1:], " \t")
	for _, b := range name {
		if !tokens[b] {
			return Field{}, false // a fold begins with a blank, which is no token either
		}
	}
	for _, b := range value {
		if b < ' ' && b != '\t' || b == 0x7f {
			return Field{}, false
		}
	}
	return Field{Name: name, Value: value}, true
}

// parseFields reads lines up to the empty one and returns what follows it.
func parseFields(from []byte, fields []Field) (all []Field, rest []byte, verdict Verdict) {
	for {
		content, after, whole, plain := line(from)
		switch {
		case !plain:
			return fields, nil, Other
		case !whole:
			return fields, nil, Incomplete
		case len(content) == 0:
			return fields, after, Plain
		case len(fields) == mostFields:
			return fields, nil, Other
		}
		field, ok := parseField(content)
		if !ok {
			return fields, nil, Other
		}
		fields, from = append(fields, field), after
	}
}

// length reads a Content-Length; -1 where it is none.
func length(value []byte) int64 {
	if len(value) == 0 || len(value) > 15 {
		return -1
	}
	n := int64(0)
	for _, b := range value {
		if b < '0' || b > '9' {
			return -1
		}
		n = 10*n + int64(b-'0')
	}
	return n
}

// Verdict says what a message is.
type Verdict int

// The verdicts.
const (
	Incomplete Verdict = iota // more bytes are needed
	Plain
	Other // not for us
)
