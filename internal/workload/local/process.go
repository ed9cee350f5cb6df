//go:build linux || darwin

package local

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// identify names a running process.
func identify(pid int) (identity, error) {
	process, err := inspect(pid)
	if err != nil {
		return identity{}, fmt.Errorf("process %d: %w", pid, err)
	}
	boot, err := bootID()
	if err != nil {
		return identity{}, err
	}
	return identity{PID: pid, Start: process.start, Boot: boot}, nil
}

// alive says whether that very process runs; one that has ended and waits to be collected does not.
func (i identity) alive() bool {
	if i.PID <= 0 {
		return false
	}
	process, err := inspect(i.PID)
	if err != nil || process.zombie || process.start != i.Start {
		return false
	}
	boot, err := bootID()
	return err == nil && boot == i.Boot
}

// signal reaches that very process or none; one that is gone is no error.
func (i identity) signal(signal syscall.Signal) error {
	// The handle is taken before the check, so that a number that is given away in between is not hit.
	process, err := os.FindProcess(i.PID)
	if err != nil {
		return nil //nolint:nilerr // no such process: nothing to do
	}
	defer func() { _ = process.Release() }()
	if !i.alive() {
		return nil
	}
	if err := process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process %d: %w", i.PID, err)
	}
	return nil
}

// inspected is what the kernel says of a process.
type inspected struct {
	zombie bool
	start  uint64
}
