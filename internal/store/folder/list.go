package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// List walks the keys below a prefix in lexical order. Folders that lie wholly before the cursor are not entered, so that
// following a log costs what is new.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]platform.Entry, error) {
	walk := listing{ctx: ctx, store: s, prefix: prefix, after: after, limit: limit}
	// Start at the deepest folder that the prefix names for certain.
	start := ""
	if slash := strings.LastIndexByte(prefix, '/'); slash >= 0 {
		start = prefix[:slash]
	}
	if err := walk.folder(start); err != nil {
		return nil, s.wrap("list", prefix, err)
	}
	return walk.entries, nil
}

type listing struct {
	ctx     context.Context
	store   *Store
	prefix  string
	after   string
	limit   int
	entries []platform.Entry
}

func (l *listing) full() bool { return l.limit > 0 && len(l.entries) >= l.limit }

func (l *listing) folder(key string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	children, err := os.ReadDir(filepath.Join(l.store.root, filepath.FromSlash(key)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// A folder sorts as its name with a slash behind it, as its keys do.
	names := make([]string, 0, len(children))
	for _, child := range children {
		name := child.Name()
		if !platform.IsKey(name) {
			continue // no part of a key: what other programs keep beside documents, as the backup of an editor
		}
		if child.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if l.full() {
			return nil
		}
		if err := l.child(key, name); err != nil {
			return err
		}
	}
	return nil
}

func (l *listing) child(parent, name string) error {
	full := name
	if parent != "" {
		full = parent + "/" + name
	}
	if folder, isFolder := strings.CutSuffix(full, "/"); isFolder {
		outside := !strings.HasPrefix(full, l.prefix) && !strings.HasPrefix(l.prefix, full)
		passed := full < l.after && !strings.HasPrefix(l.after, full)
		if outside || passed {
			return nil
		}
		return l.folder(folder)
	}
	if !strings.HasPrefix(full, l.prefix) || full <= l.after {
		return nil
	}
	info, err := os.Lstat(filepath.Join(l.store.root, filepath.FromSlash(full)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted since the folder was read
	}
	if err != nil {
		return err
	}
	tag := strconv.FormatInt(info.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(info.Size(), 36)
	l.entries = append(l.entries, platform.Entry{Key: full, Size: info.Size(), Tag: tag})
	return nil
}
