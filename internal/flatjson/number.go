package flatjson

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// decimal is a number as it was written, where it has at most 19 digits: digits times ten to the power.
type decimal struct {
	digits   uint64
	power    int
	count    int // of digits without leading zeroes
	negative bool
	integer  bool
	exponent bool
}

// number reads a number by JSON's grammar.
func (s *Scanner) number() bool {
	data, at := s.data, s.at
	d := decimal{integer: true}
	if at < len(data) && data[at] == '-' {
		d.negative = true
		at++
	}
	start := at
	for at < len(data) && data[at]-'0' <= 9 {
		d.digits = d.digits*10 + uint64(data[at]-'0')
		at++
	}
	if at == start || data[start] == '0' && at > start+1 {
		return false
	}
	d.count = at - start
	if data[start] == '0' {
		d.count = 0
	}
	if at < len(data) && data[at] == '.' {
		at++
		from := at
		for at < len(data) && data[at]-'0' <= 9 {
			d.digits = d.digits*10 + uint64(data[at]-'0')
			if d.digits != 0 {
				d.count++
			}
			at++
		}
		if at == from {
			return false
		}
		d.power, d.integer = from-at, false
	}
	if at < len(data) && data[at]|0x20 == 'e' {
		d.integer, d.exponent = false, true
		at++
		negative := false
		if at < len(data) && (data[at] == '+' || data[at] == '-') {
			negative = data[at] == '-'
			at++
		}
		from, power := at, 0
		for at < len(data) && data[at]-'0' <= 9 {
			power = min(power*10+int(data[at]-'0'), 1e6)
			at++
		}
		if at == from {
			return false
		}
		if negative {
			power = -power
		}
		d.power += power
	}
	s.at, s.whole = at, d
	return true
}

// numberEnd passes over a number by JSON's grammar.
func numberEnd(data []byte, at int) (end int, ok bool) {
	if at < len(data) && data[at] == '-' {
		at++
	}
	start := at
	if at = digitsEnd(data, at); at == start || data[start] == '0' && at > start+1 {
		return 0, false
	}
	if at < len(data) && data[at] == '.' {
		from := at + 1
		if at = digitsEnd(data, from); at == from {
			return 0, false
		}
	}
	if at < len(data) && data[at]|0x20 == 'e' {
		from := at + 1
		if from < len(data) && (data[from] == '+' || data[from] == '-') {
			from++
		}
		if at = digitsEnd(data, from); at == from {
			return 0, false
		}
	}
	return at, true
}

// digitsEnd is where digits end, found eight at a time: what is no digit has a high half other than 3, or carries beyond 9.
func digitsEnd(data []byte, at int) int {
	for at+8 <= len(data) {
		word := binary.LittleEndian.Uint64(data[at:])
		others := (word&(0xf0*ones) ^ 0x30*ones) | (word&(0x0f*ones)+0x06*ones)&(0xf0*ones)
		if others != 0 {
			return at + bits.TrailingZeros64(others)/8
		}
		at += 8
	}
	for at < len(data) && data[at]-'0' <= 9 {
		at++
	}
	return at
}

// mostDigits are those that a 64-bit number always holds.
const mostDigits = 19

// exactPowers of ten are those that a float64 holds exactly.
var exactPowers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// Float is the number that was read last, rounded as strconv.ParseFloat rounds; not ok where it is beyond all.
func (s *Scanner) Float() (number float64, ok bool) {
	d := s.whole
	if d.count <= mostDigits {
		if number, ok = rounded(d.digits, d.power); ok {
			if d.negative {
				number = -number
			}
			return number, true
		}
	}
	number, err := strconv.ParseFloat(string(s.Value), 64)
	return number, err == nil
}

// rounded is digits times ten to a power, rounded as strconv.ParseFloat rounds; not ok where that is not known here.
func rounded(digits uint64, power int) (number float64, ok bool) {
	switch {
	case digits > 1<<53 || power < -22 || power > 22:
		return powers().nearest(digits, power)
	case power < 0: // Both are exact, so that the one operation is rounded as it should be.
		return float64(int64(digits)) / exactPowers[-power], true //nolint:gosec // at most 2^53
	default:
		return float64(int64(digits)) * exactPowers[power], true //nolint:gosec // at most 2^53
	}
}

// Integer is the number that was read last; not ok where it is written with a fraction or an exponent, or too long.
func (s *Scanner) Integer() (int64, bool) {
	if !s.whole.integer || s.whole.count >= mostDigits {
		return 0, false
	}
	if s.whole.negative {
		return -int64(s.whole.digits), true //nolint:gosec // fewer than 19 digits
	}
	return int64(s.whole.digits), true //nolint:gosec // fewer than 19 digits
}

// IsShort says that the number that was read last has at most 15 digits and no exponent: a float64 holds it as it is written.
func (s *Scanner) IsShort() bool { return s.whole.count <= 15 && !s.whole.exponent }
