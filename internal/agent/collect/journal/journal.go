package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// ErrWait says that an entry was not taken yet: Append, which waits, takes it.
var ErrWait = errors.New("the log has to be waited for")

// ErrFull says that an entry was not taken because the log is full.
var ErrFull = errors.New("the log is full")

// Options say how large a log may grow and how long what is written may be unsafe against the end of the machine.
type Options struct {
	SegmentBytes int64 // after which a segment is sealed
	Limit        int64 // bytes of entries that the folder may hold
	SyncInterval time.Duration
	// Header begins every segment that is written from now on; it is asked when one begins.
	Header func() []byte
	// Lost is told of every loss once.
	Lost func(Reason, int64)
}

// Mode may change at any time.
type Mode struct {
	// Block makes Append wait while the log is full; else the oldest segment goes.
	Block bool
	// SyncAlways makes Append wait until its entry is safe against the end of the machine.
	SyncAlways bool
}

// Journal is an open log. Its methods may be called from many goroutines.
type Journal struct {
	options Options
	lock    *Lock
	mode    atomic.Pointer[Mode]
	ready   chan struct{} // signalled when something was sealed
	closing chan struct{}

	mutex   sync.Mutex
	counter *counter
	active  *os.File
	current Segment
	offset  int64 // where the next frame of active goes
	next    int64
	sealed  []Segment
	taken   string // the path of the segment that is being taken and cannot be dropped
	used    int64
	gaps    gaps
	room    chan struct{} // closed when a segment has gone
	failed  error         // of the last append
	retry   time.Time     // before which no file is made again
	last    time.Time     // of the last entry
	done    bool
	syncer  syncer
}

// Open goes on with the log of a folder that is locked. What a predecessor left is sealed.
func Open(lock *Lock, options Options) (*Journal, error) {
	j := &Journal{
		options: options, lock: lock, ready: make(chan struct{}, 1), closing: make(chan struct{}), room: make(chan struct{}), next: 1,
		syncer: newSyncer(),
	}
	j.mode.Store(&Mode{})
	if err := j.recover(); err != nil {
		return nil, fmt.Errorf("log folder %q: %w", lock.Folder, err)
	}
	j.syncer.ended.Go(j.keepSynced)
	return j, nil
}

// SetMode changes how Append behaves from now on.
func (j *Journal) SetMode(mode Mode) { j.mode.Store(&mode) }

// Ready is signalled when a segment waits to be taken.
func (j *Journal) Ready() <-chan struct{} { return j.ready }

// recover finds what is in the folder and where the numbers go on.
func (j *Journal) recover() error {
	var err error
	var counted int64
	if j.counter, counted, err = openCounter(j.lock.Folder); err != nil {
		return err
	}
	j.next = max(j.next, counted)
	if j.gaps, err = readLosses(j.lock.Folder); err != nil {
		return err
	}
	spares, _ := filepath.Glob(filepath.Join(j.lock.Folder, spareName+"-*")) // the pattern is well formed
	for _, spare := range spares {
		_ = os.Remove(spare)
	}
	names, err := filepath.Glob(filepath.Join(j.lock.Folder, "*"+segmentSuffix))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		first, ours := numberOf(name)
		if !ours {
			continue
		}
		segment, err := survey(name, time.Now())
		if err != nil {
			return err
		}
		j.next = max(j.next, first, segment.Last+1)
		if segment.Entries == 0 {
			segment.First, segment.Last = first, first-1
		}
		j.used += segment.Bytes
		j.sealed = append(j.sealed, segment)
	}
	for _, gap := range j.gaps {
		j.next = max(j.next, gap.Last+1)
	}
	j.signal()
	return j.counter.write(j.next)
}

// Append writes an entry whose payload stands in frame after FrameRoom bytes, and returns its number. After an error the
// entry is lost, and counted; only one that is too large takes no number.
func (j *Journal) Append(ctx context.Context, kind byte, frame []byte) (int64, error) {
	if len(frame)-FrameRoom > MaximumPayload {
		return 0, tooLarge(frame)
	}
	sum := crc32.Checksum(frame[FrameRoom:], castagnoli) // outside of the lock
	j.mutex.Lock()
	mode := *j.mode.Load()
	number, err := j.put(ctx, mode, kind, frame, sum)
	j.mutex.Unlock()
	if err == nil && mode.SyncAlways {
		j.awaitSync(ctx, number)
	}
	return number, err
}

