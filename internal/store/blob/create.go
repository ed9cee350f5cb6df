package blob

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what Blob storage checks transfers with
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Create writes a document that does not exist yet, in one call.
func (s *Store) Create(ctx context.Context, key string, data []byte) error {
	if err := platform.CheckKey(key); err != nil {
		return err
	}
	sum := md5.Sum(data)
	creation := newCreation(key, sum[:])
	options := blockblob.UploadOptions{
		AccessConditions: absent(), Metadata: creation.metadata(), HTTPHeaders: creation.headers(),
		TransactionalValidation: blob.TransferValidationTypeMD5(sum[:]),
	}
	counted, tries := counting(ctx)
	_, err := s.container.NewBlockBlobClient(key).Upload(counted, streaming.NopCloser(bytes.NewReader(data)), &options)
	return s.settle(ctx, creation, *tries, err)
}

// CreateFrom streams a document that does not exist yet: in one call where it is small, else in blocks that count for
// nothing until they are committed together.
func (s *Store) CreateFrom(ctx context.Context, key string, data io.Reader) error {
	if err := platform.CheckKey(key); err != nil {
		return err
	}
	var first bytes.Buffer
	_, err := io.CopyN(&first, data, int64(s.block))
	if errors.Is(err, io.EOF) {
		return s.Create(ctx, key, first.Bytes())
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	// A document that is there already need not be sent to be refused; the commit still is what decides.
	_, err = s.container.NewBlobClient(key).GetProperties(ctx, nil)
	if err == nil {
		return fmt.Errorf("create %s: %w", key, mlops.ErrExists)
	}
	if !bloberror.HasCode(err, bloberror.BlobNotFound) {
		return s.fault("create", key, err)
	}
	return s.createInBlocks(ctx, key, first.Bytes(), data)
}

// creation is one attempt of one writer at a document.
type creation struct {
	key  string
	mark string // random: in the metadata of what it made
	md5  []byte
}

func newCreation(key string, md5 []byte) creation {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: see crypto/rand
	return creation{key: key, mark: hex.EncodeToString(random[:]), md5: md5}
}

// markName is that of the metadata; Blob storage compares it without case.
const markName = "mlopswriter"

func (c creation) metadata() map[string]*string { return map[string]*string{markName: &c.mark} }

// made says whether a blob with that metadata is this creation's.
func (c creation) made(metadata map[string]*string) bool {
	for name, value := range metadata {
		if strings.EqualFold(name, markName) {
			return value != nil && *value == c.mark
		}
	}
	return false
}

// headers let a person look at a document in a browser, and keep its checksum with it.
func (c creation) headers() *blob.HTTPHeaders {
	types := map[string]string{".json": "application/json", ".jsonl": "application/jsonl", ".html": "text/html; charset=utf-8"}
	contentType, known := types[path.Ext(c.key)]
	if !known {
		contentType = "application/octet-stream"
	}
	return &blob.HTTPHeaders{BlobContentType: &contentType, BlobContentMD5: c.md5}
}

func absent() *blob.AccessConditions {
	everything := azcore.ETagAny
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: &everything}}
}

// settle says what a create has come to. Where its reply may have been lost, that is read back from the blob itself: a create
// that is tried again meets what it made before and is told that it exists.
func (s *Store) settle(ctx context.Context, made creation, tries int, err error) error {
	if err == nil {
		return nil
	}
	refused := exists(err)
	if refused && tries <= 1 {
		return fmt.Errorf("create %s: %w", made.key, mlops.ErrExists)
	}
	if !refused && !perhaps(err) || ctx.Err() != nil {
		return s.fault("create", made.key, err)
	}
	found, lookError := s.container.NewBlobClient(made.key).GetProperties(ctx, nil)
	switch {
	case lookError == nil && made.made(found.Metadata):
		return nil
	case lookError == nil, refused && !bloberror.HasCode(lookError, bloberror.BlobNotFound):
		return fmt.Errorf("create %s: %w", made.key, mlops.ErrExists)
	}
	return s.fault("create", made.key, err)
}

// exists says whether a create was refused because there is a blob of that name.
func exists(err error) bool {
	return bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.UnauthorizedBlobOverwrite, bloberror.BlobImmutableDueToPolicy)
}

// perhaps says whether a create that failed may have had its effect, or been overtaken: no answer, an answer of a broken
// server, or blocks that somebody else's commit has removed.
func perhaps(err error) bool {
	response, answered := errors.AsType[*azcore.ResponseError](err)
	if !answered {
		return true
	}
	return response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusRequestTimeout || bloberror.HasCode(err, bloberror.InvalidBlockList)
}
