package record

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/valyala/fastjson"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// clockSkew is how much earlier than its request a label may have come by the clocks of two collectors.
const clockSkew = time.Hour

// Join finds the labels of a set of requests: Want each, Read, then ask Labels for each. It holds one entry a request and
// what came for it, and no row.
type Join struct {
	Counts   JoinCounts
	wanted   map[string]*wanted // by correlation id
	earliest time.Time          // arrival
}

// JoinCounts says what was joined.
type JoinCounts struct {
	Requests int64
	// Duplicates are requests whose correlation id another one has too: it gets the labels (see Want).
	Duplicates int64
	// Labels are rows that have one; Replaced are labels that a later one took the place of.
	Labels   int64
	Replaced int64
	// Unplaced labels name no row where the request had several, or a row that it had not.
	Unplaced int64
	// Broken is what could not be read of the labels.
	Broken Broken
}

// wanted is the request that has a correlation id's labels.
type wanted struct {
	id       string
	answered bool
	arrived  time.Time
	rows     int64
	labels   []given // by row; nil as long as none came
	taken    bool
}

// given is a label and its place among those of its row.
type given struct {
	value json.RawMessage
	came  time.Time
	id    string
}

// NewJoin wants nothing yet.
func NewJoin() *Join { return &Join{wanted: map[string]*wanted{}} }

// Want notes a request. Of several with one correlation id (a client's retries) one has the labels, whatever the order in
// which they are read: one with rows and an answer before others, then the latest by arrival, then the greater id.
func (j *Join) Want(r Record) {
	j.Counts.Requests++
	if j.earliest.IsZero() || r.Time.Before(j.earliest) {
		j.earliest = r.Time
	}
	next := &wanted{id: r.ID, answered: r.Data != nil && !r.Failed(), arrived: r.Time, rows: r.Rows}
	before, known := j.wanted[r.CorrelationID]
	if known {
		j.Counts.Duplicates++
	}
	if !known || next.before(before) {
		j.wanted[r.CorrelationID] = next
	}
}

func (w *wanted) before(other *wanted) bool {
	if w.answered != other.answered {
		return w.answered
	}
	return cmp.Or(w.arrived.Compare(other.arrived), cmp.Compare(w.id, other.id)) > 0
}

// Read reads the labels that came for the requests that are wanted: all since the first of these arrived. Of several for one
// row the last by time counts, and of those that came at once the one whose record has the greater id.
func (j *Join) Read(ctx context.Context, store platform.Store, deployment string) error {
	if len(j.wanted) == 0 {
		return nil
	}
	segments, err := LabelSegments(ctx, store, deployment, j.earliest.Add(-clockSkew))
	if err != nil {
		return err
	}
	for _, segment := range segments {
		broken, err := ScanLabels(ctx, store, segment.Key, func(l LabelRecord) error {
			if request, ok := j.wanted[l.CorrelationID]; ok {
				j.take(request, l)
			}
			return ctx.Err()
		})
		j.Counts.Broken.Add(broken)
		if err != nil && !errors.Is(err, mlops.ErrNotFound) { // retention may have taken it
			return err
		}
	}
	return nil
}

func (j *Join) take(request *wanted, l LabelRecord) {
	for _, label := range l.Data {
		row := int64(0)
		if label.Row != nil {
			row = *label.Row
		}
		if label.Row == nil && request.rows != 1 || row < 0 || row >= request.rows {
			j.Counts.Unplaced++
			continue
		}
		if request.labels == nil {
			request.labels = make([]given, request.rows)
		}
		there, next := &request.labels[row], given{value: label.Value, came: l.Time, id: l.ID}
		if there.value == nil {
			j.Counts.Labels++
			*there = next
			continue
		}
		j.Counts.Replaced++
		if cmp.Or(next.came.Compare(there.came), cmp.Compare(next.id, there.id)) >= 0 {
			*there = next
		}
	}
}

// Labels are those of a request by row, nil for a row without; nil where none came, or where another request of the same
// correlation id has them.
func (j *Join) Labels(r Record) []json.RawMessage {
	request, ok := j.wanted[r.CorrelationID]
	if !ok || request.id != r.ID || request.labels == nil {
		return nil
	}
	labels := make([]json.RawMessage, len(request.labels))
	for row, label := range request.labels {
		labels[row] = label.value
	}
	return labels
}

// Take is Labels for who wants each request once: held is false for a request whose labels another one of the same
// correlation id has, and for one that was taken before.
func (j *Join) Take(r Record) (labels []json.RawMessage, held bool) {
	request, ok := j.wanted[r.CorrelationID]
	if !ok || request.id != r.ID || request.taken {
		return nil, false
	}
	request.taken = true
	return j.Labels(r), true
}

// SetLabels makes labels, one a row that was added (nil where none has come), the label column. A dataset without a label
// column has none afterwards either.
func (b *Builder) SetLabels(labels []json.RawMessage) error {
	name := b.dataset.ColumnOf(mlops.RoleLabel)
	if name == "" {
		return nil
	}
	column := newCells(b.dataset.Columns[name].Type)
	var parser fastjson.Parser
	for row, label := range labels {
		if label = bytes.TrimSpace(label); len(label) == 0 {
			continue
		}
		value, err := parser.ParseBytes(label)
		if err != nil {
			return err
		}
		column.set(row, scalarOf(value))
	}
	b.columns[name] = column
	return nil
}

// Rows is how many were added so far.
func (b *Builder) Rows() int64 { return b.result.Rows }
