package journal

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Lock is a folder that belongs to this process.
type Lock struct {
	Folder string
	file   *os.File
}

const lockName = "lock"

// TryLock takes a folder, which it makes where it is missing. One that another process has is mlops.ErrConflict.
func TryLock(folder string) (*Lock, error) {
	for {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("log folder %q: %w", folder, err)
		}
		lock, err := tryLockOnce(folder)
		if err != nil {
			return nil, fmt.Errorf("log folder %q: %w", folder, err)
		}
		if lock != nil {
			return lock, nil
		}
	}
}

// tryLockOnce is nil where the folder was removed, by its last owner, while it was taken.
func tryLockOnce(folder string) (*Lock, error) {
	path := filepath.Join(folder, lockName)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	free, err := tryLock(file)
	if err == nil && !free {
		err = fmt.Errorf("%w: another collector uses it", mlops.ErrConflict)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	mine, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if named, err := os.Stat(path); err != nil || !os.SameFile(mine, named) {
		return nil, file.Close()
	}
	return &Lock{Folder: folder, file: file}, nil
}

// Release gives the folder back.
func (l *Lock) Release() error { return l.file.Close() }

// Remove removes the folder with all that is in it, and gives it back.
func (l *Lock) Remove() error {
	err := os.RemoveAll(l.Folder)
	closed := l.file.Close()
	if err != nil { // over NFS a file that is open keeps its folder
		err = os.RemoveAll(l.Folder)
	}
	return errors.Join(err, closed)
}

// counter is the file of the next number. Of its two slots the larger that holds counts, so a torn write costs nothing, and
// as it is written in place a full disk takes it, too.
type counter struct {
	file *os.File
	slot int64
}

const (
	counterName = "next"
	slotSize    = 16
)

func openCounter(folder string) (*counter, int64, error) {
	file, err := os.OpenFile(filepath.Join(folder, counterName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, err
	}
	content := make([]byte, 2*slotSize)
	n, _ := file.ReadAt(content, 0) // a short one is new
	next := int64(0)
	for slot := 0; slot+slotSize <= n; slot += slotSize {
		value := content[slot : slot+8]
		if crc32.Checksum(value, castagnoli) == binary.LittleEndian.Uint32(content[slot+8:]) {
			next = max(next, int64(binary.LittleEndian.Uint64(value)))
		}
	}
	if n < len(content) {
		_, err = file.WriteAt(make([]byte, len(content)), 0)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return &counter{file: file}, next, nil
}

func (c *counter) write(next int64) error {
	var slot [slotSize]byte
	binary.LittleEndian.PutUint64(slot[:], uint64(next))
	binary.LittleEndian.PutUint32(slot[8:], crc32.Checksum(slot[:8], castagnoli))
	c.slot = slotSize - c.slot
	_, err := c.file.WriteAt(slot[:], c.slot)
	return err
}

const lossesName = "lost.json"

func readLosses(folder string) (gaps, error) {
	content, err := os.ReadFile(filepath.Join(folder, lossesName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var known gaps
	if torn := json.Unmarshal(content, &known); torn != nil {
		known = nil // what it said shows as holes all the same
	}
	return known, nil
}

// WriteFile replaces a small file of a folder at once.
func WriteFile(folder, name string, content []byte) error {
	temporary := filepath.Join(folder, name+".new")
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(folder, name))
}
