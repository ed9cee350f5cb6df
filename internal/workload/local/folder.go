package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// RunnerDir is the folder of the runner that belongs to the store in a folder.
func RunnerDir(store string) string { return filepath.Clean(store) + ".runner" }

// folder is the runner's folder; its methods are the layout that package doc lists.
type folder string

func (f folder) runnerLock() string    { return filepath.Join(string(f), "lock") }
func (f folder) workloadsLock() string { return filepath.Join(string(f), "workloads.lock") }
func (f folder) pods() string          { return filepath.Join(string(f), "pods") }
func (f folder) states() string        { return filepath.Join(string(f), "state") }
func (f folder) pod(name string) podDir {
	return podDir(filepath.Join(f.pods(), name))
}

// state is where a service keeps what outlives its pods.
func (f folder) state(service string) string { return filepath.Join(f.states(), service) }

func (f folder) workloads(kind workload.Kind) string {
	return filepath.Join(string(f), "workloads", string(kind))
}

func (f folder) statuses(kind workload.Kind) string {
	return filepath.Join(string(f), "status", string(kind))
}

func (f folder) workload(kind workload.Kind, name string) string {
	return filepath.Join(f.workloads(kind), name+".json")
}

func (f folder) status(kind workload.Kind, name string) string {
	return filepath.Join(f.statuses(kind), name+".json")
}

func (f folder) rolled(service string) string {
	return filepath.Join(string(f), "rolled", service+".json")
}

// documentNames lists the names of the documents in a folder, in order; none where the folder is not there.
func documentNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	var names []string
	for _, entry := range entries {
		name, isDocument := strings.CutSuffix(entry.Name(), ".json")
		if isDocument && !strings.HasPrefix(name, ".") && entry.Type().IsRegular() {
			names = append(names, name)
		}
	}
	return names, nil
}

// writeJSON is replaceJSON in a folder that it makes where it is not there.
func writeJSON(path string, value any) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return replaceJSON(path, value)
}

// replaceJSON replaces a document at once and durably: a reader sees the old one or the new one, also after a power cut.
func replaceJSON(path string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	dir := filepath.Dir(path)
	temporary, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = temporary.Write(append(content, '\n'))
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncDir(dir)
}

// syncDir makes a rename last. Windows has no such call and needs none.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// readJSON reads a document; fs.ErrNotExist where there is none.
func readJSON(path string, value any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, value); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// stamp tells whether a file has changed since it was read; the zero value is a file that is not there.
type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{modified: info.ModTime(), size: info.Size(), info: info}
}

func (s stamp) same(other stamp) bool {
	if s.info == nil || other.info == nil {
		return s.info == nil && other.info == nil
	}
	return s.modified.Equal(other.modified) && s.size == other.size && os.SameFile(s.info, other.info)
}
