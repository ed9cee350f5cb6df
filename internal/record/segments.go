package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

const (
	root       = "records/"
	hourLayout = "2006/01/02/15"
	dayLayout  = "2006/01/02"
	suffix     = ".jsonl.zst"
	plain      = ".jsonl" // as segments were once written, and are read for ever
	// mostDays that are listed one by one; a longer window is one listing of the deployment.
	mostDays = 100
	// page is how many keys one call lists.
	page = 5000
)

// Key is where a segment lies: records/<deployment>/<yyyy>/<mm>/<dd>/<hh>/<instance>-<12-digit sequence>.jsonl.zst. The hour is
// that of the event time, the sequence that of the segment's first record, so that a segment that is written again after a
// crash has the same name.
func Key(deployment, instance string, eventTime time.Time, sequence int64) string {
	return fmt.Sprintf("%s%s/%s/%s-%012d%s", root, deployment, eventTime.UTC().Format(hourLayout), instance, sequence, suffix)
}

// IsSegment says whether a key is that of a segment.
func IsSegment(key string) bool {
	return strings.HasSuffix(key, suffix) || strings.HasSuffix(key, plain)
}

// Prefix is where all segments of a deployment lie.
func Prefix(deployment string) string { return root + deployment + "/" }

// HourPrefix is where the segments of one hour of event time lie.
func HourPrefix(deployment string, hour time.Time) string {
	return root + deployment + "/" + hour.UTC().Format(hourLayout) + "/"
}

// hourOf reads the hour from the key of a segment.
func hourOf(deployment, key string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(key, Prefix(deployment))
	if !ok || !IsSegment(key) || len(rest) < len(hourLayout) {
		return time.Time{}, false
	}
	hour, err := time.Parse(hourLayout, rest[:len(hourLayout)])
	return hour, err == nil
}

// Segments lists the segments that may hold records with an event time in [from, to), in order of key: by hour. A zero from
// or to is without end. Up to 100 days are listed day by day, so that the cost does not depend on how long history is.
func Segments(ctx context.Context, store platform.Store, deployment string, from, to time.Time) ([]platform.Entry, error) {
	from, to = from.UTC(), to.UTC()
	prefixes := []string{Prefix(deployment)}
	if !from.IsZero() && !to.IsZero() && to.Sub(from) <= mostDays*24*time.Hour {
		prefixes = nil
		for day := from.Truncate(24 * time.Hour); day.Before(to); day = day.Add(24 * time.Hour) {
			prefixes = append(prefixes, Prefix(deployment)+day.Format(dayLayout)+"/")
		}
	}
	var segments []platform.Entry
	for _, prefix := range prefixes {
		// The cursor sorts before every key of from's hour, and leaves out the hours before it.
		cursor := ""
		if !from.IsZero() {
			cursor = Prefix(deployment) + from.Format(hourLayout)
		}
		err := list(ctx, store, prefix, cursor, func(entry platform.Entry) bool {
			hour, ok := hourOf(deployment, entry.Key)
			if ok && !to.IsZero() && !hour.Before(to) {
				return false
			}
			if ok {
				segments = append(segments, entry)
			}
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("records of %q: %w", deployment, err)
		}
	}
	return segments, nil
}

// list pages through the keys after a cursor until each returns false.
func list(ctx context.Context, store platform.Store, prefix, cursor string, each func(platform.Entry) bool) error {
	for {
		entries, err := store.List(ctx, prefix, cursor, page)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if !each(entry) {
				return nil
			}
		}
		if len(entries) < page {
			return nil
		}
		cursor = entries[len(entries)-1].Key
	}
}

// Scan calls for every record with an event time in [from, to), segment by segment, so in order of hour; within an hour by
// instance and sequence. What is no inference record is passed over, so that later kinds may lie beside it; what is broken is
// counted and skipped. An error of each ends the scan. Data and Response of a record are valid until each returns.
func Scan(ctx context.Context, store platform.Store, deployment string, from, to time.Time, each func(Record) error) (Broken, error) {
	segments, err := Segments(ctx, store, deployment, from, to)
	if err != nil {
		return Broken{}, err
	}
	return ScanSegments(ctx, store, segments, from, to, each)
}

