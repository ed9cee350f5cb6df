package foreign

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Bounds of what is held before it is written. They decide where segments are cut, and so their names.
const (
	segmentBytes = 4 << 20
	heldBytes    = 64 << 20
)

// segmenter is the second pass: it writes segments by kind and hour, in the order of the files.
type segmenter struct {
	ctx        context.Context //nolint:containedctx // of one call
	store      platform.Store
	deployment string
	instance   string
	sequence   int64
	held       int
	open       map[string]*segment // by kind and hour
	segments   int64
	existing   int64
}

type segment struct {
	key     string
	first   int64
	content []byte
}

func (s *segmenter) record(r record.Record) error {
	r.Deployment, r.Source, r.Instance = s.deployment, "deployments/"+s.deployment, s.instance
	encoded, err := r.Encode()
	if err != nil {
		return err
	}
	return s.add(encoded, record.Line{Schema: record.Schema, EventTime: r.EventTime})
}

func (s *segmenter) label(l record.LabelRecord) error {
	l.Deployment, l.Source, l.Instance = s.deployment, "deployments/"+s.deployment, s.instance
	encoded, err := l.Encode()
	if err != nil {
		return err
	}
	return s.add(encoded, record.Line{Schema: record.LabelSchema, EventTime: l.EventTime})
}

func (s *segmenter) pass() {}

func (s *segmenter) add(encoded []byte, line record.Line) error {
	s.sequence++
	line.Deployment, line.Instance, line.Sequence = s.deployment, s.instance, s.sequence
	group := line.Schema + line.EventTime.UTC().Format("/2006010215")
	there := s.open[group]
	if there == nil {
		there = &segment{key: line.Key(), first: s.sequence}
		s.open[group] = there
	}
	before := len(there.content)
	there.content = record.AppendLine(there.content, encoded, s.sequence)
	s.held += len(there.content) - before
	if len(there.content) >= segmentBytes {
		delete(s.open, group)
		return s.write(there)
	}
	if s.held >= heldBytes {
		return s.flush()
	}
	return nil
}

// flush writes what is held, the oldest first.
func (s *segmenter) flush() error {
	for _, held := range slices.SortedFunc(maps.Values(s.open), func(a, b *segment) int { return cmp.Compare(a.first, b.first) }) {
		if err := s.write(held); err != nil {
			return err
		}
	}
	clear(s.open)
	return nil
}

// write creates a segment; one that is there with the same bytes is an earlier import's.
func (s *segmenter) write(held *segment) error {
	s.held -= len(held.content)
	err := s.store.Create(s.ctx, held.key, record.NewCompressor().Compress(nil, held.content))
	if err == nil {
		s.segments++
		return nil
	}
	there, readErr := s.store.Read(s.ctx, held.key)
	if readErr == nil {
		there, readErr = record.Decompress(there)
	}
	switch {
	case readErr == nil && bytes.Equal(there, held.content) && errors.Is(err, mlops.ErrExists):
		s.existing++
		return nil
	case readErr == nil && bytes.Equal(there, held.content):
		s.segments++ // only the reply was lost
		return nil
	case readErr == nil:
		return fmt.Errorf("segment %s: %w: it holds something else; another version of this program may have imported these files", held.key, mlops.ErrConflict)
	default:
		return fmt.Errorf("segment %s: %w", held.key, err)
	}
}
