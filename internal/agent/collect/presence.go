package collect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
)

// The lock of a home holds between machines only where the file system carries it, and some that pods share are mounted so
// that it does not. So a collector also leaves a mark in its home as long as it runs, and from another machine a home is not
// taken while its mark is fresh: a log that somebody else ships and removes under its owner would be lost.
const (
	markName  = "alive"
	markEvery = 10 * time.Second
	// silence is how old a mark is of one that is gone. It leaves room for what a client of a shared file system remembers.
	silence = 2 * time.Minute
)

func (h *home) mark() error { return journal.WriteFile(h.lock.Folder, markName, []byte("1")) }

// mark leaves marks until ctx ends. One that cannot be left is no matter where the lock holds.
func (c *Collector) mark(ctx context.Context) {
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := c.home.mark(); err != nil {
				c.options.Logger.Debug("the mark of a collector that runs cannot be left", "error", err.Error())
			}
		}
	}
}

// mayRun says whether the collector of a home may run on another machine, though its lock seems free.
func (h *home) mayRun() (bool, error) {
	if h.owner.Stopped || h.owner.Boot == bootID() { // on this machine the lock is sure
		return false, nil
	}
	marked, err := os.Stat(filepath.Join(h.lock.Folder, markName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return h.now().Sub(marked.ModTime()) < silence, nil
}

// now is the time by the clock that dates the files of the folder, which may be a server's.
func (h *home) now() time.Time {
	const name = "now"
	if err := journal.WriteFile(h.lock.Folder, name, []byte("1")); err != nil {
		return time.Now() // the disk is full, so it may be all that there is
	}
	path := filepath.Join(h.lock.Folder, name)
	defer func() { _ = os.Remove(path) }()
	written, err := os.Stat(path)
	if err != nil {
		return time.Now()
	}
	return written.ModTime()
}
