package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// directoryMark is in the metadata of blobs that stand for directories.
const directoryMark = "hdi_isfolder"

// PutFolder copies the files below a folder to blobs below a prefix that ends with a slash. Their names are a user's, and what
// is there is replaced: it is no document of a project.
func (s *Store) PutFolder(ctx context.Context, folder, prefix string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("copy %s: %w", folder, err)
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := root.Open(filepath.FromSlash(name))
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		defer func() { _ = file.Close() }()
		_, err = s.container.NewBlockBlobClient(prefix+name).UploadStream(ctx, file, &blockblob.UploadStreamOptions{
			BlockSize: int64(s.block), Concurrency: blocksAtOnce,
		})
		return s.fault("write", prefix+name, err)
	})
}

// GetFolder copies the blobs below a prefix that ends with a slash to files below a folder that is there, and counts them. A
// name that would lead out of the folder is an error.
func (s *Store) GetFolder(ctx context.Context, prefix, folder string) (files int, err error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", prefix, err)
	}
	defer func() { _ = root.Close() }()
	err = s.below(ctx, prefix, func(item *container.BlobItem) error {
		name := strings.TrimPrefix(*item.Name, prefix)
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("copy %s: %w: the name leads out of its folder", *item.Name, mlops.ErrInvalid)
		}
		if err := root.MkdirAll(filepath.FromSlash(path.Dir(name)), 0o755); err != nil {
			return fmt.Errorf("copy %s: %w", *item.Name, err)
		}
		files++
		return s.getFile(ctx, *item.Name, root, filepath.FromSlash(name))
	})
	return files, err
}

func (s *Store) getFile(ctx context.Context, key string, root *os.Root, name string) error {
	response, err := s.container.NewBlobClient(key).DownloadStream(ctx, nil)
	if err != nil {
		return s.fault("read", key, err)
	}
	from := response.NewRetryReader(ctx, &blob.RetryReaderOptions{MaxRetries: resumes})
	defer func() { _ = from.Close() }()
	file, err := root.Create(name)
	if err != nil {
		return fmt.Errorf("copy %s: %w", key, err)
	}
	if _, err = io.Copy(file, from); err != nil {
		err = s.fault("read", key, err)
	}
	return errors.Join(err, file.Close())
}

// RemoveFolder deletes the blobs below a prefix that ends with a slash.
func (s *Store) RemoveFolder(ctx context.Context, prefix string) error {
	return s.below(ctx, prefix, func(item *container.BlobItem) error {
		_, err := s.container.NewBlobClient(*item.Name).Delete(ctx, nil)
		return s.fault("delete", *item.Name, err)
	})
}

// below calls each with every file below a prefix; what stands for a directory is passed over.
func (s *Store) below(ctx context.Context, prefix string, each func(*container.BlobItem) error) error {
	options := container.ListBlobsFlatOptions{Prefix: &prefix, Include: container.ListBlobsInclude{Metadata: true}}
	for pager := s.container.NewListBlobsFlatPager(&options); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return s.fault("list", prefix, err)
		}
		for _, item := range page.Segment.BlobItems {
			if directory(item) {
				continue
			}
			if err := each(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func directory(item *container.BlobItem) bool {
	for name := range item.Metadata {
		if strings.EqualFold(name, directoryMark) {
			return true
		}
	}
	of := item.Properties
	return strings.HasSuffix(*item.Name, "/") || of != nil && of.ResourceType != nil && strings.EqualFold(*of.ResourceType, "directory")
}
