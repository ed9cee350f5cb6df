package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// firstRetry is how long the second attempt to reach the store waits; each one after it waits twice as long, up to a limit.
const firstRetry = 100 * time.Millisecond

// shipper moves sealed segments of logs into the store, the oldest first, and says so in manifests.
type shipper struct {
	store    platform.Store
	metrics  *metrics
	logger   hclog.Logger
	clock    func() time.Time
	redact   func() record.Redaction // what is redacted now
	longest  time.Duration           // between attempts
	bodies   func(body string, reason record.Reason)
	compress *record.Compressor
	limit    int64     // of the log
	gentle   bool      // there is a model that needs the processors
	since    time.Time // it works since then

	// Memory that is used again with every segment.
	reader  journal.Reader
	content []byte
	scratch []byte
	line    []byte
	room    []byte
}

func newShipper(options Options, metrics *metrics, redact func() record.Redaction) *shipper {
	return &shipper{
		store: options.Store, metrics: metrics, logger: options.Logger, clock: options.Clock, redact: redact, longest: options.LongestRetry,
		compress: record.NewCompressor(), limit: options.BacklogLimit,
		bodies: func(body string, reason record.Reason) { metrics.bodies.WithLabelValues(body, string(reason)).Inc() },
	}
}

// drain ships all that is sealed; only the end of ctx stops it before. What the store refuses is tried again for ever: the
// log's limit says when the oldest go.
func (s *shipper) drain(ctx context.Context, h *home) error {
	return s.insist(ctx, h.owner.Instance, func() (bool, error) {
		segment, ok := h.log.Oldest()
		if !ok {
			return true, h.told.tell(ctx, s.store, h, s.clock(), false)
		}
		s.since = time.Now()
		return false, s.ship(ctx, h, segment)
	})
}

// Shipping takes a processor from the model. As long as the log has plenty of room it takes one for a part of the time only: a
// burst is logged at once, and shipped when it is over. It works for moments, so that nobody waits long for the processor.
const (
	paceBy    = 9  // rests that many times as long as it worked
	paceBelow = 16 // while less than one such part of the log's limit waits
	moment    = 200 * time.Microsecond
)

// rest is called between two steps of work, and rests where it is time to.
func (s *shipper) rest(ctx context.Context, h *home) {
	worked := time.Since(s.since)
	if !s.gentle || worked < moment {
		return
	}
	if bytes, _ := h.log.Backlog(); bytes < s.limit/paceBelow {
		pause(ctx, paceBy*worked)
	}
	s.since = time.Now()
}

func pause(ctx context.Context, span time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(span):
	}
}

// insist repeats a step until it says that all is done, and waits after each that fails.
func (s *shipper) insist(ctx context.Context, instance string, step func() (done bool, err error)) error {
	wait := min(firstRetry, s.longest)
	for {
		done, err := step()
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			wait = min(firstRetry, s.longest)
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.metrics.failures.Inc()
		s.logger.Warn("the store did not take records; they stay in the log", "instance", instance, "retry_in", wait.String(), "error", err.Error())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, s.longest)
	}
}

// ship writes the records of one segment of the log and removes it. What it writes follows from the segment, so it can be
// done again.
func (s *shipper) ship(ctx context.Context, h *home, segment journal.Segment) error {
	packed, err := s.pack(ctx, h, segment)
	if err != nil {
		return err
	}
	shipped := record.Shipped{First: segment.First, Last: segment.Last, Damaged: packed.damaged, Segments: []record.SegmentEntry{}}
	records := int64(0)
	for _, group := range packed.groups {
		entry, err := s.create(ctx, group)
		if err != nil {
			return err
		}
		shipped.Segments = append(shipped.Segments, entry)
		records += group.records
	}
	for _, hole := range holes(packed.numbers, segment.First, segment.Last) {
		h.log.Damaged(hole[0], hole[1]) // unless it is known why they are missing
		shipped.Missing = append(shipped.Missing, record.Gap{First: hole[0], Last: hole[1]})
	}
	if h.told.last+1 < segment.First {
		h.log.Damaged(h.told.last+1, segment.First-1)
	}
	if packed.damaged > 0 {
		s.logger.Error("a part of the log could not be read back", "segment", segment.Path, "bytes", packed.damaged)
	}
	shipped.Time = s.clock().UTC()
	if err := h.told.add(shipped); err != nil {
		s.logger.Warn("what was shipped could not be noted", "segment", segment.Path, "error", err.Error())
	}
	if err := h.log.Remove(segment); err != nil {
		return err
	}
	s.metrics.segments.Add(float64(len(packed.groups)))
	s.metrics.shipped.Add(float64(records))
	return nil
}

// create writes a segment. One that is there already is either this one, from an attempt whose reply was lost, or that of
// another collector of the same name, which must not cost us ours: then the content's hash makes the name.
func (s *shipper) create(ctx context.Context, group *group) (record.SegmentEntry, error) {
	content := group.content
	err := s.store.Create(ctx, group.key, content)
	if errors.Is(err, mlops.ErrExists) {
		there, readErr := s.store.Read(ctx, group.key)
		if readErr != nil {
			return record.SegmentEntry{}, readErr
		}
		if sameRecords(there, content) {
			return entryOf(group, group.key, there), nil
		}
		lines, _ := record.Decompress(content) // we have just made it
		sum := sha256.Sum256(lines)
		other := strings.TrimSuffix(group.key, ".jsonl.zst") + "-" + hex.EncodeToString(sum[:4]) + ".jsonl.zst"
		s.logger.Warn("another collector has used this instance name; the segment gets a name of its own", "segment", group.key, "written", other)
		group.key = other
		if err = s.store.Create(ctx, other, content); errors.Is(err, mlops.ErrExists) {
			err = nil
		}
	}
	if err != nil {
		return record.SegmentEntry{}, err
	}
	return entryOf(group, group.key, content), nil
}

func entryOf(group *group, key string, content []byte) record.SegmentEntry {
	sum := sha256.Sum256(content)
	return record.SegmentEntry{Key: key, Records: group.records, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

// holes are the numbers from first to last that are not among the given ones, which are in order.
func holes(numbers []int64, first, last int64) (missing [][2]int64) {
	for _, number := range numbers {
		if number > first {
			missing = append(missing, [2]int64{first, number - 1})
		}
		first = number + 1
	}
	if first <= last {
		missing = append(missing, [2]int64{first, last})
	}
	return missing
}

// deliver ships a home to its end and closes it.
func (s *shipper) deliver(ctx context.Context, h *home, by string) error {
	if err := s.drain(ctx, h); err != nil {
		return err
	}
	err := s.insist(ctx, h.owner.Instance, func() (bool, error) { return true, h.finish(ctx, s.store, by, s.clock()) })
	if err != nil {
		return fmt.Errorf("instance %s: %w", h.owner.Instance, err)
	}
	return nil
}
