package telemetry

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// queue keeps batches that were not taken yet in files of a folder, oldest first, so that they outlive the process. What is
// too much or too old goes, oldest first. It is not synced: after a power cut the next numbers are the first.
type queue struct {
	folder    string
	mostBytes int64
	mostAge   time.Duration

	mutex   sync.Mutex
	batches []batch
	number  int64
}

// batch is a file of lines, one item each.
type batch struct {
	name  string
	at    time.Time
	bytes int64
	items int
}

const batchSuffix = ".jsonl"

func openQueue(folder string, mostBytes int64, mostAge time.Duration) (*queue, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("telemetry queue: %w", err)
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("telemetry queue: %w", err)
	}
	q := &queue{folder: folder, mostBytes: mostBytes, mostAge: mostAge}
	for _, file := range files {
		stem, ours := strings.CutSuffix(file.Name(), batchSuffix)
		nanoseconds, number, split := strings.Cut(stem, "-")
		at, err := strconv.ParseInt(nanoseconds, 10, 64)
		if !ours || !split || err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			return nil, fmt.Errorf("telemetry queue: %w", err)
		}
		if last, err := strconv.ParseInt(number, 10, 64); err == nil {
			q.number = max(q.number, last)
		}
		q.batches = append(q.batches, batch{name: file.Name(), at: time.Unix(0, at), bytes: int64(len(data)), items: bytes.Count(data, []byte{'\n'})})
	}
	slices.SortFunc(q.batches, func(a, b batch) int { return strings.Compare(a.name, b.name) })
	return q, nil
}

// add appends a batch and says how many items had to go for it.
func (q *queue) add(now time.Time, lines []byte) (dropped int, err error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.number++
	made := batch{
		name: fmt.Sprintf("%020d-%08d%s", now.UnixNano(), q.number, batchSuffix), at: now, bytes: int64(len(lines)), items: bytes.Count(lines, []byte{'\n'}),
	}
	if err := q.write(made.name, lines); err != nil {
		return 0, err
	}
	q.batches = append(q.batches, made)
	total := int64(0)
	for _, each := range q.batches {
		total += each.bytes
	}
	for len(q.batches) > 1 && (total > q.mostBytes || now.Sub(q.batches[0].at) > q.mostAge) {
		total -= q.batches[0].bytes
		dropped += q.batches[0].items
		q.dropFirst()
	}
	return dropped, nil
}

// write makes a file whole or not at all.
func (q *queue) write(name string, lines []byte) error {
	temporary := filepath.Join(q.folder, name+".tmp")
	err := os.WriteFile(temporary, lines, 0o600)
	if err == nil {
		err = os.Rename(temporary, filepath.Join(q.folder, name))
	}
	if err != nil {
		_ = os.Remove(temporary) // it is worth nothing
		return fmt.Errorf("telemetry queue: %w", err)
	}
	return nil
}

// first is the oldest batch, false where there is none. expired items are those that were too old to be sent.
func (q *queue) first(now time.Time) (lines []byte, found batch, expired int, ok bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for len(q.batches) > 0 {
		oldest := q.batches[0]
		data, err := os.ReadFile(filepath.Join(q.folder, oldest.name))
		if err == nil && now.Sub(oldest.at) <= q.mostAge {
			return data, oldest, expired, true
		}
		expired += oldest.items
		q.dropFirst()
	}
	return nil, batch{}, expired, false
}

func (q *queue) dropFirst() {
	_ = os.Remove(filepath.Join(q.folder, q.batches[0].name)) // one that stays is sent by the next process
	q.batches = q.batches[1:]
}

// done removes a batch that was sent, or keeps what is left of it.
func (q *queue) done(sent batch, left []byte) error {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	at := slices.IndexFunc(q.batches, func(each batch) bool { return each.name == sent.name })
	if at < 0 {
		return nil // it went meanwhile, to make room
	}
	if len(left) == 0 {
		_ = os.Remove(filepath.Join(q.folder, sent.name)) // one that stays is sent again by the next process
		q.batches = slices.Delete(q.batches, at, at+1)
		return nil
	}
	q.batches[at].bytes, q.batches[at].items = int64(len(left)), bytes.Count(left, []byte{'\n'})
	return q.write(sent.name, left)
}

// size is what waits.
func (q *queue) size() (items int, size int64, oldest time.Time) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for _, each := range q.batches {
		items, size = items+each.items, size+each.bytes
	}
	if len(q.batches) > 0 {
		oldest = q.batches[0].at
	}
	return items, size, oldest
}
