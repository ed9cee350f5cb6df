package blob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// List returns keys below a prefix that sort after a key. From a cursor on, the server is told where to start, so that the
// cost is that of what is returned; a server that does not know how (Azurite) is noticed at its first answer, and what lies
// before the cursor is then passed over here.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]platform.Entry, error) {
	if after > prefix && !strings.HasPrefix(after, prefix) {
		return nil, nil // all that have the prefix sort before
	}
	if after > prefix && !s.noStartFrom.Load() {
		entries, err := s.list(ctx, prefix, after, limit, true)
		if !errors.Is(err, errNoStartFrom) {
			return entries, err
		}
		s.noStartFrom.Store(true)
	}
	return s.list(ctx, prefix, after, limit, false)
}

var errNoStartFrom = errors.New("the server lists from the beginning")

// list walks pages until the limit is reached, or the keys of the prefix end.
func (s *Store) list(ctx context.Context, prefix, after string, limit int, startFrom bool) ([]platform.Entry, error) {
	var options container.ListBlobsFlatOptions
	if limit > 0 {
		page := int32(min(limit+1, listPageLimit)) // the cursor's own key is listed too
		options.MaxResults = &page
	}
	if startFrom {
		// Without a prefix: whether the start counts from the container's root or from the prefix is said nowhere.
		options.StartFrom = &after
	} else if prefix != "" {
		options.Prefix = &prefix
	}
	var entries []platform.Entry
	for pager := s.container.NewListBlobsFlatPager(&options); pager.More(); {
		page, err := pager.NextPage(ctx)
		if startFrom && notUnderstood(err) {
			return nil, errNoStartFrom
		}
		if err != nil {
			return nil, s.fault("list", prefix, err)
		}
		for _, item := range page.Segment.BlobItems {
			key := *item.Name
			if startFrom && key < after {
				return nil, errNoStartFrom
			}
			if key > prefix && !strings.HasPrefix(key, prefix) {
				return entries, nil
			}
			entry, err := s.entry(item)
			if err != nil {
				return nil, err
			}
			if key <= after || !strings.HasPrefix(key, prefix) || !platform.IsKey(key) {
				continue
			}
			entries = append(entries, entry)
			if limit > 0 && len(entries) == limit {
				return entries, nil
			}
		}
	}
	return entries, nil
}

func (s *Store) entry(item *container.BlobItem) (platform.Entry, error) {
	entry := platform.Entry{Key: *item.Name}
	if item.Properties == nil {
		return entry, nil
	}
	if item.Properties.ResourceType != nil && strings.EqualFold(*item.Properties.ResourceType, "directory") {
		return entry, fmt.Errorf("container %s: %w: its account has a hierarchical namespace, which lists in another order than logs need: use a storage account without one", s.name, mlops.ErrInvalid)
	}
	if item.Properties.ContentLength != nil {
		entry.Size = *item.Properties.ContentLength
	}
	if item.Properties.ETag != nil {
		entry.Tag = strings.Trim(string(*item.Properties.ETag), `"`)
	}
	return entry, nil
}

// notUnderstood says whether a server refuses a question that another one answers.
func notUnderstood(err error) bool {
	response, answered := errors.AsType[*azcore.ResponseError](err)
	return answered && response.StatusCode == http.StatusBadRequest
}
