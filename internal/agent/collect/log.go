package collect

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Kinds of entries of the log.
const (
	kindLine     = 1 // a record that stands by itself, as JSON without its sequence: a label
	kindExchange = 2 // captured
	kindRecord   = 3 // the event time in nanoseconds, 8 bytes, and an inference record as JSON without its sequence
)

// wal is the log of this collector.
type wal struct{ *journal.Journal }

// frames lends buffers to whoever makes an entry.
var frames = sync.Pool{New: func() any { return new([]byte) }}

const largestKept = 256 << 10 // bytes; a larger buffer is left to the collector of garbage

func lend() *[]byte {
	buffer, ok := frames.Get().(*[]byte)
	if !ok {
		buffer = new([]byte) // the pool holds nothing else
	}
	return buffer
}

func takeBack(buffer *[]byte) {
	if cap(*buffer) <= largestKept {
		frames.Put(buffer)
	}
}

// put appends an entry to the log: Append, which may have to wait, or TryAppend, which does not.
type put func(kind byte, frame []byte) (int64, error)

// waiting is a put that waits, as long as a client does.
func waiting(ctx context.Context, w *wal) put {
	return func(kind byte, frame []byte) (int64, error) { return w.Append(ctx, kind, frame) }
}

// write appends one entry that fill completes.
func (w *wal) write(do put, kind byte, fill func(frame []byte) ([]byte, error)) error {
	buffer := lend()
	defer takeBack(buffer)
	frame, err := fill(append((*buffer)[:0], make([]byte, journal.FrameRoom)...))
	if err == nil {
		_, err = do(kind, frame)
	}
	*buffer = frame
	return err
}

// append writes a record that is not an inference record.
func (w *wal) append(encoded []byte) error {
	return w.write(waiting(context.Background(), w), kindLine, func(frame []byte) ([]byte, error) { return append(frame, encoded...), nil })
}

// exchange writes what was captured: as it is where nothing is redacted, else as the record that is left of it.
func (w *wal) exchange(do put, c captured, r renderer) error {
	if r.redact.Empty() {
		return w.write(do, kindExchange, func(frame []byte) ([]byte, error) { return c.append(frame), nil })
	}
	room := lend()
	defer takeBack(room)
	*room = roomFor(c, *room)
	made := r.record(c, *room)
	return w.write(do, kindRecord, func(frame []byte) ([]byte, error) {
		return made.AppendJSON(appendTime(frame, made))
	})
}

func appendTime(to []byte, made record.Record) []byte {
	// Before 1678 and after 2262 there are no nanoseconds; those have been refused as event times.
	return binary.LittleEndian.AppendUint64(to, uint64(made.EventTime.UnixNano()))
}

// healthy is the error of the last write, in words for people.
func (w *wal) healthy() error {
	if err := w.Healthy(); err != nil {
		return fmt.Errorf("the log cannot be written: %w", err)
	}
	return nil
}
