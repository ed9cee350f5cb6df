package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// witness is a store that answers the same listing twice in the same way, and keeps the SHA-256 of everything that was read
// through it. It serves one reader at a time.
type witness struct {
	platform.Store
	listed map[string][]platform.Entry
	sums   map[string]string // by key
}

// List gives what the first call with these arguments gave.
func (w *witness) List(ctx context.Context, prefix, after string, limit int) ([]platform.Entry, error) {
	asked := fmt.Sprintf("%s\x00%s\x00%d", prefix, after, limit)
	if known, ok := w.listed[asked]; ok {
		return known, nil
	}
	entries, err := w.Store.List(ctx, prefix, after, limit)
	if err == nil {
		w.listed[asked] = entries
	}
	return entries, err
}

// Read notes a whole document.
func (w *witness) Read(ctx context.Context, key string) ([]byte, error) {
	data, err := w.Store.Read(ctx, key)
	if err == nil {
		sum := sha256.Sum256(data)
		w.sums[key] = hex.EncodeToString(sum[:])
	}
	return data, err
}

// Open notes a document once it is closed.
func (w *witness) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	stream, err := w.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &witnessed{ReadCloser: stream, by: w, key: key, sum: sha256.New()}, nil
}

type witnessed struct {
	io.ReadCloser
	by  *witness
	key string
	sum hash.Hash
}

func (s *witnessed) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.sum.Write(p[:n])
	return n, err
}

// Close reads what the reader did not ask for, so that the sum is of the whole document.
func (s *witnessed) Close() error {
	_, err := io.Copy(s.sum, s.ReadCloser)
	s.by.sums[s.key] = hex.EncodeToString(s.sum.Sum(nil))
	return errors.Join(err, s.ReadCloser.Close())
}

// content lists what was read, a line each: SHA-256, two blanks, key, as sha256sum does.
func (w *witness) content() (content.Content, error) {
	keys := slices.Sorted(maps.Keys(w.sums))
	return content.Of(func(to io.Writer) error {
		for _, key := range keys {
			if _, err := fmt.Fprintf(to, "%s  %s\n", w.sums[key], key); err != nil {
				return err
			}
		}
		return nil
	})
}
