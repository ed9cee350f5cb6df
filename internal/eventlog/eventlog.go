// Package eventlog keeps an append-only, hash-chained log in a store: one document an event, numbered from 1. Whoever
// creates the next number has decided. It knows headers, numbers and hashes, not what events mean; folding is for its
// callers. A snapshot of their state (a cache, rebuilt when absent) keeps the cost of opening a log independent of its age.
package eventlog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Log is one log of a store.
type Log struct {
	Store platform.Store
	// Prefix of its documents without a slash at the end: logs/flight-delay.
	Prefix string
}

// Head is a place in a log: the last number that was read and the SHA-256 of its bytes. The zero head stands before the first.
type Head struct {
	Sequence int64  `json:"sequence"`
	SHA256   string `json:"sha256"`
}

// Entry is one document of a log.
type Entry struct {
	Head
	Data []byte
}

// Key is the store key of a number.
func (l Log) Key(sequence int64) string { return fmt.Sprintf("%s/%012d.json", l.Prefix, sequence) }

// After yields the entries behind a head, in order, until the next number does not exist. The chain is checked: an entry
// whose previous hash is not that of the entry before ends the sequence with an error that wraps ErrBroken.
func (l Log) After(ctx context.Context, head Head) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			entry, err := l.read(ctx, head)
			if errors.Is(err, mlops.ErrNotFound) {
				return
			}
			if !yield(entry, err) || err != nil {
				return
			}
			head = entry.Head
		}
	}
}

// ErrBroken says that a log does not hold what was written: a document was changed, cannot be read, or is missing.
var ErrBroken = errors.New("the log is broken")

func (l Log) read(ctx context.Context, before Head) (Entry, error) {
	key := l.Key(before.Sequence + 1)
	data, err := l.Store.Read(ctx, key)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Head: Head{Sequence: before.Sequence + 1, SHA256: Hash(data)}, Data: data}
	var header mlops.Header
	if err := json.Unmarshal(data, &header); err != nil {
		return entry, fmt.Errorf("%s: %w: not JSON: %w", key, ErrBroken, err)
	}
	if header.Sequence != entry.Sequence {
		return entry, fmt.Errorf("%s: %w: it says that its number is %d", key, ErrBroken, header.Sequence)
	}
	if header.Previous != before.SHA256 {
		return entry, fmt.Errorf("%s: %w: the document before it has changed since (its hash is %.12s, expected %.12s)", key, ErrBroken, before.SHA256, header.Previous)
	}
	return entry, nil
}

// Append creates the next number with the document that was made for it. The document's header must hold that number, the
// head's hash and a writer of its own. mlops.ErrConflict says that somebody else has decided first: read on and decide again.
// A reply that was lost is settled by reading back.
func (l Log) Append(ctx context.Context, head Head, header mlops.Header, document any) (Entry, error) {
	if header.Sequence != head.Sequence+1 || header.Previous != head.SHA256 || header.Writer == "" {
		return Entry{}, fmt.Errorf("%w: %s: the header does not follow number %d", mlops.ErrInvalid, l.Prefix, head.Sequence)
	}
	if err := l.Stands(ctx, head); err != nil {
		return Entry{}, err
	}
	data, err := json.Marshal(document)
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", l.Key(header.Sequence), err)
	}
	if err := CreateOnce(ctx, l.Store, l.Key(header.Sequence), data, header.Writer); err != nil {
		return Entry{}, err
	}
	return Entry{Head: Head{Sequence: header.Sequence, SHA256: Hash(data)}, Data: data}, nil
}

// ErrReplaced says that the log is not the one that was read: somebody has removed the project and begun it anew. What was
// folded is about nothing; fold from the start.
var ErrReplaced = errors.New("the log was replaced since it was read")

// Stands says whether the document at a head still is the one that was folded. Without it, a writer that outlived its
// project would go on with the numbers of the old log in the new one.
func (l Log) Stands(ctx context.Context, head Head) error {
	if head.Sequence == 0 {
		return nil
	}
	data, err := l.Store.Read(ctx, l.Key(head.Sequence))
	if errors.Is(err, mlops.ErrNotFound) || err == nil && Hash(data) != head.SHA256 {
		return fmt.Errorf("%s: %w", l.Key(head.Sequence), ErrReplaced)
	}
	return err
}

// CreateOnce creates a document that holds its writer, and settles a lost reply by reading back: nil means that the
// document is there and ours, mlops.ErrConflict that it is somebody else's.
func CreateOnce(ctx context.Context, store platform.Store, key string, data []byte, writer string) error {
	err := store.Create(ctx, key, data)
	if err == nil {
		return nil
	}
	stored, readError := store.Read(ctx, key)
	switch {
	case errors.Is(readError, mlops.ErrNotFound):
		return err // it was not written
	case readError != nil:
		return errors.Join(err, readError)
	}
	var header mlops.Header
	if json.Unmarshal(stored, &header) == nil && header.Writer == writer {
		return nil
	}
	return fmt.Errorf("%s: %w", key, mlops.ErrConflict)
}

// Hash is the SHA-256 of a document's bytes, in hex.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
