package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Constant fields of a label record.
const (
	LabelSchema = "mlops/label-record/v1"
	LabelType   = "mlops.label"
)

// LabelRecord is what turned out to be true of one request, as one call of /feedback said it. It has the fields of
// CloudEvents, shares log and sequence with the inference records of its instance, and lies below labels/ by the time at
// which it came: whoever receives a label need not know the request, nor when that happened.
type LabelRecord struct {
	Schema          string    `json:"schema"`
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Time            time.Time `json:"time"` // when the label came
	DataContentType string    `json:"datacontenttype"`
	CorrelationID   string    `json:"correlationid"` // of the request
	EventTime       time.Time `json:"eventtime"`     // Time: segments lie by it
	Deployment      string    `json:"deployment"`
	Instance        string    `json:"instance"`
	// Data are the labels, one or more, each of a row of the request.
	Data []Label `json:"data"`

	Sequence int64 `json:"sequence,omitempty"`
}

// Label is the true outcome of one row.
type Label struct {
	// Row counts the rows of the request from 0; nil stands for the only one.
	Row *int64 `json:"row,omitempty"`
	// Value is a string, number or boolean in JSON.
	Value json.RawMessage `json:"label"`
}

// Encode is the record on one line without its sequence, as Record.Encode.
func (l LabelRecord) Encode() ([]byte, error) {
	l.Sequence = 0
	encoded, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("label record %s: %w", l.ID, err)
	}
	return encoded, nil
}

// DecodeLabel reads one line. A document of another schema is mlops.ErrNotFound: readers pass over it.
func DecodeLabel(line []byte) (LabelRecord, error) {
	var l LabelRecord
	if err := json.Unmarshal(line, &l); err != nil {
		return LabelRecord{}, fmt.Errorf("%w: not a label record: %w", mlops.ErrInvalid, err)
	}
	if l.Schema != LabelSchema {
		return LabelRecord{}, fmt.Errorf("document of schema %q: no label record: %w", l.Schema, mlops.ErrNotFound)
	}
	if l.Deployment == "" || l.Instance == "" || l.Sequence < 1 || l.EventTime.IsZero() || l.CorrelationID == "" {
		return LabelRecord{}, fmt.Errorf("%w: label record without deployment, instance, sequence, event time or correlation id", mlops.ErrInvalid)
	}
	return l, nil
}

const labelRoot = "labels/"

// LabelKey is where a segment of labels lies: labels/<deployment>/<yyyy>/<mm>/<dd>/<hh>/<instance>-<12-digit sequence>.jsonl.zst,
// by the hour in which they came.
func LabelKey(deployment, instance string, came time.Time, sequence int64) string {
	return labelRoot + strings.TrimPrefix(Key(deployment, instance, came, sequence), root)
}

// LabelPrefix is where all labels of a deployment lie.
func LabelPrefix(deployment string) string { return labelRoot + deployment + "/" }

// LabelSegments lists the segments of labels that came in or after the hour of a time, in order of key.
func LabelSegments(ctx context.Context, store platform.Store, deployment string, since time.Time) ([]platform.Entry, error) {
	cursor := ""
	if !since.IsZero() {
		cursor = LabelPrefix(deployment) + since.UTC().Format(hourLayout)
	}
	var segments []platform.Entry
	err := list(ctx, store, LabelPrefix(deployment), cursor, func(entry platform.Entry) bool {
		if IsSegment(entry.Key) {
			segments = append(segments, entry)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("labels of %q: %w", deployment, err)
	}
	return segments, nil
}

// ScanLabels calls for every label record of a segment in order; an error of each ends it. A segment that retention took is
// mlops.ErrNotFound; what is broken is counted and skipped.
func ScanLabels(ctx context.Context, store platform.Store, key string, each func(LabelRecord) error) (Broken, error) {
	var broken Broken
	stream, err := Open(ctx, store, key)
	if errors.Is(err, mlops.ErrInvalid) {
		broken.Note("segment "+key, err)
		return broken, nil
	}
	if err != nil {
		return broken, fmt.Errorf("segment %s: %w", key, err)
	}
	defer stream.Close()
	err = scanLines(stream, key, DecodeLabel, &broken, each)
	return broken, err
}
