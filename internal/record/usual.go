package record

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/flatjson"
)

// usual reads the body that nearly every request has, an array of flat objects by itself or below one member, in one pass and
// without building anything of it. It knows less than writer: at the first thing that it does not know (an escape, a value
// within a cell, a row that is no object, anything that is no JSON) it gives up, and writer reads the body from its start. What
// it reads, writer would have read in the same way.
type usual struct {
	body   []byte
	at     int
	ascii  bool // all of body
	redact Redaction
	out    []byte
	start  int // of the rows in out
	rows   int64
	first  int
}

// readUsual appends the rows to a buffer; false where the body is not of that kind.
func readUsual(to, body []byte, redact Redaction, forms map[string]form) (Batch, bool) {
	f := usual{body: body, ascii: isASCII(body), redact: redact, out: to, start: len(to)}
	if !f.root(forms) {
		return Batch{}, false
	}
	return Batch{Rows: f.rows, JSON: f.out[f.start:], first: f.first}, onlySpace(body[f.at:])
}

func (f *usual) root(forms map[string]form) bool {
	if f.begins('[') {
		return f.array(false)
	}
	if !f.begins('{') {
		return false
	}
	found := false
	for more := true; more; more = f.begins(',') {
		start, end, ok := flatjson.Plain(f.body, f.at)
		if !ok {
			return false
		}
		name := f.body[start:end]
		if f.at, ok = flatjson.Punctuation(f.body, end+1, ':'); !ok {
			return false
		}
		_, rows := forms[string(name)]
		switch {
		case rows && found, string(name) == "columns", string(name) == "dataframe_split":
			return false
		case rows:
			found = true
			// Below these names a list of tensors may stand as well.
			ok = f.begins('[') && f.array(string(name) == "inputs" || string(name) == "predictions" || string(name) == "outputs")
		default:
			_, f.at, ok = flatjson.Scalar(f.body, f.at)
		}
		if !ok {
			return false
		}
	}
	return found && f.begins('}')
}

// array reads rows after their bracket; none at all are none, and without a row in it an array may be of any kind.
func (f *usual) array(tensors bool) bool {
	f.out = append(f.out, '[')
	for more := true; more; more = f.begins(',') {
		if f.rows > 0 {
			f.out = append(f.out, ',')
		}
		if !f.begins('{') || !f.row(tensors) || len(f.out)-f.start > MaximumBatchBytes {
			return false
		}
		if f.rows++; f.rows == 1 {
			f.first = len(f.out) - f.start
		}
	}
	f.out = append(f.out, ']')
	return f.begins(']')
}

// row copies cells; those that follow each other without blanks, as most do, at once.
func (f *usual) row(tensors bool) bool {
	f.out = append(f.out, '{')
	if f.begins('}') {
		f.out = append(f.out, '}')
		return true
	}
	first := len(f.out)
	from, to := 0, 0 // what was read and is not copied yet
	for more := true; more; more = f.begins(',') {
		start, end, ok := flatjson.Plain(f.body, f.at)
		if !ok {
			return false
		}
		name := f.body[start:end]
		colon, ok := flatjson.Punctuation(f.body, end+1, ':')
		if !ok || tensors && string(name) == "name" {
			return false
		}
		value, valueEnd, ok := flatjson.Scalar(f.body, colon)
		if !ok {
			return false
		}
		f.at = valueEnd
		hidden, known := f.redact.hides(name, f.ascii)
		tight := colon == end+2 && value == colon
		switch quote := start - 1; {
		case !known:
			return false
		case hidden:
		case tight && to > 0 && quote == to+1:
			to = valueEnd
		case tight:
			f.cells(first, f.body[from:to])
			from, to = quote, valueEnd
		default:
			f.cells(first, f.body[from:to])
			f.cells(first, f.body[quote:end+1])
			f.out = append(append(f.out, ':'), f.body[value:valueEnd]...)
			from, to = 0, 0
		}
	}
	f.cells(first, f.body[from:to])
	f.out = append(f.out, '}')
	return f.begins('}')
}

// cells writes some of a row whose first begins there.
func (f *usual) cells(first int, some []byte) {
	if len(some) == 0 {
		return
	}
	if len(f.out) > first {
		f.out = append(f.out, ',')
	}
	f.out = append(f.out, some...)
}

// begins takes one byte of punctuation where it comes next.
func (f *usual) begins(mark byte) (ok bool) {
	f.at, ok = flatjson.Punctuation(f.body, f.at, mark)
	return ok
}

// hides says whether a name is redacted. It knows names in ASCII only: where a body has no others, plain is true.
func (r Redaction) hides(name []byte, plain bool) (hidden, known bool) {
	if len(r.names) == 0 {
		return false, true
	}
	for _, other := range r.list {
		if len(other) == len(name) && equalFold(name, other) {
			return true, true
		}
	}
	return false, plain || isASCII(name)
}

// equalFold compares without case a name with one of the same length in lower case, from the end: columns often begin alike.
func equalFold(name, lower []byte) bool {
	for i, b := range slices.Backward(name) {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

func isASCII(text []byte) bool {
	for len(text) >= 8 {
		if binary.LittleEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
		text = text[8:]
	}
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
