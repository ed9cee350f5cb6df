package hours

import (
	"context"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Sum is what was served in a span.
type Sum struct {
	Parts map[int64]*Part
	// Hours were known by their profiles, and Late rows among them had come after their hour was counted.
	Hours int
	Late  int64
	// Read is how many rows were read because their hours have no profile.
	Read int64
	// Broken is what of the segments could not be read.
	Broken record.Broken

	plan   Plan
	frames map[int64]known
	cached map[string]document // profiles that were read
}

type known struct {
	frames Frames
	known  bool
}

func newSum(plan Plan) *Sum {
	return &Sum{Parts: map[int64]*Part{}, plan: plan, frames: map[int64]known{}, cached: map[string]document{}}
}

func (s *Sum) framesOf(ctx context.Context, version int64) (Frames, bool, error) {
	if found, ok := s.frames[version]; ok {
		return found.frames, found.known, nil
	}
	frames, here, err := s.plan.Frames(ctx, version)
	if err != nil {
		return Frames{}, false, err
	}
	s.frames[version] = known{frames, here}
	return frames, here, nil
}

// part is where a version is added up. Counts in other edges than the version's add nothing but their heads; Edges says so.
func (s *Sum) part(version int64, edges string) *Part {
	part := s.Parts[version]
	if part == nil {
		part = &Part{Version: version, Edges: edges, Columns: map[string]*stats.Tally{}}
		s.Parts[version] = part
	}
	return part
}

// mixedEdges marks a sum of counts in several edges: good for nothing but its numbers of rows.
const mixedEdges = "mixed"

func (s *Sum) addPart(later Part) {
	part := s.part(later.Version, later.Edges)
	if part.Edges != later.Edges {
		part.Edges = mixedEdges
		part.addHead(later)
		return
	}
	part.add(later)
}

func (s *Sum) addDocument(ctx context.Context, key string, d document) error {
	s.Late += d.Late
	s.Broken.Add(d.Broken)
	body := d.body
	for _, header := range d.Parts {
		data := body[:header.Bytes]
		body = body[header.Bytes:]
		frames, here, err := s.framesOf(ctx, header.Version)
		if err != nil {
			return err
		}
		part := s.part(header.Version, header.Edges)
		if !here || header.Edges != frames.Edges || part.Edges != header.Edges || header.Predicted && frames.Predictions == nil {
			part.Edges = mixedEdges
			part.addHead(header)
			continue
		}
		if err := part.addEncoded(header, frames, data); err != nil {
			return fmt.Errorf("%s: version %d: %w", key, header.Version, err)
		}
	}
	return nil
}

// Latest is the version that served last; zero where nothing was served.
func (s *Sum) Latest() (version int64, newest time.Time) {
	for candidate, part := range s.Parts {
		if part.Newest.After(newest) || part.Newest.Equal(newest) && candidate > version {
			version, newest = candidate, part.Newest
		}
	}
	return version, newest
}
