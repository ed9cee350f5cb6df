package table

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The As functions read all cells of a column as one type. They return one value and one null mark a row; null is never nil.
// A cell that cannot be read as that type is marked null and counted in bad, so that row i was bad where null[i] is set and
// IsNull(i) is not.

// Len is the number of cells.
func (c Column) Len() int { return max(len(c.Numbers), len(c.Text)) }

// nulls copies the marks.
func (c Column) nulls() []bool {
	null := make([]bool, c.Len())
	copy(null, c.Null)
	return null
}

// AsNumbers reads decimal numbers. Null and bad cells are NaN; infinities are bad.
func (c Column) AsNumbers() (values []float64, null []bool, bad int) {
	values, null = make([]float64, c.Len()), c.nulls()
	for i := range values {
		number, ok := math.NaN(), false
		switch {
		case null[i]:
			ok = true
		case c.Numbers != nil:
			number, ok = c.Numbers[i], !math.IsNaN(c.Numbers[i]) && !math.IsInf(c.Numbers[i], 0)
		default:
			number, ok = parseNumber(c.Text[i])
		}
		if !ok {
			number, null[i] = math.NaN(), true
			bad++
		}
		values[i] = number
	}
	return values, null, bad
}

func parseNumber(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, "xX_") { // Go's own notations
		return 0, false
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil && !math.IsNaN(number) && !math.IsInf(number, 0)
}

// AsText gives every cell as text; numbers in their shortest form, null as "".
func (c Column) AsText() (values []string, null []bool) {
	null = c.nulls()
	if c.Numbers == nil {
		return c.Text, null
	}
	values = make([]string, c.Len())
	for i := range values {
		if !null[i] {
			values[i] = FormatNumber(c.Numbers[i])
		}
	}
	return values, null
}

// FormatNumber is the shortest text that reads back as the same number.
func FormatNumber(number float64) string { return string(AppendNumber(nil, number)) }

// AppendNumber appends FormatNumber.
func AppendNumber(to []byte, number float64) []byte {
	if magnitude := math.Abs(number); magnitude != 0 && (magnitude >= 1e21 || magnitude < 1e-6) {
		return strconv.AppendFloat(to, number, 'e', -1, 64)
	}
	return strconv.AppendFloat(to, number, 'f', -1, 64)
}

// AsBooleans reads true, false, t, f, yes, no, y, n (in any case), 1 and 0.
func (c Column) AsBooleans() (values []bool, null []bool, bad int) {
	values, null = make([]bool, c.Len()), c.nulls()
	for i := range values {
		if null[i] {
			continue
		}
		var ok bool
		if c.Numbers != nil {
			values[i], ok = c.Numbers[i] == 1, c.Numbers[i] == 1 || c.Numbers[i] == 0
		} else {
			values[i], ok = parseBoolean(c.Text[i])
		}
		if !ok {
			null[i] = true
			bad++
		}
	}
	return values, null, bad
}

func parseBoolean(text string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "t", "yes", "y", "1", "1.0":
		return true, true
	case "false", "f", "no", "n", "0", "0.0":
		return false, true
	default:
		return false, false
	}
}

// timeLayouts in the order in which they are tried; fractions of seconds are read with each that has seconds. Times without
// a zone are UTC.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00",
}

// AsTimes reads RFC 3339, its usual shortenings, dates, and seconds or milliseconds since 1970. All are UTC; null and bad
// cells are the zero time.
func (c Column) AsTimes() (times []time.Time, null []bool, bad int) {
	times, null = make([]time.Time, c.Len()), c.nulls()
	layout := 0 // the one that fitted last: columns rarely mix them
	for i := range times {
		if null[i] {
			continue
		}
		var ok bool
		if c.Numbers != nil {
			times[i], ok = epoch(c.Numbers[i])
		} else {
			times[i], ok = parseTime(c.Text[i], &layout)
		}
		if !ok {
			times[i], null[i] = time.Time{}, true
			bad++
		}
	}
	return times, null, bad
}

// ParseTime reads one text as AsTimes does.
func ParseTime(text string) (time.Time, bool) {
	layout := 0
	return parseTime(text, &layout)
}

func parseTime(text string, last *int) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if read, err := time.Parse(timeLayouts[*last], text); err == nil {
		return read.UTC(), true
	}
	for i, layout := range timeLayouts {
		if read, err := time.Parse(layout, text); err == nil {
			*last = i
			return read.UTC(), true
		}
	}
	number, ok := parseNumber(text)
	if !ok {
		return time.Time{}, false
	}
	return epoch(number)
}

// Limits of numbers that are read as times. Below the first a number is rather a year or a day (20010131) than a second of
// early 1970; above the second it is milliseconds; above the third, microseconds, which are not read.
const (
	leastEpoch  = 1e8
	leastMillis = 1e11
	mostMillis  = 1e14
)

func epoch(number float64) (time.Time, bool) {
	switch magnitude := math.Abs(number); {
	case magnitude >= leastEpoch && magnitude < leastMillis:
		return time.UnixMilli(int64(math.Round(number * 1000))).UTC(), true
	case magnitude >= leastMillis && magnitude < mostMillis:
		return time.UnixMilli(int64(math.Round(number))).UTC(), true
	default:
		return time.Time{}, false
	}
}
