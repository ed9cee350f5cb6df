//go:build !linux

package journal

import "os"

// preallocate sets the size only: the space is asked for with every write.
func preallocate(file *os.File, size int64) error { return file.Truncate(size) }

// syncData makes the content last.
func syncData(file *os.File) error { return file.Sync() }
