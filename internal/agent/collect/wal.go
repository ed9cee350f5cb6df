package collect

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// wal is the log on disk: files <12-digit sequence of the first record>.wal, the last of which is written, the others sealed
// and waiting for the store. A line is the CRC32C of the record in eight hex digits, a blank, and the record. There always is
// a last file, so that a successor in the same folder goes on counting from it. A write reaches the page cache before append
// returns: it survives this process, not the machine.
type wal struct {
	folder string
	lock   *os.File
	limits walLimits
	clock  func() time.Time
	ready  chan struct{} // signalled when something was sealed

	mutex    sync.Mutex
	active   *os.File
	current  sealed
	next     int64
	waiting  []sealed
	shipping bool // waiting[0] is being shipped and cannot be dropped
	line     []byte
	failed   error // of the last append
	dropped  func(records int64)
	done     bool
}

// walLimits say when a file is sealed, and when the oldest is dropped.
type walLimits struct{ records, bytes, backlog int64 }

// sealed describes one file of the log.
type sealed struct {
	path    string
	first   int64
	records int64
	bytes   int64
	since   time.Time // of the first record, or of the start of this process
}

const (
	walSuffix  = ".wal"
	crcLength  = 8
	instanceAt = "instance"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openWAL takes the folder for this process alone and seals what a predecessor left. dropped is told what the limit costs.
func openWAL(folder string, limits walLimits, clock func() time.Time, dropped func(records int64)) (*wal, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("log folder %q: %w", folder, err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log folder %q: %w", folder, err)
	}
	free, err := tryLock(lock)
	if err == nil && !free {
		err = fmt.Errorf("%w: another collector uses it; give each its own with --wal", mlops.ErrConflict)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("log folder %q: %w", folder, err), lock.Close())
	}
	w := &wal{folder: folder, lock: lock, limits: limits, clock: clock, ready: make(chan struct{}, 1), next: 1, dropped: dropped}
	if err := errors.Join(w.recover(), w.open()); err != nil {
		return nil, errors.Join(fmt.Errorf("log folder %q: %w", folder, err), lock.Close())
	}
	return w, nil
}

// recover counts what is in the folder and where the sequence goes on.
func (w *wal) recover() error {
	names, err := filepath.Glob(filepath.Join(w.folder, "*"+walSuffix))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		first, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), walSuffix), 10, 64)
		if err != nil {
			continue // not ours
		}
		w.next = max(w.next, first)
		file := sealed{path: name, first: first, since: w.clock()}
		bad, err := readWAL(name, func(r record.Line, line []byte) {
			file.records++
			file.bytes += int64(len(line))
			w.next = max(w.next, r.Sequence+1)
		})
		if err != nil {
			return err
		}
		w.next = max(w.next, first+file.records+bad)
		// An empty file is the predecessor's last one; it goes once there is a new last one.
		w.waiting = append(w.waiting, file)
	}
	w.signal()
	return nil
}

// open begins a new file. The mutex is held, or nobody else knows w yet.
func (w *wal) open() error {
	path := filepath.Join(w.folder, fmt.Sprintf("%012d%s", w.next, walSuffix))
	w.waiting = slices.DeleteFunc(w.waiting, func(file sealed) bool { return file.path == path })
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w.active, w.current = file, sealed{path: path, first: w.next}
	return nil
}

// append writes a record with the next sequence number. After an error the record is not in the log.
func (w *wal) append(encoded []byte) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.done {
		return os.ErrClosed
	}
	if w.active == nil { // a rotation had failed
		if w.failed = w.open(); w.failed != nil {
			return w.failed
		}
	}
	w.line = append(w.line[:0], "00000000 "...)
	w.line = record.AppendLine(w.line, encoded, w.next)
	sum := crc32.Checksum(w.line[crcLength+1:len(w.line)-1], castagnoli)
	copy(w.line, fmt.Sprintf("%08x", sum))
	if _, w.failed = w.active.Write(w.line); w.failed != nil {
		w.repair()
		return w.failed
	}
	if w.current.records == 0 {
		w.current.since = w.clock()
	}
	w.next++
	w.current.records++
	w.current.bytes += int64(len(w.line))
	if w.current.records >= w.limits.records || w.current.bytes >= w.limits.bytes {
		w.rotate()
	}
	if cap(w.line) > 1<<20 {
		w.line = nil
	}
	return nil
}

// repair takes a half-written line back. Where that fails the file ends there, and the next record begins another.
func (w *wal) repair() {
	if w.active.Truncate(w.current.bytes) == nil {
		return
	}
	_ = w.active.Close()
	w.active = nil
	w.waiting = append(w.waiting, w.current)
	w.current = sealed{}
	w.signal()
}

// seal closes the file that is written, if anything is in it, so that it can be shipped.
func (w *wal) seal() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if !w.done && w.active != nil && w.current.records > 0 {
		w.rotate()
	}
}

// rotate begins the next file before the last one can be shipped and removed: the sequence is never forgotten.
func (w *wal) rotate() {
	active, current := w.active, w.current
	w.active = nil
	if w.failed = w.open(); w.failed != nil {
		w.active, w.current = active, current // go on in the old one
		return
	}
	_ = active.Close() // nothing is buffered that could fail
	w.waiting = append(w.waiting, current)
	w.drop()
	w.signal()
}

// healthy is the error of the last write.
func (w *wal) healthy() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.failed
}

// close ends the log; what was not shipped stays in the folder.
func (w *wal) close() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.done {
		return nil
	}
	w.done = true
	var err error
	if w.active != nil {
		err = w.active.Close()
	}
	return errors.Join(err, w.lock.Close())
}
