package mlops

import "time"

// timestampLayouts are how a cell of the type timestamp may be written, the most common first. Without a zone it is UTC.
var timestampLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	time.DateOnly,
}

// ParseTimestamp reads a cell of the type timestamp, in UTC. A bare number is none: seconds and milliseconds cannot be told
// apart.
func ParseTimestamp(text string) (time.Time, bool) {
	if len(text) < len(time.DateOnly) || len(text) > 40 {
		return time.Time{}, false
	}
	for _, layout := range timestampLayouts {
		if parsed, err := time.Parse(layout, text); err == nil {
			return parsed.UTC(), true
		}
	}
	return time.Time{}, false
}
