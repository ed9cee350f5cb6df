package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// preallocate reserves space; a file system that cannot is asked again with every write.
func preallocate(file *os.File, size int64) error {
	err := unix.Fallocate(int(file.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return file.Truncate(size)
	}
	return err
}

// syncData makes the content last.
func syncData(file *os.File) error { return unix.Fdatasync(int(file.Fd())) }
