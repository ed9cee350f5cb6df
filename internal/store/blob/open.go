package blob

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what Blob storage checks transfers with
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// resumes is how often one read of a stream asks for the rest again; a stream that goes on may break any number of times.
const resumes = 5

// Open streams a document. A connection that breaks is taken up where it broke, as long as the document is the same. Where
// Blob storage keeps a checksum, other bytes end the stream with an error in place of io.EOF.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := platform.CheckKey(key); err != nil {
		return nil, err
	}
	response, err := s.container.NewBlobClient(key).DownloadStream(ctx, nil)
	if err != nil {
		return nil, s.fault("read", key, err)
	}
	body := response.NewRetryReader(ctx, &blob.RetryReaderOptions{MaxRetries: resumes})
	return &stream{body: body, store: s, key: key, sum: md5.New(), want: response.ContentMD5}, nil
}

type stream struct {
	body  io.ReadCloser
	store *Store
	key   string
	sum   hash.Hash
	want  []byte // nil where there is none
}

func (r *stream) Read(buffer []byte) (int, error) {
	n, err := r.body.Read(buffer)
	if r.want != nil {
		r.sum.Write(buffer[:n])
	}
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, r.store.fault("read", r.key, err)
	case r.want != nil && !bytes.Equal(r.sum.Sum(nil), r.want):
		return n, fmt.Errorf("read %s: %w: its bytes are not those that were written (MD5 %x, want %x)", r.key, mlops.ErrInvalid, r.sum.Sum(nil), r.want)
	}
	return n, io.EOF
}

func (r *stream) Close() error { return r.body.Close() }
