package mlops

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as people write it: 30m, 24h, 7d, 1h30m, or ISO 8601 (PT24H, P7D). Equal values are equal,
// however they were written; it travels as Go text in JSON.
type Duration time.Duration

var (
	simpleDuration = regexp.MustCompile(`^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$`)
	isoDuration    = regexp.MustCompile(`^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)
)

// MaximumDuration is a hundred years: sums of a few of them and of a time stay times.
const MaximumDuration = Duration(100 * 365 * 24 * time.Hour)

var durationUnits = []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second, time.Millisecond}

// ParseDuration reads 30m, 24h, 7d, 1h30m, PT24H or P7D. A negative or empty one is an error.
func ParseDuration(text string) (Duration, error) {
	fail := fmt.Errorf("%w: %q is not a duration: write 30m, 24h, 7d or ISO 8601 such as P7D", ErrInvalid, text)
	match := simpleDuration.FindStringSubmatch(text)
	if match == nil {
		match = isoDuration.FindStringSubmatch(strings.ToUpper(text))
	}
	if match == nil {
		return 0, fail
	}
	var total time.Duration
	given := false
	for i, part := range match[1:] {
		if part == "" {
			continue
		}
		given = true
		amount, err := scale(part, durationUnits[i])
		if err != nil || total > math.MaxInt64-amount {
			return 0, fail
		}
		if total+amount > MaximumDuration.Std() {
			return 0, fmt.Errorf("%w: %q is too long: the longest duration is %s", ErrInvalid, text, MaximumDuration)
		}
		total += amount
	}
	if !given {
		return 0, fail
	}
	return Duration(total), nil
}

// scale multiplies a decimal number by a unit, exactly; only seconds may have a fraction.
func scale(number string, unit time.Duration) (time.Duration, error) {
	if unit == time.Second {
		return time.ParseDuration(number + "s")
	}
	amount, err := strconv.ParseInt(number, 10, 64)
	if err != nil || amount > math.MaxInt64/int64(unit) {
		return 0, ErrInvalid
	}
	return time.Duration(amount) * unit, nil
}

// Std is the value for package time.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String is the shortest exact form: 7d, 24h, 90m, 1m30s.
func (d Duration) String() string {
	rest := time.Duration(d)
	if rest == 0 {
		return "0s"
	}
	day := 24 * time.Hour
	if rest%day == 0 && rest > day {
		return strconv.FormatInt(int64(rest/day), 10) + "d"
	}
	if rest%time.Hour == 0 {
		return strconv.FormatInt(int64(rest/time.Hour), 10) + "h"
	}
	if rest%time.Minute == 0 {
		return strconv.FormatInt(int64(rest/time.Minute), 10) + "m"
	}
	return rest.String()
}

// MarshalText writes the short form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads any accepted form.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