// ScanSegments is Scan of segments that were listed already.
func ScanSegments(ctx context.Context, store platform.Store, segments []platform.Entry, from, to time.Time, each func(Record) error) (Broken, error) {
	var broken Broken
	for _, segment := range segments {
		err := scanSegment(ctx, store, segment.Key, &broken, func(r Record) error {
			if !from.IsZero() && r.EventTime.Before(from) || !to.IsZero() && !r.EventTime.Before(to) {
				return nil
			}
			return each(r)
		})
		if errors.Is(err, errGone) {
			continue // retention took it since it was listed
		}
		if err != nil {
			return broken, err
		}
	}
	return broken, nil
}

var errGone = errors.New("segment is gone")

func scanSegment(ctx context.Context, store platform.Store, key string, broken *Broken, each func(Record) error) error {
	stream, err := Open(ctx, store, key)
	switch {
	case errors.Is(err, mlops.ErrNotFound):
		return errGone
	case errors.Is(err, mlops.ErrInvalid):
		broken.Note("segment "+key, err)
		return nil
	case err != nil:
		return fmt.Errorf("segment %s: %w", key, err)
	}
	defer stream.Close()
	return scanLines(stream, key, NewDecoder().Decode, broken, each)
}

// ScanLines calls for every record of a stream of lines, as ScanSegments does for those of segments; name is what findings call it.
func ScanLines(from io.Reader, name string, each func(Record) error) (Broken, error) {
	var broken Broken
	err := scanLines(from, name, NewDecoder().Decode, &broken, each)
	return broken, err
}

// scanLines calls for every line of a segment that decodes; documents of another schema (mlops.ErrNotFound) are passed over,
// any other line that does not decode is broken.
func scanLines[T any](from io.Reader, key string, decode func([]byte) (T, error), broken *Broken, each func(T) error) error {
	lines := lineReader{from: from}
	for number := 1; ; number++ {
		line, err := lines.next()
		end := errors.Is(err, io.EOF)
		if errors.Is(err, mlops.ErrInvalid) {
			broken.Note(fmt.Sprintf("segment %s, line %d", key, number), err)
			return nil
		}
		if err != nil && !end {
			return fmt.Errorf("segment %s: %w", key, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			document, decodeErr := decode(line)
			switch {
			case errors.Is(decodeErr, mlops.ErrNotFound):
			case decodeErr != nil:
				broken.Note(fmt.Sprintf("segment %s, line %d", key, number), decodeErr)
			default:
				if err := each(document); err != nil {
					return err
				}
			}
		}
		if end {
			return nil
		}
	}
}

// mostLooks bounds how many segments Newest reads.
const mostLooks = 200

// Newest is the newest event time of a deployment; false where none is later than after. Records that have only a time of
// arrival do not count: while old traffic is replayed, one broken request must not move the watermark to today. It lists from
// after's hour on, the whole deployment where after is zero, and reads one segment of each instance, its last of an hour,
// from the newest hour back to the first one that has an event time.
func Newest(ctx context.Context, store platform.Store, deployment string, after time.Time) (time.Time, bool, error) {
	cursor := ""
	if !after.IsZero() {
		cursor = Prefix(deployment) + after.UTC().Format(hourLayout)
	}
	var last []string // the last segment of each instance and hour, in order of key
	err := list(ctx, store, Prefix(deployment), cursor, func(entry platform.Entry) bool {
		if _, ok := hourOf(deployment, entry.Key); !ok {
			return true
		}
		if end := len(last) - 1; end >= 0 && instanceOf(last[end]) == instanceOf(entry.Key) {
			last[end] = entry.Key
		} else {
			last = append(last, entry.Key)
		}
		return true
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("newest record of %q: %w", deployment, err)
	}
	var watermark time.Time
	var broken Broken // is whoever reads the window's to tell
	for i := len(last) - 1; i >= max(0, len(last)-mostLooks); i-- {
		if !watermark.IsZero() && path.Dir(last[i]) != path.Dir(last[i+1]) {
			break // older hours have older events only
		}
		err := scanSegment(ctx, store, last[i], &broken, func(r Record) error {
			if !r.ArrivalOnly && r.EventTime.After(watermark) {
				watermark = r.EventTime
			}
			return nil
		})
		if err != nil && !errors.Is(err, errGone) {
			return time.Time{}, false, err
		}
	}
	return watermark, !watermark.IsZero() && watermark.After(after), nil
}

// instanceOf is the key of a segment without its sequence: hour and instance.
func instanceOf(key string) string {
	if dash := strings.LastIndexByte(key, '-'); dash >= 0 {
		return key[:dash]
	}
	return key
}
