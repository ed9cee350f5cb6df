package stats

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Tallies are encoded as unsigned varints, most of them one or two bytes; a zero is followed by how many zeroes stand there, so
// that what is empty costs next to nothing. Extremes are eight bytes each. The frame is not encoded: who reads must have it.

// Append encodes a tally.
func (t Tally) Append(to []byte) []byte {
	to = appendCounts(to, []int64{t.Rows, t.Nulls, t.TypeErrors})
	if number := t.Number; number != nil {
		to = appendCounts(to, []int64{number.Below, number.Above, number.Outside})
		to = appendCounts(to, number.Counts)
		to = appendCounts(to, number.On)
		to = binary.LittleEndian.AppendUint64(to, math.Float64bits(number.Minimum))
		to = binary.LittleEndian.AppendUint64(to, math.Float64bits(number.Maximum))
	}
	if category := t.Category; category != nil {
		to = appendCounts(to, []int64{category.Other})
		to = appendCounts(to, category.Named)
		to = binary.AppendUvarint(to, uint64(len(category.Unnamed)))
		for _, level := range slices.Sorted(maps.Keys(category.Unnamed)) {
			to = binary.AppendUvarint(to, uint64(len(level)))
			to = append(to, level...)
			to = binary.AppendUvarint(to, uint64(category.Unnamed[level])) //nolint:gosec // counts are not below zero
		}
	}
	return to
}

func appendCounts(to []byte, counts []int64) []byte {
	for i := 0; i < len(counts); i++ {
		to = binary.AppendUvarint(to, uint64(counts[i])) //nolint:gosec // counts are not below zero
		if counts[i] != 0 {
			continue
		}
		zeroes := 1
		for i+1 < len(counts) && counts[i+1] == 0 {
			zeroes++
			i++
		}
		to = binary.AppendUvarint(to, uint64(zeroes))
	}
	return to
}

// AddEncoded adds an encoded tally of the same frame and returns what stands behind it. What is no tally of the frame is
// mlops.ErrInvalid, and leaves the sum in pieces.
func (t *Tally) AddEncoded(data []byte) (rest []byte, err error) {
	reader := tallyReader{data: data}
	var head [3]int64
	reader.add(head[:])
	t.Rows += head[0]
	t.Nulls += head[1]
	t.TypeErrors += head[2]
	if number := t.Number; number != nil {
		sides := []int64{number.Below, number.Above, number.Outside}
		reader.add(sides)
		number.Below, number.Above, number.Outside = sides[0], sides[1], sides[2]
		reader.add(number.Counts)
		reader.add(number.On)
		number.Minimum = math.Min(number.Minimum, reader.float())
		number.Maximum = math.Max(number.Maximum, reader.float())
	}
	if category := t.Category; category != nil {
		other := []int64{category.Other}
		reader.add(other)
		category.Other = other[0]
		reader.add(category.Named)
		for range reader.number() {
			level := reader.text()
			count := reader.number()
			if reader.broken {
				break
			}
			category.Unnamed[level] += int64(count) //nolint:gosec // as it was written
		}
		category.bound()
	}
	if reader.broken {
		return nil, fmt.Errorf("%w: a tally is broken, or of another frame", mlops.ErrInvalid)
	}
	return reader.data, nil
}

// tallyReader reads on from data until something is broken.
type tallyReader struct {
	data   []byte
	broken bool
}

func (r *tallyReader) number() uint64 {
	if len(r.data) > 0 && r.data[0] < 0x80 { // most are
		value := uint64(r.data[0])
		r.data = r.data[1:]
		return value
	}
	value, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.broken = true
		r.data = nil
		return 0
	}
	r.data = r.data[size:]
	return value
}

// add adds counts as appendCounts wrote them.
func (r *tallyReader) add(counts []int64) {
	for i := 0; i < len(counts) && !r.broken; {
		value := r.number()
		if value != 0 {
			counts[i] += int64(value) //nolint:gosec // as it was written
			i++
			continue
		}
		zeroes := r.number()
		if zeroes == 0 || zeroes > uint64(len(counts)-i) {
			r.broken = true
			return
		}
		i += int(zeroes) //nolint:gosec // no more than there are counts
	}
}

func (r *tallyReader) float() float64 {
	if len(r.data) < 8 {
		r.broken = true
		return math.NaN()
	}
	value := math.Float64frombits(binary.LittleEndian.Uint64(r.data))
	r.data = r.data[8:]
	return value
}

func (r *tallyReader) text() string {
	length := r.number()
	if length > uint64(len(r.data)) {
		r.broken = true
		return ""
	}
	text := string(r.data[:length])
	r.data = r.data[length:]
	return text
}

// Append encodes the times.
func (t TimeTally) Append(to []byte) []byte {
	to = appendCounts(to, []int64{t.Rows})
	for _, at := range []time.Time{t.First, t.Last, t.GapFrom, t.GapTo} {
		to = binary.AppendVarint(to, at.Unix())
		to = binary.AppendVarint(to, int64(at.Nanosecond()))
	}
	return appendCounts(to, t.Gaps[:])
}

// DecodeTimes reads what Append wrote, and returns what stands behind it.
func DecodeTimes(data []byte) (t TimeTally, rest []byte, err error) {
	reader := tallyReader{data: data}
	var rows [1]int64
	reader.add(rows[:])
	t.Rows = rows[0]
	for _, at := range []*time.Time{&t.First, &t.Last, &t.GapFrom, &t.GapTo} {
		seconds, nanoseconds := reader.signed(), reader.signed()
		*at = time.Unix(seconds, nanoseconds).UTC()
		if at.Equal(time.Time{}) {
			*at = time.Time{}
		}
	}
	reader.add(t.Gaps[:])
	if reader.broken {
		return t, nil, fmt.Errorf("%w: the times of a tally are broken", mlops.ErrInvalid)
	}
	return t, reader.data, nil
}

func (r *tallyReader) signed() int64 {
	value, size := binary.Varint(r.data)
	if size <= 0 {
		r.broken = true
		r.data = nil
		return 0
	}
	r.data = r.data[size:]
	return value
}
