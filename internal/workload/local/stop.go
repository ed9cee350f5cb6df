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
		_, _ = fmt.Fprintln(progress, "nothing runs")
		return nil
	}
	if lockHeld(f.runnerLock()) {
		var holder identity
		if err := readJSON(f.runnerLock(), &holder); err != nil {
			return fmt.Errorf("who runs is not known: %w", err)
		}
		_, _ = fmt.Fprintf(progress, "stopping process %d\n", holder.PID)
		if err := holder.signal(syscall.SIGTERM); err != nil {
			return err
		}
	}
	lock, err := waitLock(ctx, f.runnerLock())
	if errors.Is(err, errLocked) {
		return fmt.Errorf("it has not stopped in time, see %s/runner.log: %w", f, err)
	}
	if err != nil {
		return err
	}
	defer lock.release()
	return stopLeftovers(runnerDir, progress)
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
		if p.begun && p.live() {
			left[name] = p
		}
	}
	if len(left) > 0 {
		_, _ = fmt.Fprintf(progress, "stopping %d pods that a killed runner has left\n", len(left))
		stopAll(left, time.Now, func() {})
	}
	_, _ = fmt.Fprintln(progress, "stopped")
	return nil
}
