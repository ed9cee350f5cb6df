package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// firstRetry is how long the second attempt to reach the store waits; each one after it waits twice as long, up to a limit.
const firstRetry = 100 * time.Millisecond

// shipper moves sealed files of the log into the store, the oldest first.
type shipper struct {
	store   platform.Store
	log     *wal
	metrics *metrics
	logger  hclog.Logger
	longest time.Duration // between attempts
}

// run ships until ctx ends. What the store refuses is tried again for ever: the log's limit says when the oldest go.
func (s *shipper) run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.log.seal()
		case <-s.log.ready:
		}
		if s.drain(ctx) != nil {
			return
		}
	}
}

// drain ships all that is sealed; only the end of ctx stops it before.
func (s *shipper) drain(ctx context.Context) error {
	wait := min(firstRetry, s.longest)
	for {
		file, ok := s.log.oldest()
		if !ok {
			return nil
		}
		err := s.ship(ctx, file)
		if err == nil {
			wait = min(firstRetry, s.longest)
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.metrics.failures.Inc()
		s.logger.Warn("the store did not take records; they stay in the log", "file", file.path, "records", file.records, "retry_in", wait.String(), "error", err.Error())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		s.log.seal() // the log keeps its bound also while the store is away
		wait = min(2*wait, s.longest)
	}
}

// ship writes the segments of one file and removes it. It is a function of the file's content, so it can be done again.
func (s *shipper) ship(ctx context.Context, file sealed) error {
	segments, bad, err := segmentsOf(file.path)
	if err != nil {
		return err
	}
	shipped := int64(0)
	for _, segment := range segments {
		if err := s.create(ctx, segment); err != nil {
			return err
		}
		shipped += segment.records
	}
	if err := s.log.remove(file); err != nil {
		return err
	}
	s.metrics.segments.Add(float64(len(segments)))
	s.metrics.shipped.Add(float64(shipped))
	if bad > 0 {
		s.metrics.lost.WithLabelValues(lostUnusable).Add(float64(bad))
		s.logger.Error("lines of the log could not be read back and are lost", "file", file.path, "lines", bad)
	}
	return nil
}

// create writes a segment. One that is there already is either this one, from an attempt whose reply was lost, or that of
// another collector of the same name, which must not cost us ours: then the content's hash makes the name.
func (s *shipper) create(ctx context.Context, segment segment) error {
	err := s.store.Create(ctx, segment.key, segment.content)
	if !errors.Is(err, mlops.ErrExists) {
		return err
	}
	there, err := s.store.Read(ctx, segment.key)
	if err != nil {
		return err
	}
	if bytes.Equal(there, segment.content) {
		return nil
	}
	sum := sha256.Sum256(segment.content)
	other := strings.TrimSuffix(segment.key, ".jsonl") + "-" + hex.EncodeToString(sum[:4]) + ".jsonl"
	s.logger.Warn("another collector has used this instance name; the segment gets a name of its own", "segment", segment.key, "written", other)
	if err := s.store.Create(ctx, other, segment.content); err != nil && !errors.Is(err, mlops.ErrExists) {
		return err
	}
	return nil
}

// segment is the records of one file that belong to one hour.
type segment struct {
	key     string
	content []byte
	records int64
}

// segmentsOf groups a file of the log by kind and hour of event time (and by who wrote it), in order of sequence.
func segmentsOf(path string) (segments []segment, bad int64, err error) {
	index := map[string]int{}
	bad, err = readWAL(path, func(r record.Line, line []byte) {
		group := fmt.Sprintf("%s/%s/%s/%s", r.Schema, r.Deployment, r.EventTime.UTC().Format("2006010215"), r.Instance)
		at, ok := index[group]
		if !ok {
			at = len(segments)
			index[group] = at
			segments = append(segments, segment{key: r.Key()})
		}
		segments[at].content = append(segments[at].content, line...)
		segments[at].records++
	})
	return segments, bad, err
}
