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
func (s *Scanner) Next() bool { return s.NextKey() && s.ReadValue() }

// ReadValue reads the value of the member whose key was read.
func (s *Scanner) ReadValue() bool { return s.value() || s.fail() }

// NextKey is Next for the key alone: ReadValue or Rows must follow.
func (s *Scanner) NextKey() bool {
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
	return true
}

// At is how far the object has been read: after a member, or at the value of one whose key alone was read.
func (s *Scanner) At() int { return s.at }

// Same passes over the next member where it is the same, byte by byte, as one that was read before, with the comma before it.
func (s *Scanner) Same(member []byte) bool {
	end := s.at + len(member)
	if len(member) == 0 || end >= len(s.data) || s.data[end] != ',' && s.data[end] != '}' || string(s.data[s.at:end]) != string(member) {
		return false
	}
	s.at, s.first = end, false
	return true
}

// Rows reads the value of the member whose key was read as rows, where it is flat rows; otherwise it has not been read.
func (s *Scanner) Rows(rows *Rows) bool {
	length, ok := rows.Read(s.data[s.at:])
	if ok {
		s.Kind, s.Value = Nested, s.data[s.at:s.at+length]
		s.at += length
	}
	return ok
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

func (s *Scanner) space() { s.at = afterSpace(s.data, s.at) }

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
			start := len(s.unquoted)
			s.unquoted, ok = Unescape(s.unquoted, value)
			value = s.unquoted[start:]
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
		return ok && (!escaped || validEscapes(value, true))
	case '{', '[':
		return s.nested(depth + 1)
	case 'n', 't', 'f':
		return s.value()
	default:
		end, ok := numberEnd(s.data, s.at)
		if ok {
			s.at = end
		}
		return ok
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text reads a text in quotes, as it is written.
func (s *Scanner) text() (value []byte, escaped, ok bool) {
	if s.at >= len(s.data) || s.data[s.at] != '"' {
		return nil, false, false
	}
	start := s.at + 1
	end, escaped, ok := textEnd(s.data, start)
	if !ok {
		return nil, false, false
	}
	s.at = end + 1
	return s.data[start:end], escaped, true
}

// textEnd is where the quote stands that ends a text: eight bytes at a time are looked at while they are plain.
func textEnd(data []byte, start int) (end int, escaped, ok bool) {
	at, ascii := start, true
	for at < len(data) {
		if at+8 <= len(data) {
			marks := marksOf(binary.LittleEndian.Uint64(data[at:]))
			if marks == 0 {
				at += 8
				continue
			}
			at += bits.TrailingZeros64(marks) / 8
		}
		switch c := data[at]; {
		case c == '"':
			return at, escaped, ascii || utf8.Valid(data[start:at])
		case c == '\\':
			escaped = true
			at += 2
		case c < 0x20:
			return 0, false, false
		case c >= utf8.RuneSelf:
			ascii = false
			at++
		default:
			at++
		}
	}
	return 0, false, false
}

// marksOf are the bytes of a word that are no plain ASCII of a text; the lowest of them is always right, since what subtraction
// borrows goes upwards.
func marksOf(word uint64) uint64 {
	quotes, slashes := word^(ones*'"'), word^(ones*'\\')
	return ((quotes-ones)&^quotes | (slashes-ones)&^slashes | (word-ones*0x20)&^word | word) & highs
}

// validEscapes says whether escapes are JSON's; with no surrogates, also whether Unescape reads them.
func validEscapes(text []byte, surrogates bool) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // text ends with no lone backslash: the quote after it would have been passed over
		switch text[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			character, ok := hexadecimal(text, i+1)
			if !ok || !surrogates && isSurrogate(character) {
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

func isSurrogate(character rune) bool { return character >= 0xd800 && character < 0xe000 }

// Unescape appends what a text with escapes says; false also at halves of surrogate pairs.
func Unescape(to, text []byte) ([]byte, bool) {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			to = append(to, text[i])
			continue
		}
		if i++; i == len(text) {
			return to, false
		}
		if text[i] == 'u' {
			character, ok := hexadecimal(text, i+1)
			if !ok || isSurrogate(character) {
				return to, false
			}
			to = utf8.AppendRune(to, character)
			i += 4
			continue
		}
		plain := escapes[text[i]]
		if plain == 0 {
			return to, false
		}
		to = append(to, plain)
	}
	return to, true
}
