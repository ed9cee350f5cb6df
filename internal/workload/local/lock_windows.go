package local

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// flock takes the lock of an open file at once, alone or together with others who take it so, or returns errLocked.
func flock(file *os.File, alone bool) error {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	// One byte far behind the end: Windows keeps others from reading what is locked, and the file says who holds it.
	region := &windows.Overlapped{OffsetHigh: 1}
	err := windows.LockFileEx(windows.Handle(file.Fd()), how, 0, 1, 0, region)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}
