package record

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Line is what every kind of record says of itself: enough to file it, and to find it again, without reading all of it.
type Line struct {
	Schema     string    `json:"schema"`
	Deployment string    `json:"deployment"`
	Instance   string    `json:"instance"`
	EventTime  time.Time `json:"eventtime"`
	Sequence   int64     `json:"sequence"`
}

// DecodeLine reads the common part of an inference record or a label record, which share a log and its sequence. A document
// of another schema is mlops.ErrNotFound.
func DecodeLine(line []byte) (Line, error) {
	var l Line
	if err := json.Unmarshal(line, &l); err != nil {
		return Line{}, fmt.Errorf("%w: not a record: %w", mlops.ErrInvalid, err)
	}
	if l.Schema != Schema && l.Schema != LabelSchema {
		return Line{}, fmt.Errorf("document of schema %q: no record: %w", l.Schema, mlops.ErrNotFound)
	}
	if l.Deployment == "" || l.Instance == "" || l.Sequence < 1 || l.EventTime.IsZero() {
		return Line{}, fmt.Errorf("%w: record without deployment, instance, sequence or event time", mlops.ErrInvalid)
	}
	return l, nil
}

// Key is where the segment lies whose first record this is: inference records below records/, labels below labels/, so that
// neither is in the way of who reads the other.
func (l Line) Key() string {
	if l.Schema == LabelSchema {
		return LabelKey(l.Deployment, l.Instance, l.EventTime, l.Sequence)
	}
	return Key(l.Deployment, l.Instance, l.EventTime, l.Sequence)
}
