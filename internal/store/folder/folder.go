// Package folder keeps the project store in a folder of one machine. A document is created by writing a temporary file,
// syncing it, and linking it to its name: link(2) fails when the name exists, also between processes, which a stat before
// a rename does not. It knows keys and bytes, not what they mean.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Store is a folder. It is safe for use by many goroutines and many processes.
type Store struct{ root string }

var _ platform.Store = (*Store)(nil)

// temporary files live in the folder itself, so that link(2) never crosses a file system.
const temporaryFolder = ".tmp"

// Open makes the folder where it is missing and proves that it can create documents at once or not at all.
func Open(root string) (*Store, error) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("project folder %q: %w", root, err)
	}
	if info, err := os.Stat(absolute); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("project folder %q: %w: it is a file: name a folder", root, mlops.ErrInvalid)
	}
	if err := os.MkdirAll(filepath.Join(absolute, temporaryFolder), 0o755); err != nil {
		return nil, fmt.Errorf("project folder %q: %w", root, err)
	}
	store := &Store{root: absolute}
	store.sweep(time.Now().Add(-abandonedAfter))
	err = store.probe()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC) {
		return nil, fmt.Errorf("project folder %q cannot be written; see who owns it, its permissions and its disk: %w", root, err)
	}
	if err != nil {
		return nil, fmt.Errorf("project folder %q: its file system cannot link files, so two writers could not be told apart; use a local disk: %w", root, err)
	}
	return store, nil
}

// OpenExisting is Open for readers: a missing folder is mlops.ErrNotFound and is not made.
func OpenExisting(root string) (*Store, error) {
	info, err := os.Stat(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("project folder %q: %w", root, mlops.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("project folder %q: %w", root, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("project folder %q: %w: it is a file", root, mlops.ErrInvalid)
	}
	return Open(root)
}

// abandonedAfter is the age at which a temporary file is one whose writer was killed.
const abandonedAfter = 7 * 24 * time.Hour

// sweep removes what killed writers left before a time. What cannot be removed does no harm.
func (s *Store) sweep(before time.Time) {
	left, _ := os.ReadDir(filepath.Join(s.root, temporaryFolder))
	for _, file := range left {
		if info, err := file.Info(); err == nil && info.ModTime().Before(before) {
			discard(filepath.Join(s.root, temporaryFolder, file.Name()))
		}
	}
}

// probe links a file once, so that a file system without link(2) is found when the project opens.
func (s *Store) probe() error {
	file, err := os.CreateTemp(filepath.Join(s.root, temporaryFolder), "probe-*")
	if err != nil {
		return err
	}
	defer discard(file.Name())
	if err := file.Close(); err != nil {
		return err
	}
	linked := file.Name() + ".link"
	defer discard(linked)
	return os.Link(file.Name(), linked)
}

// Read returns a whole document.
func (s *Store) Read(ctx context.Context, key string) ([]byte, error) {
	path, err := s.path(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	return data, s.wrap("read", key, err)
}

// Open streams a document.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	path, err := s.path(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, s.wrap("open", key, err)
	}
	return file, nil
}

// Create writes a document that does not exist yet.
func (s *Store) Create(ctx context.Context, key string, data []byte) error {
	return s.CreateFrom(ctx, key, strings.NewReader(string(data)))
}

// CreateFrom streams a document that does not exist yet.
func (s *Store) CreateFrom(ctx context.Context, key string, data io.Reader) error {
	path, err := s.path(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// A document that is there already need not be written to be refused; link(2) below still is what decides.
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("create %s: %w", key, mlops.ErrExists)
	}
	temporary, err := s.writeTemporary(data)
	if err != nil {
		return s.wrap("create", key, err)
	}
	defer discard(temporary)
	return s.wrap("create", key, s.link(temporary, path))
}

// writeTemporary writes and syncs a file that has no name yet in the store.
func (s *Store) writeTemporary(data io.Reader) (name string, err error) {
	file, err := os.CreateTemp(filepath.Join(s.root, temporaryFolder), "new-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			discard(file.Name())
		}
	}()
	_, err = io.Copy(file, data)
	if err == nil {
		err = file.Sync()
	}
	return file.Name(), errors.Join(err, file.Close())
}

// discard removes a temporary file. What stays after an error or a crash has no name in the store and does no harm.
func discard(name string) { _ = os.Remove(name) }

// link gives the file its name, durably.
func (s *Store) link(temporary, path string) error {
	parent := filepath.Dir(path)
	for {
		err := s.makeFolders(parent)
		if err == nil {
			err = os.Link(temporary, path)
		}
		if err == nil {
			return syncFolder(parent)
		}
		if _, gone := os.Lstat(temporary); gone != nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// A Delete has taken the empty folder away meanwhile.
	}
}

// makeFolders is MkdirAll that also syncs each parent it changed.
func (s *Store) makeFolders(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if err := s.makeFolders(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// Delete removes a document.
func (s *Store) Delete(ctx context.Context, key string) error {
	path, err := s.path(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.wrap("delete", key, err)
	}
	s.removeEmpty(filepath.Dir(path))
	return nil
}

// removeEmpty removes a folder that holds nothing any more, and those above it; one that still holds something refuses.
func (s *Store) removeEmpty(folder string) {
	for folder != s.root && os.Remove(folder) == nil {
		folder = filepath.Dir(folder)
	}
}

func (s *Store) path(key string) (string, error) {
	if err := platform.CheckKey(key); err != nil {
		return "", err
	}
	return filepath.Join(s.root, filepath.FromSlash(key)), nil
}

func (s *Store) wrap(verb, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %s: %w", verb, key, mlops.ErrNotFound)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s %s: %w", verb, key, mlops.ErrExists)
	default:
		return fmt.Errorf("%s %s: %w", verb, key, err)
	}
}
