// Package content keeps bytes in a project's store under the SHA-256 of themselves: data/sha256/<hex>. They are written
// before the document that names them and found by nobody until then, so that whoever dies while writing leaves nothing
// that counts, and finds what it left when it tries again. It must not know what the bytes are.
package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Stored names bytes.
type Stored struct {
	SHA256 string // 64 hex digits
	Bytes  int64
}

// Content is bytes that can be written again and again, each time the same: they are hashed first and stored then, and
// never held.
type Content struct {
	Stored
	write func(io.Writer) error
}

// Of hashes what write writes.
func Of(write func(io.Writer) error) (Content, error) {
	meter := newMeter()
	if err := write(meter); err != nil {
		return Content{}, err
	}
	return Content{Stored: meter.stored(), write: write}, nil
}

// Put stores what write writes under its hash. write is called at least twice.
func Put(ctx context.Context, in platform.Store, write func(io.Writer) error) (Stored, error) {
	made, err := Of(write)
	if err != nil {
		return Stored{}, err
	}
	return made.Stored, made.Store(ctx, in)
}

// attempts is how often a write is tried whose reply was lost.
const attempts = 3

var errChanged = errors.New("what is stored has changed since it was hashed")

// Store creates the document that is named by the hash; one that is there already is the same. Bytes that differ from those
// that were hashed are stored nowhere.
func (c Content) Store(ctx context.Context, in platform.Store) error {
	var err error
	for range attempts {
		err = c.storeOnce(ctx, in)
		if err == nil || errors.Is(err, mlops.ErrExists) {
			return nil
		}
		if ctx.Err() != nil || errors.Is(err, errChanged) {
			break
		}
	}
	return err
}

func (c Content) storeOnce(ctx context.Context, in platform.Store) error {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		meter := newMeter()
		err := c.write(io.MultiWriter(writer, meter))
		if err == nil && meter.stored() != c.Stored {
			err = errChanged
		}
		_ = writer.CloseWithError(err)
	}()
	err := in.CreateFrom(ctx, mlops.DataKey(c.SHA256), reader)
	_ = reader.Close() // ends the writer where the store did not want the bytes
	<-done
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

// Open streams stored bytes. The end of the stream is an error (mlops.ErrInvalid) instead of io.EOF where the bytes are not
// those that they are named by: what was made of them does not count.
func Open(ctx context.Context, in platform.Store, sum string) (io.ReadCloser, error) {
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		return nil, fmt.Errorf("%w: %q is not a SHA-256 of 64 hex digits", mlops.ErrInvalid, sum)
	}
	key := mlops.DataKey(sum)
	stream, err := in.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &verified{ReadCloser: stream, key: key, want: sum, sum: sha256.New()}, nil
}

// Use streams stored bytes through consume, to their end. What consume made of them counts only when Use returns nil.
func Use(ctx context.Context, in platform.Store, sum string, consume func(io.Reader) error) error {
	stream, err := Open(ctx, in, sum)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	consumed := consume(stream)
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return err // wrong bytes explain whatever consume made of them
	}
	return consumed
}

// verified hashes a stream on its way.
type verified struct {
	io.ReadCloser
	key  string
	want string
	sum  hash.Hash
}

func (v *verified) Read(buffer []byte) (int, error) {
	n, err := v.ReadCloser.Read(buffer)
	v.sum.Write(buffer[:n])
	if errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(v.sum.Sum(nil)); got != v.want {
			return n, fmt.Errorf("%w: %s holds other bytes than its name says (SHA-256 %.12s): restore it from a copy", mlops.ErrInvalid, v.key, got)
		}
	}
	return n, err
}
