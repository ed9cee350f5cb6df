package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	segmentSuffix = ".wal"
	spareName     = "spare"
)

// Segment is one file of entries that waits to be taken.
type Segment struct {
	Path string
	// First and Last number that stand in it; Entries are fewer than that where some are missing.
	First, Last int64
	Entries     int64
	Bytes       int64
	// Since is when its first entry was written, or when a predecessor's was found.
	Since time.Time
}

// survey reads what a predecessor left. A number that was given twice, or not in order, is no frame of ours.
func survey(path string, now time.Time) (Segment, error) {
	segment := Segment{Path: path, Since: now}
	_, err := Read(path, func(_ []byte, entry Entry) {
		if segment.Entries == 0 {
			segment.First = entry.Number
		}
		segment.Entries++
		segment.Last = max(segment.Last, entry.Number)
		segment.Bytes += FrameRoom + int64(len(entry.Payload))
	})
	return segment, err
}

func segmentPath(folder string, first int64) string {
	return filepath.Join(folder, fmt.Sprintf("%012d%s", first, segmentSuffix))
}

// numberOf is the first number of a segment by its name; false for any other file.
func numberOf(path string) (int64, bool) {
	number, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), segmentSuffix), 10, 64)
	return number, err == nil && strings.HasSuffix(path, segmentSuffix) && number > 0
}

// newSpare makes a file of so many bytes, on disk and not only in name, where the file system can do so.
func newSpare(folder string, size int64) (*os.File, error) {
	file, err := os.CreateTemp(folder, spareName+"-*")
	if err != nil {
		return nil, err
	}
	if err := preallocate(file, size); err != nil {
		_ = file.Close()
		_ = os.Remove(file.Name())
		return nil, err
	}
	return file, nil
}
