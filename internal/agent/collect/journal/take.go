package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Seal ends the segment that is written, if anything is in it, so that it can be taken.
func (j *Journal) Seal() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.current.Entries > 0 {
		j.seal()
	}
}

// SealDue seals once nothing was written for a time, or the oldest entry is of an age; it says whether it did.
func (j *Journal) SealDue(idle, age time.Duration) bool {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	now := time.Now() // its monotonic part: a clock that jumps changes nothing
	if j.current.Entries > 0 && (now.Sub(j.last) >= idle || now.Sub(j.current.Since) >= age) {
		j.seal()
		return true
	}
	return false
}

// seal is called with the mutex held.
func (j *Journal) seal() {
	_ = j.counter.write(j.next) // before the file can go: numbers are never forgotten
	_ = j.active.Truncate(j.offset)
	j.syncer.old = append(j.syncer.old, j.active)
	j.syncer.soil()
	j.sealed = append(j.sealed, j.current)
	j.active, j.current, j.offset = nil, Segment{}, 0
	j.signal()
}

func (j *Journal) signal() {
	select {
	case j.ready <- struct{}{}:
	default:
	}
}

// Oldest is the segment to take next; it stays until it is removed. False where there is none.
func (j *Journal) Oldest() (Segment, bool) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if len(j.sealed) == 0 {
		return Segment{}, false
	}
	j.taken = j.sealed[0].Path
	return j.sealed[0], true
}

// Remove forgets a segment that was taken.
func (j *Journal) Remove(segment Segment) error {
	if err := j.counter.file.Sync(); err != nil {
		return fmt.Errorf("log folder %q: %w", j.lock.Folder, err)
	}
	if err := os.Remove(segment.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("log segment %s: %w", segment.Path, err)
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.taken = ""
	at := slices.IndexFunc(j.sealed, func(other Segment) bool { return other.Path == segment.Path })
	if at >= 0 {
		j.used -= j.sealed[at].Bytes
		j.sealed = slices.Delete(j.sealed, at, at+1)
	}
	close(j.room)
	j.room = make(chan struct{})
	return nil
}

// Damaged counts numbers of a segment that cannot be read back; those known to be lost are not counted again.
func (j *Journal) Damaged(first, last int64) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.lose(first, last, ReasonDamage)
}

// Lost is all that was ever lost of this log.
func (j *Journal) Lost() []Gap {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return slices.Clone(j.gaps)
}

// Next is the number that the next entry gets.
func (j *Journal) Next() int64 {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.next
}

// Healthy is the error of the last append.
func (j *Journal) Healthy() error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return errors.Join(j.failed, j.syncer.failed)
}

// Backlog is what waits to be taken.
func (j *Journal) Backlog() (bytes, entries int64) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	entries = j.current.Entries
	for _, segment := range j.sealed {
		entries += segment.Entries
	}
	return j.used, entries
}

// Limit is how many bytes may wait.
func (j *Journal) Limit() int64 { return j.options.Limit }

// Lag is how long the oldest entry waits.
func (j *Journal) Lag() time.Duration {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for _, segment := range append(slices.Clone(j.sealed), j.current) {
		if segment.Entries > 0 {
			return time.Since(segment.Since)
		}
	}
	return 0
}

// Close ends the log and gives the folder back with all that was not taken.
func (j *Journal) Close() error {
	if !j.end() {
		return nil
	}
	return j.lock.Release()
}

// Destroy ends the log and removes the folder.
func (j *Journal) Destroy() error {
	if !j.end() {
		return nil
	}
	if err := j.lock.Remove(); err != nil {
		return fmt.Errorf("log folder %q: %w", j.lock.Folder, err)
	}
	return nil
}

// end stops writing; false where it has ended before.
func (j *Journal) end() bool {
	j.mutex.Lock()
	if j.done {
		j.mutex.Unlock()
		return false
	}
	j.done = true
	if j.current.Entries > 0 {
		j.seal()
	}
	close(j.closing)
	j.mutex.Unlock()
	j.syncer.ended.Wait()
	j.sync()
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.active != nil { // it holds a header and nothing else
		_ = j.active.Close()
		_ = os.Remove(j.current.Path)
	}
	if spare := j.syncer.takeSpare(); spare != nil {
		_ = spare.Close()
		_ = os.Remove(spare.Name())
	}
	_ = j.counter.file.Close()
	return true
}
