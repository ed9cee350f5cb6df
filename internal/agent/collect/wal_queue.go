package collect

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// drop keeps the backlog within its limit.
func (w *wal) drop() {
	total := int64(0)
	for _, file := range w.waiting {
		total += file.bytes
	}
	for total > w.limits.backlog {
		oldest := 0
		if w.shipping {
			oldest = 1
		}
		if oldest >= len(w.waiting) {
			return
		}
		file := w.waiting[oldest]
		total -= file.bytes
		w.waiting = slices.Delete(w.waiting, oldest, oldest+1)
		w.dropped(file.records)
		_ = os.Remove(file.path) // what stays is found, and shipped, by the next process
	}
}

func (w *wal) signal() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// oldest is the file to ship next; it stays until it is removed.
func (w *wal) oldest() (sealed, bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(w.waiting) == 0 {
		return sealed{}, false
	}
	w.shipping = true
	return w.waiting[0], true
}

// remove forgets the file that oldest gave.
func (w *wal) remove(file sealed) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.shipping = false
	w.waiting = slices.DeleteFunc(w.waiting, func(other sealed) bool { return other.path == file.path })
	if err := os.Remove(file.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("log file %s: %w", file.path, err)
	}
	return nil
}

// backlog is what the store has not confirmed yet.
func (w *wal) backlog() (bytes, records int64) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, file := range append(slices.Clone(w.waiting), w.current) {
		bytes += file.bytes
		records += file.records
	}
	return bytes, records
}

// lag is how long the oldest record waits for the store.
func (w *wal) lag() time.Duration {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, file := range append(slices.Clone(w.waiting), w.current) {
		if file.records > 0 {
			return max(0, w.clock().Sub(file.since))
		}
	}
	return 0
}
