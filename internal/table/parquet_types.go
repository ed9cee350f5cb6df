package table

import (
	"math/big"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// decoder adds one value that is not null.
type decoder func(*parquetCells, parquet.Value)

// decoderOf chooses by the logical type first: an INT64 may be a number or a time.
func decoderOf(of parquet.Type) (decoder, error) {
	if logical := of.LogicalType(); logical != nil {
		switch logical := logical.Value.(type) {
		case *format.TimestampType:
			return timestampDecoder(logical)
		case *format.DateType:
			return decodeDate, nil
		case *format.DecimalType:
			return decimalDecoder(of.Kind(), int(logical.Scale)), nil
		case *format.IntType:
			return integerDecoder(of.Kind(), logical.IsSigned), nil
		case *format.UUIDType:
			return decodeUUID, nil
		case *format.TimeType, *format.Float16Type, *format.BsonType, *format.MapType, *format.ListType,
			*format.VariantType, *format.GeometryType, *format.GeographyType:
			return nil, invalid("columns of the Parquet type %s are not read; cast it to text or a number", logical)
		}
	}
	switch of.Kind() {
	case parquet.Boolean:
		return decodeBoolean, nil
	case parquet.Int32, parquet.Int64:
		return integerDecoder(of.Kind(), true), nil
	case parquet.Float:
		return func(c *parquetCells, v parquet.Value) { c.addNumber(shortest(v.Float())) }, nil
	case parquet.Double:
		return func(c *parquetCells, v parquet.Value) { c.addNumber(v.Double()) }, nil
	case parquet.Int96:
		return decodeInt96, nil
	case parquet.ByteArray:
		return func(c *parquetCells, v parquet.Value) { c.addText(v.ByteArray()) }, nil
	default:
		return nil, invalid("columns of the Parquet type %s are not read; cast it to text or a number", of)
	}
}

// shortest widens a float32 to the number that its shortest text means: 0.1, not 0.10000000149.
func shortest(number float32) float64 {
	wide, err := strconv.ParseFloat(strconv.FormatFloat(float64(number), 'g', -1, 32), 64)
	if err != nil { // cannot be: it was just written
		return float64(number)
	}
	return wide
}

func decodeBoolean(c *parquetCells, v parquet.Value) {
	if v.Boolean() {
		c.addText([]byte("true"))
	} else {
		c.addText([]byte("false"))
	}
}

func integerDecoder(kind parquet.Kind, signed bool) decoder {
	switch {
	case kind == parquet.Int32 && signed:
		return func(c *parquetCells, v parquet.Value) { c.addInteger(int64(v.Int32())) }
	case kind == parquet.Int32:
		return func(c *parquetCells, v parquet.Value) { c.addUnsigned(uint64(v.Uint32())) }
	case signed:
		return func(c *parquetCells, v parquet.Value) { c.addInteger(v.Int64()) }
	default:
		return func(c *parquetCells, v parquet.Value) { c.addUnsigned(v.Uint64()) }
	}
}

// decimalDecoder reads unscaled integers, big-endian two's complement where they are bytes.
func decimalDecoder(kind parquet.Kind, scale int) decoder {
	divisor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(min(max(scale, 0), 1000))), nil)
	return func(c *parquetCells, v parquet.Value) {
		unscaled := new(big.Int)
		switch kind {
		case parquet.Int32:
			unscaled.SetInt64(int64(v.Int32()))
		case parquet.Int64:
			unscaled.SetInt64(v.Int64())
		default:
			bytes := v.ByteArray()
			unscaled.SetBytes(bytes)
			if len(bytes) > 0 && bytes[0] >= 0x80 {
				unscaled.Sub(unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
			}
		}
		number, _ := new(big.Rat).SetFrac(unscaled, divisor).Float64()
		c.addNumber(number)
	}
}

func decodeUUID(c *parquetCells, v parquet.Value) {
	id, err := uuid.FromBytes(v.ByteArray())
	if err != nil { // other than 16 bytes
		c.addText(v.ByteArray())
		return
	}
	c.addText([]byte(id.String()))
}

func timestampDecoder(of *format.TimestampType) (decoder, error) {
	if of.Unit.Value == nil {
		return nil, invalid("the timestamp has no unit")
	}
	unit := int64(of.Unit.Value.Duration())
	second := int64(time.Second) / unit
	return func(c *parquetCells, v parquet.Value) {
		stamp := v.Int64()
		c.addTime(time.Unix(stamp/second, stamp%second*unit))
	}, nil
}

func decodeDate(c *parquetCells, v parquet.Value) {
	c.addTime(time.Unix(int64(v.Int32())*secondsPerDay, 0))
}

const (
	secondsPerDay   = 24 * 60 * 60
	julianDayOf1970 = 2440588
)

// decodeInt96 reads the timestamp of old Spark and Impala: nanoseconds of the day, then the Julian day.
func decodeInt96(c *parquetCells, v parquet.Value) {
	stamp := v.Int96()
	nanoseconds := int64(uint64(stamp[1])<<32 | uint64(stamp[0]))
	c.addTime(time.Unix((int64(stamp[2])-julianDayOf1970)*secondsPerDay, nanoseconds))
}

func (c *parquetCells) addTime(at time.Time) {
	c.addText(at.UTC().AppendFormat(nil, time.RFC3339Nano))
}
