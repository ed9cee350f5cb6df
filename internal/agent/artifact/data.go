package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Stored names content-addressed bytes: data/sha256/<SHA256>.
type Stored struct {
	SHA256 string
	Bytes  int64
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// put stores what write writes under the hash of it. write is called twice, once to learn the hash and once to store, so
// that nothing is held in memory; bytes that differ the second time are stored nowhere.
func put(ctx context.Context, store platform.Store, write func(io.Writer) error) (Stored, error) {
	first := newMeter()
	if err := write(first); err != nil {
		return Stored{}, err
	}
	stored := first.stored()
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		second := newMeter()
		err := write(io.MultiWriter(writer, second))
		if err == nil && second.stored() != stored {
			err = errors.New("the files changed while they were read")
		}
		_ = writer.CloseWithError(err)
	}()
	err := store.CreateFrom(ctx, mlops.DataKey(stored.SHA256), reader)
	_ = reader.Close() // ends the writer where the store did not want the bytes
	<-done
	if err == nil || errors.Is(err, mlops.ErrExists) || isThere(ctx, store, stored.SHA256) { // the last after a lost reply
		return stored, nil
	}
	return Stored{}, err
}

func isThere(ctx context.Context, store platform.Store, sum string) bool {
	content, err := store.Open(ctx, mlops.DataKey(sum))
	if err != nil {
		return false
	}
	_ = content.Close()
	return true
}

// use streams stored bytes through consume and checks their hash at the end: what consume made of them counts only when
// use returns nil.
func use(ctx context.Context, store platform.Store, sum string, consume func(io.Reader) error) error {
	if !sha256Pattern.MatchString(sum) {
		return fmt.Errorf("%w: %q is not a SHA-256 of 64 hex digits", mlops.ErrInvalid, sum)
	}
	content, err := store.Open(ctx, mlops.DataKey(sum))
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	meter := newMeter()
	reader := io.TeeReader(content, meter)
	consumed := consume(reader)
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return errors.Join(consumed, err)
	}
	if got := meter.stored().SHA256; got != sum {
		return fmt.Errorf("%w: %s holds other bytes than its name says (SHA-256 %.12s): restore it from a copy", mlops.ErrInvalid, mlops.DataKey(sum), got)
	}
	return consumed
}

// useFile copies stored bytes to a file, which is there only when its bytes are right.
func useFile(ctx context.Context, store platform.Store, sum, name string) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), ".fetch-*")
	if err != nil {
		return err
	}
	err = use(ctx, store, sum, func(from io.Reader) error {
		_, err := io.Copy(temporary, from)
		return err
	})
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}

// meter counts and hashes what is written to it.
type meter struct {
	hash.Hash
	bytes int64
}

func newMeter() *meter { return &meter{Hash: sha256.New()} }

func (m *meter) Write(data []byte) (int, error) {
	m.bytes += int64(len(data))
	return m.Hash.Write(data)
}

func (m *meter) stored() Stored {
	return Stored{SHA256: hex.EncodeToString(m.Sum(nil)), Bytes: m.bytes}
}
