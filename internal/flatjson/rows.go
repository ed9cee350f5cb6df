package flatjson

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// Member is where a member of a row stands in the data that was read. It holds no pointers, so that many cost nothing to keep.
type Member struct {
	Number          float64 // of a number: as strconv.ParseFloat rounds it
	Key, KeyEnd     uint32  // of a plain key, without its quotes
	Value, ValueEnd uint32  // of a text what stands between its quotes, of anything else all of it
	Kind            Kind    // never Nested
	Escaped         bool    // a text with escapes: see Unescape
}

// Rows are the members of an array of flat objects. Their memory is used again by the next Read.
type Rows struct {
	Members []Member
	Ends    []int // where each row ends in Members
	scanner Scanner
}

// Read reads the array at which data begins, and says how long it is. False where that is no array, or where not all of it is
// flat objects with plain keys and numbers that a float64 can hold; it says nothing of what follows.
func (r *Rows) Read(data []byte) (length int, ok bool) {
	r.Members, r.Ends = r.Members[:0], r.Ends[:0]
	at := afterSpace(data, 0)
	if at >= len(data) || data[at] != '[' || len(data) > math.MaxUint32 {
		return 0, false
	}
	if at = afterSpace(data, at+1); at < len(data) && data[at] == ']' {
		return at + 1, true
	}
	for at < len(data) && data[at] == '{' {
		if at, ok = r.row(data, at+1); !ok {
			return 0, false
		}
		r.Ends = append(r.Ends, len(r.Members))
		if at = afterSpace(data, at); at < len(data) && data[at] == ']' {
			return at + 1, true
		}
		if at >= len(data) || data[at] != ',' {
			return 0, false
		}
		at = afterSpace(data, at+1)
	}
	return 0, false
}

// row reads the members of an object up to and with its brace.
func (r *Rows) row(data []byte, at int) (end int, ok bool) {
	if at = afterSpace(data, at); at < len(data) && data[at] == '}' {
		return at + 1, true
	}
	members := r.Members
	for at < len(data) && data[at] == '"' {
		start := at + 1
		end, escaped, ok := textEnd(data, start)
		if !ok || escaped {
			return 0, false
		}
		if at = afterSpace(data, end+1); at >= len(data) || data[at] != ':' {
			return 0, false
		}
		if len(members) == cap(members) {
			members = slices.Grow(members, len(members)+16)
		}
		members = members[:len(members)+1]
		m := &members[len(members)-1]                // every field of it is set
		m.Key, m.KeyEnd = uint32(start), uint32(end) //nolint:gosec // Read bounds the data
		if at = afterSpace(data, at+1); at >= len(data) {
			return 0, false
		}
		if at, ok = r.value(data, at, m); !ok {
			return 0, false
		}
		if at = afterSpace(data, at); at >= len(data) {
			return 0, false
		}
		if data[at] == '}' {
			r.Members = members
			return at + 1, true
		}
		if data[at] != ',' {
			return 0, false
		}
		at = afterSpace(data, at+1)
	}
	return 0, false
}

func (r *Rows) value(data []byte, at int, m *Member) (end int, ok bool) {
	m.Value, m.Escaped = uint32(at), false //nolint:gosec // Read bounds the data
	switch data[at] {
	case '"':
		m.Kind = Text
		m.Value++
		if end, m.Escaped, ok = textEnd(data, at+1); !ok || m.Escaped && !validEscapes(data[at+1:end], false) {
			return 0, false
		}
		m.ValueEnd = uint32(end) //nolint:gosec // Read bounds the data
		return end + 1, true
	case 'n':
		m.Kind = Null
		end, ok = at+4, at+4 <= len(data) && string(data[at:at+4]) == "null"
	case 't':
		m.Kind = True
		end, ok = at+4, at+4 <= len(data) && string(data[at:at+4]) == "true"
	case 'f':
		m.Kind = False
		end, ok = at+5, at+5 <= len(data) && string(data[at:at+5]) == "false"
	case '{', '[':
		return 0, false
	default:
		m.Kind = Number
		if m.Number, end, ok = quickNumber(data, at); !ok {
			s := &r.scanner
			s.data, s.at = data, at
			if !s.number() {
				return 0, false
			}
			s.Value, end = data[at:s.at], s.at
			m.Number, ok = s.Float()
		}
	}
	m.ValueEnd = uint32(end) //nolint:gosec // Read bounds the data
	return end, ok
}

// quickNumber reads a number without an exponent, of few digits; any other is not ok.
func quickNumber(data []byte, at int) (number float64, end int, ok bool) {
	negative := data[at] == '-'
	if negative {
		at++
	}
	start := at
	var digits uint64
	if digits, at, ok = readDigits(data, at, 0); !ok || at == start || data[start] == '0' && at > start+1 {
		return 0, 0, false
	}
	count, power := at-start, 0
	if at < len(data) && data[at] == '.' {
		from := at + 1
		if digits, at, ok = readDigits(data, from, digits); !ok || at == from {
			return 0, 0, false
		}
		power = from - at
		count -= power
	}
	if count > mostDigits || at < len(data) && data[at]|0x20 == 'e' {
		return 0, 0, false
	}
	if number, ok = rounded(digits, power); negative {
		number = -number
	}
	return number, at, ok
}

// readDigits reads digits after those that were read before, eight at a time; not ok near the end of the data. Past 19 digits
// the number is wrong.
func readDigits(data []byte, at int, before uint64) (number uint64, end int, ok bool) {
	number = before
	for at+8 <= len(data) {
		word := binary.LittleEndian.Uint64(data[at:])
		others := (word&(0xf0*ones) ^ 0x30*ones) | (word&(0x0f*ones)+0x06*ones)&(0xf0*ones)
		if others != 0 {
			count := bits.TrailingZeros64(others) / 8
			return number*smallPowers[count&7] + eightDigits((word&(0x0f*ones))<<(64-8*count)), at + count, true
		}
		number = number*1e8 + eightDigits(word&(0x0f*ones))
		at += 8
	}
	return 0, 0, false
}

var smallPowers = [8]uint64{1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000}

// eightDigits is the number that eight digits make, one in a byte, the first the lowest: pairs, then fours, then all at once.
func eightDigits(word uint64) uint64 {
	const every = 0x000000ff000000ff
	word = word*10 + word>>8
	return ((word&every)*(100+1_000_000<<32) + (word>>16&every)*(1+10_000<<32)) >> 32
}

func afterSpace(data []byte, at int) int {
	if at < len(data) && data[at] > ' ' {
		return at
	}
	return afterSpaces(data, at)
}

func afterSpaces(data []byte, at int) int {
	for at < len(data) && (data[at] == ' ' || data[at] == '\t' || data[at] == '\r' || data[at] == '\n') {
		at++
	}
	return at
}