// TryAppend is Append for somebody who cannot wait. Where Append would have to, it is ErrWait, and nothing has happened.
func (j *Journal) TryAppend(kind byte, frame []byte) (int64, error) {
	if len(frame)-FrameRoom > MaximumPayload {
		return 0, tooLarge(frame)
	}
	sum := crc32.Checksum(frame[FrameRoom:], castagnoli)
	mode := *j.mode.Load()
	if mode.SyncAlways {
		return 0, ErrWait
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if mode.Block && j.used+int64(len(frame)) > j.options.Limit {
		return 0, ErrWait
	}
	return j.put(context.Background(), mode, kind, frame, sum)
}

func tooLarge(frame []byte) error {
	return fmt.Errorf("%w: an entry of %d bytes is larger than the log takes", mlops.ErrInvalid, len(frame)-FrameRoom)
}

// put writes an entry once there is room for it; it is called with the mutex held.
func (j *Journal) put(ctx context.Context, mode Mode, kind byte, frame []byte, sum uint32) (int64, error) {
	if j.done {
		return 0, os.ErrClosed
	}
	if err := j.makeRoom(ctx, mode, int64(len(frame))); err != nil {
		return 0, j.miss(ReasonFull, err)
	}
	if j.active != nil && j.current.Entries > 0 && j.offset+int64(len(frame)) > j.options.SegmentBytes {
		j.seal()
	}
	if j.active == nil {
		if err := j.begin(); err != nil {
			return 0, j.miss(ReasonWrite, err)
		}
	}
	number := j.next
	fillFrame(frame, sum, kind, number)
	if _, err := j.active.WriteAt(frame, j.offset); err != nil {
		return 0, j.miss(ReasonWrite, err)
	}
	j.note(number, int64(len(frame)))
	return number, nil
}

// note takes in that an entry was written.
func (j *Journal) note(number, size int64) {
	j.failed = nil
	j.next = number + 1
	j.offset += size
	j.used += size
	j.last = time.Now()
	if j.current.Entries == 0 {
		j.current.First, j.current.Since = number, j.last
	}
	j.current.Last = number
	j.current.Entries++
	j.current.Bytes += size
	j.syncer.soil()
}

// miss counts an entry that could not be kept: its number is given, and stays empty.
func (j *Journal) miss(reason Reason, err error) error {
	j.failed = err
	j.lose(j.next, j.next, reason)
	j.next++
	_ = j.counter.write(j.next) // in place: a full disk takes it
	return err
}

func (j *Journal) lose(first, last int64, reason Reason) {
	var added int64
	if j.gaps, added = j.gaps.add(first, last, reason); added == 0 {
		return
	}
	j.syncer.soilLosses()
	if j.options.Lost != nil {
		j.options.Lost(reason, added)
	}
}

// makeRoom keeps the log within its limit.
func (j *Journal) makeRoom(ctx context.Context, mode Mode, size int64) error {
	for j.used+size > j.options.Limit {
		if !mode.Block {
			if !j.dropOldest() {
				return ErrFull
			}
			continue
		}
		if j.current.Entries > 0 && len(j.sealed) == 0 {
			j.seal() // else nobody could ever take it
		}
		room := j.room
		j.mutex.Unlock()
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = ErrFull
		case <-j.closing:
			err = os.ErrClosed
		}
		j.mutex.Lock()
		if err != nil {
			return err
		}
	}
	return nil
}

// dropOldest gives up the oldest segment that nobody is taking; false where there is none.
func (j *Journal) dropOldest() bool {
	for i, segment := range j.sealed {
		if segment.Path == j.taken {
			continue
		}
		j.sealed = slices.Delete(j.sealed, i, i+1)
		j.used -= segment.Bytes
		j.lose(segment.First, segment.Last, ReasonFull)
		_ = j.saveLosses() // before the file goes; where that fails the hole is there without its reason
		_ = os.Remove(segment.Path)
		return true
	}
	return false
}

func (j *Journal) saveLosses() error {
	content, err := json.Marshal(j.gaps)
	if err != nil {
		return err
	}
	return WriteFile(j.lock.Folder, lossesName, content)
}

// firstRetry is how long a disk that took no file is left alone: to try with every request would slow each of them.
const firstRetry = 100 * time.Millisecond

// begin makes the spare segment the one that is written.
func (j *Journal) begin() error {
	if now := time.Now(); now.Before(j.retry) {
		return j.failed
	}
	err := j.tryBegin()
	if err != nil {
		j.retry = time.Now().Add(firstRetry)
	}
	return err
}

func (j *Journal) tryBegin() error {
	file := j.syncer.takeSpare()
	if file == nil {
		var err error
		if file, err = newSpare(j.lock.Folder, j.options.SegmentBytes); err != nil {
			return err
		}
	}
	path := segmentPath(j.lock.Folder, j.next)
	header := append(make([]byte, FrameRoom), j.options.Header()...)
	fillFrame(header, crc32.Checksum(header[FrameRoom:], castagnoli), headerKind, 0)
	_, err := file.WriteAt(header, 0)
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	j.active, j.offset, j.current = file, int64(len(header)), Segment{Path: path}
	j.syncer.folder = true
	return nil
}
