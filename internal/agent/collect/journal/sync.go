package journal

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"time"
)

// syncer is what happens to files off the path of who appends. Its fields belong to the journal's mutex.
type syncer struct {
	kick   chan struct{}
	ended  sync.WaitGroup
	dirty  bool
	lossy  bool       // losses are not on disk yet
	folder bool       // a file was named
	old    []*os.File // sealed; synced once more and closed
	spare  *os.File
	synced int64         // the last number that is safe
	done   chan struct{} // closed after each sync
	failed error
}

func newSyncer() syncer { return syncer{kick: make(chan struct{}, 1), done: make(chan struct{})} }

// soil asks for a sync.
func (s *syncer) soil() {
	if s.dirty {
		return
	}
	s.dirty = true
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

func (s *syncer) soilLosses() {
	s.lossy = true
	s.soil()
}

func (s *syncer) takeSpare() *os.File {
	spare := s.spare
	s.spare = nil
	return spare
}

// keepSynced groups syncs: one an interval, or, where somebody waits for each, one after another.
func (j *Journal) keepSynced() {
	j.makeSpare()
	for {
		select {
		case <-j.syncer.kick:
		case <-j.closing:
			return
		}
		if !j.mode.Load().SyncAlways {
			select {
			case <-time.After(j.options.SyncInterval):
			case <-j.closing:
				return
			}
		}
		j.sync()
		j.makeSpare()
	}
}

// sync makes everything that was written so far last.
func (j *Journal) sync() {
	j.mutex.Lock()
	s := &j.syncer
	files, old, folder, lossy := s.old, len(s.old), s.folder, s.lossy
	if j.active != nil {
		files = append(files[:old:old], j.active)
	}
	upTo := j.next - 1
	s.old, s.dirty, s.folder, s.lossy = nil, false, false, false
	j.mutex.Unlock()

	var err error
	for i, file := range files {
		err = errors.Join(err, syncData(file))
		if i < old {
			_ = file.Close() // nothing is buffered that could fail
		}
	}
	if folder {
		err = errors.Join(err, syncFolder(j.lock.Folder))
	}

	j.mutex.Lock()
	defer j.mutex.Unlock()
	if lossy {
		if j.saveLosses() != nil {
			s.lossy = true // the disk is full; it is tried again with the next sync
		}
	}
	s.failed, s.synced = err, upTo
	close(s.done)
	s.done = make(chan struct{})
}

// awaitSync returns once a number is safe, or a sync has failed: the model never waits for a broken disk.
func (j *Journal) awaitSync(ctx context.Context, number int64) {
	for {
		j.mutex.Lock()
		safe, done := j.syncer.synced >= number || j.syncer.failed != nil, j.syncer.done
		j.mutex.Unlock()
		if safe {
			return
		}
		select {
		case <-done:
		case <-ctx.Done():
			return
		case <-j.closing:
			return
		}
	}
}

// makeSpare preallocates the segment after the one that is written.
func (j *Journal) makeSpare() {
	j.mutex.Lock()
	need := j.syncer.spare == nil && !j.done
	j.mutex.Unlock()
	if !need {
		return
	}
	spare, err := newSpare(j.lock.Folder, j.options.SegmentBytes)
	if err != nil {
		return // it is tried again when it is needed
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.syncer.spare = spare
}

// syncFolder makes names last. Windows has no such call and needs none.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
