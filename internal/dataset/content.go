package dataset

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

// content is bytes that can be written again and again, each time the same: they are hashed first and stored then, and never
// held.
type content struct {
	sha256 string
	bytes  int64
	write  func(io.Writer) error
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(data []byte) (int, error) {
	*c += counter(len(data))
	return len(data), nil
}

func newContent(write func(io.Writer) error) (content, error) {
	sum := sha256.New()
	var bytes counter
	if err := write(io.MultiWriter(sum, &bytes)); err != nil {
		return content{}, err
	}
	return content{sha256: hex.EncodeToString(sum.Sum(nil)), bytes: int64(bytes), write: write}, nil
}

// attempts is how often a write is tried whose reply was lost.
const attempts = 3

// store creates the document that is named by the hash; one that is there already is the same.
func (c content) store(ctx context.Context, in platform.Store) error {
	var err error
	for range attempts {
		err = c.storeOnce(ctx, in)
		if err == nil || errors.Is(err, mlops.ErrExists) {
			return nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return err
}

func (c content) storeOnce(ctx context.Context, in platform.Store) error {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		writer.CloseWithError(c.write(writer))
	}()
	err := in.CreateFrom(ctx, mlops.DataKey(c.sha256), reader)
	_ = reader.Close() // ends the writer where the store did not want the bytes
	<-done
	return err
}

// OpenSplit streams a split as CSV with a header. The end of the stream is an error (mlops.ErrInvalid) instead of io.EOF
// where the bytes are not those that the version was published with: what was made of them does not count.
func OpenSplit(ctx context.Context, in platform.Store, split mlops.Split) (io.ReadCloser, error) {
	return openContent(ctx, in, split.SHA256)
}

func openContent(ctx context.Context, in platform.Store, sum string) (io.ReadCloser, error) {
	key := mlops.DataKey(sum)
	stream, err := in.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &verified{ReadCloser: stream, key: key, want: sum, sum: sha256.New()}, nil
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
			return n, fmt.Errorf("%w: %s holds other bytes than were published (SHA-256 %.12s): restore it from a copy", mlops.ErrInvalid, v.key, got)
		}
	}
	return n, err
}
