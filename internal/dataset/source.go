package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/table"
)

// source is a file, or the files of a folder in order of their paths.
type source struct {
	path   string
	folder bool
	files  []string // relative to a folder, slashes on every system; of a file its base name
}

// openSource lists the files of a source. Names that begin with a dot or an underscore are left out: they are what other
// programs keep beside data (.DS_Store, _SUCCESS).
func openSource(path string) (source, error) {
	info, err := os.Stat(path)
	switch {
	case path == "" || errors.Is(err, fs.ErrNotExist):
		return source{}, fmt.Errorf("source %q: %w: there is no such file or folder; paths are relative to the working directory", path, mlops.ErrNotFound)
	case err != nil:
		return source{}, fmt.Errorf("source %q: %w", path, err)
	case info.Mode().IsRegular():
		return source{path: path, files: []string{filepath.Base(path)}}, nil
	case !info.IsDir():
		return source{}, fmt.Errorf("source %q: %w: it is neither a file nor a folder", path, mlops.ErrInvalid)
	}
	found := source{path: path, folder: true}
	err = fs.WalkDir(os.DirFS(path), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		if info, err := os.Stat(filepath.Join(path, filepath.FromSlash(name))); err != nil {
			return err
		} else if !info.Mode().IsRegular() {
			return fmt.Errorf("%w: %s is not a regular file", mlops.ErrInvalid, name)
		}
		found.files = append(found.files, name)
		return nil
	})
	if err == nil && len(found.files) == 0 {
		err = fmt.Errorf("%w: the folder holds no files", mlops.ErrInvalid)
	}
	if err != nil {
		return source{}, fmt.Errorf("source %q: %w", path, err)
	}
	return found, nil
}

func (s source) pathOf(file string) string {
	if !s.folder {
		return s.path
	}
	return filepath.Join(s.path, filepath.FromSlash(file))
}

// Fingerprint is the SHA-256, in hex, of a file's bytes; of a folder, that of the relative paths and hashes of its files in
// order. A missing source is mlops.ErrNotFound.
func Fingerprint(ctx context.Context, path string) (string, error) {
	found, err := openSource(path)
	if err != nil {
		return "", err
	}
	return found.fingerprint(ctx)
}

func (s source) fingerprint(ctx context.Context) (string, error) {
	whole := sha256.New()
	for _, file := range s.files {
		sum, err := hashFile(ctx, s.pathOf(file))
		if err != nil {
			return "", fmt.Errorf("source %q: %w", s.path, err)
		}
		if !s.folder {
			return sum, nil
		}
		fmt.Fprintf(whole, "%s\x00%s\n", file, sum)
	}
	return hex.EncodeToString(whole.Sum(nil)), nil
}

func hashFile(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // only read
	sum := sha256.New()
	if _, err := io.Copy(sum, contextReader{ctx, file}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// contextReader ends a long read with its context.
type contextReader struct {
	ctx  context.Context
	from io.Reader
}

func (r contextReader) Read(buffer []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(buffer)
}

// rows is a source that was read.
type rows struct {
	table.Table
	source source
	starts []int // the first row of each file
}

// read joins the files; all have the same columns.
func (s source) read(ctx context.Context) (rows, error) {
	read := rows{source: s}
	var parts []table.Table
	start := 0
	for _, file := range s.files {
		if err := ctx.Err(); err != nil {
			return rows{}, err
		}
		part, err := table.Read(s.pathOf(file))
		if err == nil && len(parts) > 0 {
			if err = parts[0].SameColumns(part); err != nil {
				err = fmt.Errorf("%s: %w", s.pathOf(file), err)
			}
		}
		if err != nil {
			return rows{}, err
		}
		parts = append(parts, part)
		read.starts = append(read.starts, start)
		start += part.Rows
	}
	var err error
	read.Table, err = table.Concat(parts)
	return read, err
}

// name says where a row stands: its number counts from the first below the header of its file.
func (r rows) name(row int) string {
	if !r.source.folder {
		return strconv.Itoa(row + 1)
	}
	file := len(r.starts) - 1
	for r.starts[file] > row {
		file--
	}
	return fmt.Sprintf("%s:%d", r.source.files[file], row-r.starts[file]+1)
}
