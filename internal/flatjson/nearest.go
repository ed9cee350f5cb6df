package flatjson

import (
	"math"
	"math/big"
	"math/bits"
	"sync"
)

// power is a power of ten: 128 bits of its value, the highest one set, cut.
type power struct{ high, low uint64 }

const (
	leastPower = -342
	mostPower  = 308
)

// powersOfTen are those that nearest multiplies with.
type powersOfTen [mostPower - leastPower + 1]power

// powers are made at first need, exactly, with integers of any length.
var powers = sync.OnceValue(makePowers)

func makePowers() *powersOfTen {
	var made powersOfTen
	ten := big.NewInt(10)
	mask := new(big.Int).SetUint64(math.MaxUint64)
	for p := leastPower; p <= mostPower; p++ {
		value := new(big.Int)
		if p >= 0 {
			value.Exp(ten, big.NewInt(int64(p)), nil)
		} else {
			// 2^k / 10^-p with bits to spare; rounded up, since what multiplies it is cut.
			divisor := new(big.Int).Exp(ten, big.NewInt(int64(-p)), nil)
			value.Lsh(big.NewInt(1), uint(divisor.BitLen()+128)) //nolint:gosec // a length
			value.Div(value, divisor)
			value.Add(value, big.NewInt(1))
		}
		if spare := value.BitLen() - 128; spare > 0 {
			value.Rsh(value, uint(spare)) //nolint:gosec // positive
		} else {
			value.Lsh(value, uint(-spare)) //nolint:gosec // positive
		}
		made[p-leastPower] = power{
			high: new(big.Int).Rsh(value, 64).Uint64(), low: new(big.Int).And(value, mask).Uint64(),
		}
	}
	return &made
}

// nearest is the float64 nearest to digits times ten to a power, after Lemire, Number Parsing at a Gigabyte per Second (2021):
// the product with 128 bits of the power decides all but a few, and those it leaves. Not ok is also what is no normal number.
func (p *powersOfTen) nearest(digits uint64, exponent int) (float64, bool) {
	if digits == 0 {
		return 0, true
	}
	if exponent < leastPower || exponent > mostPower {
		return 0, false
	}
	zeroes := bits.LeadingZeros64(digits)
	digits <<= zeroes
	ten := p[exponent-leastPower]
	high, low := bits.Mul64(digits, ten.high)
	if high&0x1ff == 0x1ff && low+digits < low { // the second half of the power may carry into what is rounded
		more, least := bits.Mul64(digits, ten.low)
		sum, carry := bits.Add64(low, more, 0)
		high, low = high+carry, sum
		if high&0x1ff == 0x1ff && low == math.MaxUint64 && least+digits < least {
			return 0, false
		}
	}
	top := int(high >> 63) //nolint:gosec // one bit
	mantissa := high >> (top + 9)
	binary := (217706*exponent)>>16 + 63 - zeroes + top + 1023 // floor(log2(10^exponent)), exact in this range
	if low == 0 && high&0x1ff == 0 && mantissa&3 == 1 {
		return 0, false // as near to the one as to the other, as far as can be seen
	}
	mantissa += mantissa & 1
	mantissa >>= 1
	if mantissa>>53 > 0 {
		mantissa >>= 1
		binary++
	}
	if binary <= 0 || binary >= 0x7ff {
		return 0, false
	}
	return math.Float64frombits(uint64(binary)<<52 | mantissa&(1<<52-1)), true //nolint:gosec // positive
}
