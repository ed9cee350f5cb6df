package record

import "bytes"

// usual reads the body that nearly every request has, an array of flat objects by itself or below one member, in one pass and
// without building anything of it. It knows less than writer: at the first thing that it does not know (an escape, a value
// within a cell, a row that is no object, anything that is no JSON) it gives up, and writer reads the body from its start. What
// it reads, writer would have read in the same way.
type usual struct {
	body   []byte
	at     int
	redact Redaction
	out    []byte
	rows   int64
	first  int
}

// readUsual is false where the body is not of that kind.
func readUsual(body []byte, redact Redaction, forms map[string]form) (Batch, bool) {
	f := usual{body: body, redact: redact, out: make([]byte, 0, len(body)+2)}
	if !f.root(forms) {
		return Batch{}, false
	}
	f.blank()
	return Batch{Rows: f.rows, JSON: f.out, first: f.first}, f.at == len(body)
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
		name, ok := f.text()
		if !ok || !f.begins(':') {
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
			_, ok = f.scalar()
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
		if !f.begins('{') || !f.row(tensors) || len(f.out) > MaximumBatchBytes {
			return false
		}
		if f.rows++; f.rows == 1 {
			f.first = len(f.out)
		}
	}
	f.out = append(f.out, ']')
	return f.begins(']')
}

func (f *usual) row(tensors bool) bool {
	f.out = append(f.out, '{')
	if f.begins('}') {
		f.out = append(f.out, '}')
		return true
	}
	cells := 0
	for more := true; more; more = f.begins(',') {
		name, ok := f.text()
		if !ok || !f.begins(':') || tensors && string(name) == "name" {
			return false
		}
		value, ok := f.scalar()
		if !ok {
			return false
		}
		hidden, known := f.redact.hides(name)
		switch {
		case !known:
			return false
		case hidden:
			continue
		case cells > 0:
			f.out = append(f.out, ',')
		}
		cells++
		f.out = append(append(append(f.out, '"'), name...), '"', ':')
		f.out = append(f.out, value...)
	}
	f.out = append(f.out, '}')
	return f.begins('}')
}

// hides says whether a name is redacted; it knows names in ASCII only.
func (r Redaction) hides(name []byte) (hidden, known bool) {
	if len(r.names) == 0 {
		return false, true
	}
	for _, other := range r.list {
		if len(other) == len(name) && equalFold(name, other) {
			return true, true
		}
	}
	for _, b := range name {
		if b >= 0x80 {
			return false, false
		}
	}
	return false, true
}

// equalFold compares without case a name with one of the same length in lower case.
func equalFold(name, lower []byte) bool {
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

func (f *usual) blank() {
	for f.at < len(f.body) && (f.body[f.at] == ' ' || f.body[f.at] == '\n' || f.body[f.at] == '\t' || f.body[f.at] == '\r') {
		f.at++
	}
}

// begins takes one byte of punctuation where it comes next.
func (f *usual) begins(mark byte) bool {
	f.blank()
	if f.at < len(f.body) && f.body[f.at] == mark {
		f.at++
		return true
	}
	return false
}

// text takes a string without escapes, and returns what is between its quotes.
func (f *usual) text() ([]byte, bool) {
	if !f.begins('"') {
		return nil, false
	}
	for i, b := range f.body[f.at:] {
		switch {
		case b == '"':
			content := f.body[f.at : f.at+i]
			f.at += i + 1
			return content, true
		case b == '\\' || b < 0x20:
			return nil, false
		}
	}
	return nil, false
}

// scalar takes a string, a number, true, false or null, as it stands there.
func (f *usual) scalar() ([]byte, bool) {
	f.blank()
	start := f.at
	if start == len(f.body) {
		return nil, false
	}
	ok := false
	switch f.body[start] {
	case '"':
		_, ok = f.text()
	case 't':
		ok = f.word("true")
	case 'f':
		ok = f.word("false")
	case 'n':
		ok = f.word("null")
	default:
		ok = f.number()
	}
	return f.body[start:f.at], ok
}

func (f *usual) word(word string) bool {
	if !bytes.HasPrefix(f.body[f.at:], []byte(word)) {
		return false
	}
	f.at += len(word)
	return true
}

func (f *usual) number() bool {
	f.one('-')
	if !f.one('0') && !f.digits() {
		return false
	}
	if f.one('.') && !f.digits() {
		return false
	}
	if f.one('e') || f.one('E') {
		_ = f.one('+') || f.one('-')
		return f.digits()
	}
	return true
}

func (f *usual) one(b byte) bool {
	if f.at < len(f.body) && f.body[f.at] == b {
		f.at++
		return true
	}
	return false
}

func (f *usual) digits() bool {
	start := f.at
	for f.at < len(f.body) && '0' <= f.body[f.at] && f.body[f.at] <= '9' {
		f.at++
	}
	return f.at > start
}
