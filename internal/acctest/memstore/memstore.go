// Package memstore is a project store in memory that tests can ask what it was asked, and tell to misbehave: to fail before
// a call, to lose the reply after it, or to die in the middle. It must not know what the documents mean.
package memstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// The verbs, as Calls counts them and the hooks are given them. Create and CreateFrom are one verb, and so are Read and Open.
const (
	VerbRead   = "read"
	VerbCreate = "create"
	VerbList   = "list"
	VerbDelete = "delete"
)

// Hook is asked around a call; the key of a list is its prefix. A hook may use the store.
type Hook func(verb, key string) error

// Store implements platform.Store. Set the hooks before the store is shared between goroutines.
type Store struct {
	// Before fails a call before it had any effect when it returns an error.
	Before Hook
	// After loses the reply of a call that had its effect: the caller gets the hook's error. It is asked only where the
	// call succeeded.
	After Hook
	// Calls counts by verb, also those that failed. Read it with CallCounts while others still use the store.
	Calls map[string]int

	mutex     sync.Mutex
	documents map[string][]byte
}

var _ platform.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{Calls: map[string]int{}, documents: map[string][]byte{}}
}

// CallCounts is a copy of Calls.
func (s *Store) CallCounts() map[string]int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return maps.Clone(s.Calls)
}

// ResetCalls sets all counts to zero.
func (s *Store) ResetCalls() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	clear(s.Calls)
}

// Keys are all keys below a prefix, in order, without counting a call.
func (s *Store) Keys(prefix string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var keys []string
	for key := range s.documents {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Put sets a document without hooks and counts, also over an old one: a hand edit or a poison document.
func (s *Store) Put(key string, data []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.documents[key] = bytes.Clone(data)
}

// Read returns a whole document.
func (s *Store) Read(ctx context.Context, key string) (data []byte, err error) {
	err = s.call(ctx, VerbRead, key, func() error {
		found, ok := s.documents[key]
		if !ok {
			return fmt.Errorf("read %s: %w", key, mlops.ErrNotFound)
		}
		data = bytes.Clone(found)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// Open streams a document.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	data, err := s.Read(ctx, key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Create writes a document that does not exist yet.
func (s *Store) Create(ctx context.Context, key string, data []byte) error {
	return s.call(ctx, VerbCreate, key, func() error {
		if _, taken := s.documents[key]; taken {
			return fmt.Errorf("create %s: %w", key, mlops.ErrExists)
		}
		s.documents[key] = bytes.Clone(data)
		return nil
	})
}

// CreateFrom streams a document in; a reader that fails leaves nothing.
func (s *Store) CreateFrom(ctx context.Context, key string, data io.Reader) error {
	content, err := io.ReadAll(data)
	if err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	return s.Create(ctx, key, content)
}

// List returns keys below a prefix that sort after a key.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]platform.Entry, error) {
	var entries []platform.Entry
	err := s.call(ctx, VerbList, prefix, func() error {
		for key, data := range s.documents {
			if strings.HasPrefix(key, prefix) && key > after {
				entries = append(entries, platform.Entry{Key: key, Size: int64(len(data)), Tag: tag(data)})
			}
		}
		slices.SortFunc(entries, func(a, b platform.Entry) int { return strings.Compare(a.Key, b.Key) })
		if limit > 0 && len(entries) > limit {
			entries = entries[:limit]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

func tag(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// Delete removes a document; what is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.call(ctx, VerbDelete, key, func() error {
		delete(s.documents, key)
		return nil
	})
}

// call counts, asks the hooks, and does the act alone.
func (s *Store) call(ctx context.Context, verb, key string, act func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if verb != VerbList {
		if err := platform.CheckKey(key); err != nil {
			return err
		}
	}
	s.mutex.Lock()
	s.Calls[verb]++
	s.mutex.Unlock()
	if s.Before != nil {
		if err := s.Before(verb, key); err != nil {
			return fmt.Errorf("%s %s: %w", verb, key, err)
		}
	}
	s.mutex.Lock()
	err := act()
	s.mutex.Unlock()
	if err != nil {
		return err
	}
	if s.After != nil {
		if err := s.After(verb, key); err != nil {
			return fmt.Errorf("%s %s: %w", verb, key, err)
		}
	}
	return nil
}
