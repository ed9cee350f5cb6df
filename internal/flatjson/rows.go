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
	powers  *powersOfTen
}

// Read reads the array at which data begins, and says how long it is. False where that is no array, or where not all of it is
// flat objects with plain keys and numbers that a float64 can hold; it says nothing of what follows.
func (r *Rows) Read(data []byte) (length int, ok bool) {
	r.Members, r.Ends = r.Members[:0], r.Ends[:0]
	if r.powers == nil {
		r.powers = powers()
	}
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
		end, ok := keyEnd(data, start)
		if !ok {
			return 0, false
		}
		if at = end + 1; at >= len(data) || data[at] != ':' {
			if at = afterSpace(data, at); at >= len(data) || data[at] != ':' {
				return 0, false
			}
		}
		if at = afterSpace(data, at+1); at >= len(data) {
			return 0, false
		}
		if len(members) == cap(members) {
			members = slices.Grow(members, len(members)+16)
		}
		members = members[:len(members)+1]
		m := &members[len(members)-1]                // every field of it is set
		m.Key, m.KeyEnd = uint32(start), uint32(end) //nolint:gosec // Read bounds the data
		if m.Number, end, ok = r.quickNumber(data, at); ok {
			m.Value, m.ValueEnd, m.Kind, m.Escaped = uint32(at), uint32(end), Number, false //nolint:gosec // Read bounds the data
		} else if end, ok = r.value(data, at, m); !ok {
			return 0, false
		}
		if at = end; at >= len(data) {
			return 0, false
		}
		if data[at] != ',' && data[at] != '}' {
			if at = afterSpaces(data, at); at >= len(data) {
				return 0, false
			}
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

// keyEnd is where the quote stands that ends a plain key; not ok is any other key.
func keyEnd(data []byte, start int) (end int, ok bool) {
	at := start
	for at+8 <= len(data) {
		marks := marksOf(binary.LittleEndian.Uint64(data[at:]))
		if marks == 0 {
			at += 8
			continue
		}
		if at += bits.TrailingZeros64(marks) / 8; data[at] == '"' {
			return at, true
		}
		break
	}
	end, escaped, ok := textEnd(data, start)
	return end, ok && !escaped
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
		s := &r.scanner
		s.data, s.at = data, at
		if !s.number() {
			return 0, false
		}
		s.Value, end = data[at:s.at], s.at
		m.Number, ok = s.Float()
	}
	m.ValueEnd = uint32(end) //nolint:gosec // Read bounds the data
	return end, ok
}

// quickRoom is how far quickNumber may look.
const quickRoom = 48

// quickNumber reads a number as most are: without an exponent, of few digits, and not near the end of the data. Any other, and
// what is no number, is not ok.
func (r *Rows) quickNumber(data []byte, at int) (number float64, end int, ok bool) {
	if at+quickRoom > len(data) {
		return 0, 0, false
	}
	negative := uint64(0)
	if data[at] == '-' {
		negative = 1
	}
	at += int(negative) //nolint:gosec // 0 or 1
	word := binary.LittleEndian.Uint64(data[at:])
	count := digitsOf(word)
	if count == 0 || count == 8 || word&0xff == '0' && count > 1 {
		return 0, 0, false
	}
	digits := eightDigits(word << (64 - 8*count))
	end = at + int(count) //nolint:gosec // below 8
	power := uint64(0)
	if data[end] == '.' {
		from := end + 1
		word = binary.LittleEndian.Uint64(data[from:])
		power = digitsOf(word)
		digits = digits*tens[power] + eightDigits(word<<(64-8*power))
		end = from + int(power) //nolint:gosec // at most 8
		for more := power; more == 8 && power <= mostDigits; power += more {
			word = binary.LittleEndian.Uint64(data[end:])
			more = digitsOf(word)
			digits = digits*tens[more] + eightDigits(word<<(64-8*more))
			end += int(more) //nolint:gosec // at most 8
		}
		if power == 0 || count+power > mostDigits {
			return 0, 0, false
		}
	}
	if data[end]|0x20 == 'e' {
		return 0, 0, false
	}
	if digits <= 1<<53 { // Both are exact, so that the one operation is rounded as it should be.
		number = float64(int64(digits)) / exactPowers[power] //nolint:gosec // at most 2^53
	} else if number, ok = r.powers.nearest(digits, -int(power)); !ok { //nolint:gosec // at most 19
		return 0, 0, false
	}
	return math.Float64frombits(math.Float64bits(number) | negative<<63), end, true
}

// tens are the powers of ten of up to eight digits.
var tens = [9]uint64{1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000}

// digitsOf is how many digits eight bytes begin with: what is none has a high half other than 3, or carries beyond 9.
func digitsOf(word uint64) uint64 {
	others := (word&(0xf0*ones) ^ 0x30*ones) | (word&(0x0f*ones)+0x06*ones)&(0xf0*ones)
	return uint64(bits.TrailingZeros64(others)) / 8 //nolint:gosec // at most 64
}

// eightDigits is the number that eight digits make, one in a byte, the first the lowest: pairs, then fours, then all at once.
// Bytes below 16 count as digits, of others the lower half.
func eightDigits(word uint64) uint64 {
	const every = 0x000000ff000000ff
	word &= 0x0f * ones
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
