package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// SnapshotSchema marks a snapshot.
const SnapshotSchema = "mlops/snapshot/v1"

// Snapshot is a folded state at a head. It is a cache: losing it costs time, not truth.
type Snapshot struct {
	Schema  string          `json:"schema"`
	Head    Head            `json:"head"`
	Version int             `json:"version"` // of the fold; another version's snapshot is not used
	SHA256  string          `json:"sha256"`  // of State's bytes: what was folded is trusted, what somebody has changed is not
	State   json.RawMessage `json:"state"`
}

// Snapshots are kept under numbers that count down, so that the newest is the first of a listing, whatever the log's length.
const highestNumber = 999_999_999_999

func (l Log) snapshotPrefix() string { return "snapshots/" + l.Prefix + "/" }

// Newest returns the newest snapshot of a fold's version, or false; one of a log that was begun anew, or cut behind it, is
// none. It makes at most three calls.
func (l Log) Newest(ctx context.Context, version int) (Snapshot, bool, error) {
	entries, err := l.Store.List(ctx, l.snapshotPrefix(), "", 1)
	if err != nil || len(entries) == 0 {
		return Snapshot{}, false, err
	}
	data, err := l.Store.Read(ctx, entries[0].Key)
	if errors.Is(err, mlops.ErrNotFound) {
		return Snapshot{}, false, nil
	}
	if err != nil {
		return Snapshot{}, false, err
	}
	snapshot, usable := decode(data, version)
	if !usable {
		return Snapshot{}, false, nil
	}
	err = l.Stands(ctx, snapshot.Head)
	if errors.Is(err, ErrReplaced) {
		return Snapshot{}, false, nil
	}
	return snapshot, err == nil, err
}

// decode reads a snapshot; a cache that cannot be read is no cache.
func decode(data []byte, version int) (Snapshot, bool) {
	var snapshot Snapshot
	err := json.Unmarshal(data, &snapshot)
	return snapshot, err == nil && snapshot.Schema == SnapshotSchema && snapshot.Version == version && snapshot.SHA256 == Hash(snapshot.State)
}

// Keep stores a snapshot and removes all but the newest few older ones.
func (l Log) Keep(ctx context.Context, head Head, version int, state any) error {
	content, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", l.Prefix, err)
	}
	data, err := json.Marshal(Snapshot{Schema: SnapshotSchema, Head: head, Version: version, SHA256: Hash(content), State: content})
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", l.Prefix, err)
	}
	key := fmt.Sprintf("%s%012d-v%d.json", l.snapshotPrefix(), highestNumber-head.Sequence, version)
	if err := l.Store.Create(ctx, key, data); err != nil && !errors.Is(err, mlops.ErrExists) {
		return err
	}
	return l.trim(ctx)
}

const snapshotsKept = 3

func (l Log) trim(ctx context.Context) error {
	entries, err := l.Store.List(ctx, l.snapshotPrefix(), "", snapshotsKept+16)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		if i >= snapshotsKept && strings.HasPrefix(entry.Key, l.snapshotPrefix()) {
			if err := l.Store.Delete(ctx, entry.Key); err != nil {
				return err
			}
		}
	}
	return nil
}
