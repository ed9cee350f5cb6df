//go:build linux || darwin

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Stop ends the runner of a folder and everything that it runs, and waits for it. Where a runner was killed, it stops what
// that one left behind. It says what it does, for people, and is no error where nothing runs.
func Stop(ctx context.Context, runnerDir string, progress io.Writer) error {
	client, err := New(runnerDir)
	if err != nil {
		return err
	}
	f := client.folder
	if _, err := os.Stat(string(f)); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(progress, "nothing runs")
		return nil
	}
	lock, err := stopHolder(ctx, f, progress)
	if err != nil {
		return err
	}
	defer lock.release()
	return stopLeftovers(runnerDir, progress)
}

// stopHolder tells whoever holds the runner's lock to stop, and takes the lock when it has.
func stopHolder(ctx context.Context, f folder, progress io.Writer) (*lockFile, error) {
	var told identity
	for {
		lock, err := tryLock(f.runnerLock())
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		// A runner that has just taken the lock may not have written yet who it is: the file is read until it says so.
		var holder identity
		if readJSON(f.runnerLock(), &holder) == nil && holder != told && holder.alive() {
			told = holder
			fmt.Fprintf(progress, "stopping process %d\n", holder.PID)
			if err := holder.signal(syscall.SIGTERM); err != nil {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("it has not stopped in time, see %s/runner.log: %w", f, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stopLeftovers stops pods that no runner looks after.
func stopLeftovers(runnerDir string, progress io.Writer) error {
	r, err := newRunner(Options{Dir: runnerDir, Progress: progress})
	if err != nil {
		return err
	}
	if err := r.adopt(); err != nil {
		return err
	}
	left := map[string]*pod{}
	for name, p := range r.pods {
		if p.begun && p.present() {
			left[name] = p
		}
	}
	if len(left) > 0 {
		fmt.Fprintf(progress, "stopping %d pods that a killed runner has left\n", len(left))
		stopAll(left, time.Now, func() {})
	}
	fmt.Fprintln(progress, "stopped")
	return nil
}

// stopEverything stops everything in order and waits for it.
func (r *runner) stopEverything() {
	r.say("stopping")
	r.gateway.close()
	stopAll(r.pods, r.options.Clock, r.changed)
}

// shutDown stops everything and leaves the statuses as they then are.
func (r *runner) shutDown() {
	r.stopEverything()
	now := r.options.Clock()
	for k, declared := range r.documents {
		r.writeStatus(now, k, declared.document, r.stoppedStatus(k, declared.document))
	}
	r.log.Info("runner stopped")
	r.say("stopped")
}

// stopAll stops pods together and waits until the last has ended; each has its grace period.
func stopAll(pods map[string]*pod, clock func() time.Time, changed func()) {
	for {
		left := 0
		for _, p := range pods {
			err := p.refresh(clock(), changed)
			if !p.present() || (err != nil && !p.begun) {
				continue // it has ended, or nobody can know who it is
			}
			left++
			_ = p.stop(clock()) // tried again at the next turn
		}
		if left == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
