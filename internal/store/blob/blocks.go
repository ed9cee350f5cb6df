package blob

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what Blob storage checks transfers with
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"golang.org/x/sync/errgroup"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// createInBlocks sends blocks, each checked on arrival, and commits them where nobody else has been first. A source or a call
// that fails leaves blocks without a name, which Blob storage removes after a week.
func (s *Store) createInBlocks(ctx context.Context, key string, first []byte, rest io.Reader) error {
	made := newCreation(key, nil)
	whole := md5.New()
	client := s.container.NewBlockBlobClient(key)
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(blocksAtOnce)

	var ids []string
	send := func(block []byte) {
		whole.Write(block)
		id := blockID(made.mark, len(ids))
		ids = append(ids, id)
		group.Go(func() error {
			sum := md5.Sum(block)
			_, err := client.StageBlock(sending, id, streaming.NopCloser(bytes.NewReader(block)), &blockblob.StageBlockOptions{
				TransactionalValidation: blob.TransferValidationTypeMD5(sum[:]),
			})
			return s.fault("create", key, err)
		})
	}
	send(first)
	var sourceError error
	for more := true; more && sending.Err() == nil; {
		block := make([]byte, s.block)
		n, err := readFull(rest, block)
		more = err == nil
		if n > 0 {
			send(block[:n])
		}
		if err != nil && !errors.Is(err, io.EOF) {
			sourceError = fmt.Errorf("create %s: %w", key, err)
		}
		if len(ids) > mostBlocks {
			sourceError = fmt.Errorf("%w: create %s: more than %d blocks of %d bytes: it is too large for one document", mlops.ErrInvalid, key, mostBlocks, s.block)
			more = false
		}
	}
	if err := errors.Join(sourceError, group.Wait()); err != nil {
		return err
	}
	made.md5 = whole.Sum(nil)
	counted, tries := counting(ctx)
	_, err := client.CommitBlockList(counted, ids, &blockblob.CommitBlockListOptions{
		AccessConditions: absent(), Metadata: made.metadata(), HTTPHeaders: made.headers(),
	})
	return s.settle(ctx, made, *tries, err)
}

// blockID is one of its writer alone: two who send the same document at once would mix their blocks else. All ids of a blob
// must be of one length.
func blockID(mark string, index int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s-%06d", mark, index))
}

// readFull fills a block; io.EOF with what was left where the source ends. Unlike io.ReadFull it keeps the source's own error.
func readFull(source io.Reader, block []byte) (n int, err error) {
	for n < len(block) && err == nil {
		var read int
		read, err = source.Read(block[n:])
		n += read
	}
	return n, err
}
