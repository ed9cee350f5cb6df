package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

// lockFile is a file whose lock ends with the process that holds it, however it ends.
type lockFile struct{ file *os.File }

// tryLock takes the lock at once or returns errLocked. The file is made where it is not there.
func tryLock(path string) (*lockFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := flock(file, true); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &lockFile{file: file}, nil
}

// waitLock takes the lock when it becomes free, or gives up when ctx ends.
func waitLock(ctx context.Context, path string) (*lockFile, error) {
	for {
		lock, err := tryLock(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", err, context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// intact says that the file with this name still is the one that is locked: somebody else could lock another.
func (l *lockFile) intact() bool {
	locked, err := l.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(l.file.Name())
	return err == nil && os.SameFile(locked, named)
}

// release gives the lock back.
func (l *lockFile) release() { _ = l.file.Close() }

// lockHeld says whether somebody holds the lock of a file, without making the file.
func lockHeld(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	// A shared lock is had for a moment only; whoever wants the file meanwhile tries again for longer than that.
	return errors.Is(flock(file, false), errLocked)
}

// note writes who holds the lock into its file. It is for people and for `mlops local stop`: the lock itself decides.
func (l *lockFile) note(holder identity) error {
	content, err := json.Marshal(holder)
	if err == nil {
		err = l.file.Truncate(0)
	}
	if err == nil {
		_, err = l.file.WriteAt(append(content, '\n'), 0)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", l.file.Name(), err)
	}
	return nil
}
