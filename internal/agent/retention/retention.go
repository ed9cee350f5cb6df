// Package retention removes inference records, labels, profiles and drift reports that have been kept for as long as was declared. Age is
// time since arrival, not since the event: a project that replays old traffic keeps what it got today. Keys lie by day of
// event time, so only what an old day holds is looked at, each document once for as long as the sweeper lives. It must not
// know who declares what, and it never touches datasets, data, logs or specs.
//
// What is not done: bytes below data/sha256/ that no manifest, output or version names are kept for ever, because a store's
// listing does not tell their age. And a record whose event time lies in the future is kept until that day is old as well.
package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift/hours"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Rule bounds the age of what lies below a prefix by day: <prefix><yyyy>/<mm>/<dd>/...
type Rule struct {
	Name   string // for errors: "records of deployment "delay""
	Prefix string
	Suffix string // of the keys that have an age of their own, compressed or not
	Keep   time.Duration
	Spare  map[string]bool // keys that are still needed, however old
	// With names what goes together with a key, before it; nil where nothing does.
	With func(key string) string
}

// Records are the rules for what a deployment has collected: inference records, the labels that came for them, and the profiles
// that they were counted in, which name values of categories.
func Records(deployment string, days int64) []Rule {
	return []Rule{
		{Name: fmt.Sprintf("records of deployment %q", deployment), Prefix: record.Prefix(deployment), Suffix: ".jsonl", Keep: span(days)},
		{Name: fmt.Sprintf("labels of deployment %q", deployment), Prefix: record.LabelPrefix(deployment), Suffix: ".jsonl", Keep: span(days)},
		{Name: fmt.Sprintf("profiles of deployment %q", deployment), Prefix: hours.Prefix(deployment), Suffix: hours.Suffix, Keep: span(days)},
	}
}

// Reports is the rule for the drift reports of a monitor and their pages.
func Reports(monitor string, days int64, spare map[string]bool) Rule {
	return Rule{
		Name: fmt.Sprintf("reports of drift monitor %q", monitor), Prefix: "reports/" + monitor + "/", Suffix: ".json", Keep: span(days), Spare: spare,
		// The page first: a report without its page is found again, a page without its report never.
		With: func(key string) string { return strings.TrimSuffix(key, ".json") + ".html" },
	}
}

func span(days int64) time.Duration {
	const most = 100 * 366 // a longer span would overflow, and means for ever
	return time.Duration(min(days, most)) * 24 * time.Hour
}

// candidate says whether a key has an age, and whether its day and all after it are too young to matter.
func (r Rule) candidate(key string, now time.Time) (aged, young bool) {
	rest := strings.TrimPrefix(key, r.Prefix)
	if len(rest) < len(dayLayout) {
		return false, false
	}
	day, err := time.Parse(dayLayout, rest[:len(dayLayout)])
	if err != nil {
		return false, false
	}
	if day.Add(24 * time.Hour).After(now.Add(-r.Keep)) {
		return false, true
	}
	return strings.HasSuffix(strings.TrimSuffix(key, ".zst"), r.Suffix) && !r.Spare[key], false
}

const dayLayout = "2006/01/02"

// arrival reads when a document came: the time that its first JSON value holds, which is that of a report, or of the first
// record of a segment. It reads no further.
func arrival(ctx context.Context, store platform.Store, key string) (time.Time, error) {
	stream, err := record.Open(ctx, store, key)
	if err != nil {
		return time.Time{}, err
	}
	defer stream.Close()
	var dated struct {
		Time time.Time `json:"time"`
	}
	source := &source{stream: stream}
	if err := json.NewDecoder(source).Decode(&dated); source.fault != nil {
		return time.Time{}, fmt.Errorf("%s: %w", key, source.fault)
	} else if err != nil || dated.Time.IsZero() {
		return time.Time{}, fmt.Errorf("%s: %w: it does not say when it came, so it is kept", key, mlops.ErrInvalid)
	}
	return dated.Time, nil
}

// source tells a store that failed from a document that cannot be understood.
type source struct {
	stream io.Reader
	fault  error
}

// Read implements io.Reader.
func (s *source) Read(into []byte) (int, error) {
	n, err := s.stream.Read(into)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, mlops.ErrInvalid) {
		s.fault = err
	}
	return n, err
}
