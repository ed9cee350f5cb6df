package local

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const followInterval = 200 * time.Millisecond

// Logs implements platform.Workloads: pod by pod as they were made, and container by container as they are declared.
// The pods of a workload that was deleted are shown for as long as they are kept.
func (c *Client) Logs(ctx context.Context, kind workload.Kind, name string, follow bool, to io.Writer) error {
	if err := workload.CheckName(kind, name); err != nil {
		return err
	}
	_, err := c.folder.readDocument(kind, name)
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	readers := map[string]*logReader{}
	for first := true; ; first = false {
		pods := c.podsOf(kind, name)
		if first && len(pods) == 0 && errors.Is(err, mlops.ErrNotFound) {
			return err
		}
		for _, record := range pods {
			if err := c.copyPod(record, readers, !follow, to); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followInterval):
		}
	}
}

// podsOf reads the records of a workload's pods, oldest first.
func (c *Client) podsOf(kind workload.Kind, name string) []podRecord {
	entries, err := os.ReadDir(c.folder.pods())
	if err != nil {
		return nil
	}
	var records []podRecord
	for _, entry := range entries {
		var record podRecord
		if readJSON(c.folder.pod(entry.Name()).record(), &record) != nil {
			continue // being made or being removed
		}
		if record.Kind == kind && record.Workload == name {
			records = append(records, record)
		}
	}
	slices.SortFunc(records, func(a, b podRecord) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Name, b.Name))
	})
	return records
}

// copyPod copies what is new; whole says that a last line without an end is wanted too.
func (c *Client) copyPod(record podRecord, readers map[string]*logReader, whole bool, to io.Writer) error {
	dir := c.folder.pod(record.Name)
	for _, container := range slices.Concat(record.Pod.Init, record.Pod.Containers) {
		path := dir.log(container.Name)
		reader, ok := readers[path]
		if !ok {
			reader = &logReader{path: path, mark: record.Name + " " + container.Name + " | "}
			readers[path] = reader
			rotated := &logReader{path: dir.rotatedLog(container.Name), mark: reader.mark}
			if err := rotated.copyNew(true, to); err != nil {
				return err
			}
		}
		if err := reader.copyNew(whole, to); err != nil {
			return err
		}
	}
	return nil
}

// logReader follows one file.
type logReader struct {
	path, mark string
	offset     int64
	partial    []byte // of the line that has no end yet
}

func (r *logReader) copyNew(whole bool, to io.Writer) error {
	file, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.Size() < r.offset {
		r.offset, r.partial = 0, nil // it was rotated
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := file.ReadAt(buffer, r.offset)
		r.offset += int64(n)
		if err := r.lines(buffer[:n], to); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	if whole && len(r.partial) > 0 {
		return r.lines([]byte("\n"), to)
	}
	return nil
}

// lines writes every line that is whole, each behind the mark; a line longer than 1 MiB is cut into pieces.
func (r *logReader) lines(content []byte, to io.Writer) error {
	r.partial = append(r.partial, content...)
	for {
		end := bytes.IndexByte(r.partial, '\n')
		if end < 0 && len(r.partial) < 1<<20 {
			return nil
		}
		next := end + 1
		if end < 0 {
			end, next = len(r.partial), len(r.partial)
		}
		if _, err := fmt.Fprintf(to, "%s%s\n", r.mark, r.partial[:end]); err != nil {
			return err
		}
		r.partial = r.partial[next:]
	}
}

// tail is the end of a file, at most limit bytes, from the begin of a line on; "" where there is none.
func tail(path string, limit int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	from := max(info.Size()-limit, 0)
	content, err := io.ReadAll(io.NewSectionReader(file, from, limit))
	if err != nil {
		return ""
	}
	if line := bytes.IndexByte(content, '\n'); from > 0 && line >= 0 {
		content = content[line+1:]
	}
	return string(bytes.ToValidUTF8(content, []byte("?")))
}
