// Package flatjson scans one JSON object after the other where they are as data usually are: flat, with plain keys. It is quick,
// and strict where it goes on: what it accepts is JSON and UTF-8, what is unusual it leaves to a whole parser. It knows no column.
package flatjson

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// Kind is what a value is.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	True
	False
	Number
	Text
	Nested // an array or object
)

// Scanner goes over the members of an object. Key and Value are parts of what was opened, or of the scanner's own memory where a
// text has escapes: they are valid until the next Open.
type Scanner struct {
	Key   []byte
	Value []byte // of a text what it says, of anything else as it is written
	Kind  Kind

	data     []byte
	at       int
	first    bool // no member has been read yet
	failed   bool
	whole    decimal
	unquoted []byte
}

// Open starts at an object; false where there is none.
func (s *Scanner) Open(data []byte) bool {
	s.data, s.at, s.first, s.failed, s.unquoted = data, 0, true, false, s.unquoted[:0]
	s.space()
	if s.at >= len(data) || data[s.at] != '{' {
		s.failed = true
		return false
	}
	s.at++
	return true
}

// Next reads the next member; false at the end of the object, and where the object is not one that can be read here.
func (s *Scanner) Next() bool {
	s.space()
	if s.at >= len(s.data) {
		return s.fail()
	}
	switch c := s.data[s.at]; {
	case c == '}':
		s.at++
		return false
	case s.first:
		s.first = false
	case c == ',':
		s.at++
		s.space()
	default:
		return s.fail()
	}
	key, escaped, ok := s.text()
	if !ok || escaped {
		return s.fail()
	}
	s.Key = key
	s.space()
	if s.at >= len(s.data) || s.data[s.at] != ':' {
		return s.fail()
	}
	s.at++
	s.space()
	return s.value() || s.fail()
}

// End says whether the object ended as it should, and what follows it.
func (s *Scanner) End() (rest []byte, ok bool) {
	s.space()
	return s.data[s.at:], !s.failed
}

func (s *Scanner) fail() bool {
	s.failed = true
	return false
}

func (s *Scanner) space() {
	for s.at < len(s.data) && s.data[s.at] <= ' ' {
		if c := s.data[s.at]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return
		}
		s.at++
	}
}

// value reads the value that begins here.
func (s *Scanner) value() bool {
	if s.at >= len(s.data) {
		return false
	}
	start := s.at
	switch c := s.data[s.at]; c {
	case '"':
		value, escaped, ok := s.text()
		if ok && escaped {
			value, ok = s.unescape(value)
		}
		s.Kind, s.Value = Text, value
		return ok
	case 'n':
		return s.literal("null", Null)
	case 't':
		return s.literal("true", True)
	case 'f':
		return s.literal("false", False)
	case '{', '[':
		ok := s.nested(0)
		s.Kind, s.Value = Nested, s.data[start:s.at]
		return ok
	default:
		ok := s.number()
		s.Kind, s.Value = Number, s.data[start:s.at]
		return ok
	}
}

func (s *Scanner) literal(text string, kind Kind) bool {
	end := s.at + len(text)
	if end > len(s.data) || string(s.data[s.at:end]) != text {
		return false
	}
	s.Kind, s.Value = kind, s.data[s.at:end]
	s.at = end
	return true
}

// deepest is how deep arrays and objects may stand in each other.
const deepest = 100

// nested passes over an array or object.
func (s *Scanner) nested(depth int) bool {
	if depth == deepest {
		return false
	}
	object := s.data[s.at] == '{'
	end := byte(']')
	if object {
		end = '}'
	}
	s.at++
	for first := true; ; first = false {
		s.space()
		if s.at >= len(s.data) {
			return false
		}
		if s.data[s.at] == end && first {
			s.at++
			return true
		}
		if object {
			if _, _, ok := s.text(); !ok {
				return false
			}
			s.space()
			if s.at >= len(s.data) || s.data[s.at] != ':' {
				return false
			}
			s.at++
			s.space()
		}
		if !s.pass(depth) {
			return false
		}
		s.space()
		if s.at >= len(s.data) {
			return false
		}
		switch s.data[s.at] {
		case ',':
			s.at++
		case end:
			s.at++
			return true
		default:
			return false
		}
	}
}

// pass passes over a value within a nested one. Escapes are not looked into: it fails there only where JSON does.
func (s *Scanner) pass(depth int) bool {
	if s.at >= len(s.data) {
		return false
	}
	switch s.data[s.at] {
	case '"':
		value, escaped, ok := s.text()
		return ok && (!escaped || validEscapes(value))
	case '{', '[':
		return s.nested(depth + 1)
	case 'n', 't', 'f':
		return s.value()
	default:
		return s.passNumber()
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text reads a text in quotes, as it is written: eight bytes at a time while they are plain.
func (s *Scanner) text() (value []byte, escaped, ok bool) {
	if s.at >= len(s.data) || s.data[s.at] != '"' {
		return nil, false, false
	}
	start := s.at + 1
	at, ascii := start, true
	for at < len(s.data) {
		if at+8 <= len(s.data) {
			word := binary.LittleEndian.Uint64(s.data[at:])
			quotes, slashes := word^(ones*'"'), word^(ones*'\\')
			// The lowest mark is always right: what subtraction borrows goes upwards.
			marks := ((quotes-ones)&^quotes | (slashes-ones)&^slashes | (word-ones*0x20)&^word | word) & highs
			if marks == 0 {
				at += 8
				continue
			}
			at += bits.TrailingZeros64(marks) / 8
		}
		switch c := s.data[at]; {
		case c == '"':
			s.at = at + 1
			value = s.data[start:at]
			return value, escaped, ascii || utf8.Valid(value)
		case c == '\\':
			escaped = true
			at += 2
		case c < 0x20:
			return nil, false, false
		case c >= utf8.RuneSelf:
			ascii = false
			at++
		default:
			at++
		}
	}
	return nil, false, false
}

func validEscapes(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // text ends with no lone backslash: the quote after it would have been passed over
		switch text[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if _, ok := hexadecimal(text, i+1); !ok {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func hexadecimal(text []byte, at int) (rune, bool) {
	if at+4 > len(text) {
		return 0, false
	}
	number, err := strconv.ParseUint(string(text[at:at+4]), 16, 32)
	return rune(number), err == nil //nolint:gosec // four digits
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape reads escapes; false also at halves of surrogate pairs.
func (s *Scanner) unescape(text []byte) ([]byte, bool) {
	start := len(s.unquoted)
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			s.unquoted = append(s.unquoted, text[i])
			continue
		}
		i++
		if text[i] == 'u' {
			character, ok := hexadecimal(text, i+1)
			if !ok || character >= 0xd800 && character < 0xe000 {
				return nil, false
			}
			s.unquoted = utf8.AppendRune(s.unquoted, character)
			i += 4
			continue
		}
		plain := escapes[text[i]]
		if plain == 0 {
			return nil, false
		}
		s.unquoted = append(s.unquoted, plain)
	}
	return s.unquoted[start:], true
}
