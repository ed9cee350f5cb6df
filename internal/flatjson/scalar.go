package flatjson

// Punctuation says whether mark comes next, and where to go on after it.
func Punctuation(data []byte, at int, mark byte) (after int, ok bool) {
	if at = afterSpace(data, at); at < len(data) && data[at] == mark {
		return at + 1, true
	}
	return at, false
}

// Plain reads a text without escapes that comes next: it stands between its quotes from start to end.
func Plain(data []byte, at int) (start, end int, ok bool) {
	if start, ok = Punctuation(data, at, '"'); !ok {
		return 0, 0, false
	}
	end, escaped, ok := textEnd(data, start)
	return start, end, ok && !escaped
}

// Scalar reads a number, true, false, null or a text without escapes that comes next: it is written from start to end.
func Scalar(data []byte, at int) (start, end int, ok bool) {
	if start = afterSpace(data, at); start >= len(data) {
		return 0, 0, false
	}
	switch data[start] {
	case '"':
		_, end, ok = Plain(data, start)
		return start, end + 1, ok
	case 't':
		return start, start + 4, hasAt(data, start, "true")
	case 'f':
		return start, start + 5, hasAt(data, start, "false")
	case 'n':
		return start, start + 4, hasAt(data, start, "null")
	default:
		end, ok = numberEnd(data, start)
		return start, end, ok
	}
}

func hasAt(data []byte, at int, word string) bool {
	return at+len(word) <= len(data) && string(data[at:at+len(word)]) == word
}
