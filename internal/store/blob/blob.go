// Package blob keeps the project store in a container of Azure Blob storage. A document is created with If-None-Match: *,
// which fails when the name exists; each create leaves a random mark in the blob's metadata, so that a create whose reply was
// lost, and that meets itself when it is tried again, knows its own work. It knows keys and bytes, not what they mean, makes
// no container and reads no environment.
package blob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Options are what a store is opened with; the zero value is good for Azure.
type Options struct {
	// Scope is the container's ARM ID, which errors name as the place to grant a role at; empty: account and container.
	Scope string
	// AwaitAccess is for how long after opening a missing role is waited for. A new role assignment acts after minutes: set
	// it where one was made just now.
	AwaitAccess time.Duration
	// AccessPause lies between two looks for a role; 0: 5 s.
	AccessPause time.Duration
	// Retry is how calls are tried again that were throttled, failed or had no answer; zero fields: the defaults below.
	Retry policy.RetryOptions
	// Transport sends requests; nil: azcore's own.
	Transport policy.Transporter
	// AccountKey is a shared key in base64 in place of a token credential, for Azurite.
	AccountKey string
	// BlockBytes is the size above which a document is sent in blocks, and of these; 0: 4 MiB.
	BlockBytes int
}

// Tries of one call, at most seven: with the pauses between them they bridge about 45 s of throttling, and a server that
// answers nothing ends a call in 4 minutes where its context does not before.
const (
	mostRetries   = 6
	firstPause    = 400 * time.Millisecond
	longestPause  = 20 * time.Second
	longestTry    = 30 * time.Second
	defaultBlock  = 4 << 20
	blocksAtOnce  = 3
	mostBlocks    = 50_000
	accessPause   = 5 * time.Second
	listPageLimit = 5000
)

// Store is a container. It is safe for use by many goroutines and many processes.
type Store struct {
	container *container.Client
	name      string // account/container
	scope     string
	block     int
	tryFor    time.Duration
	await     *awaitAccess
	// noStartFrom says that the server does not know where a listing shall start, and lists from the beginning.
	noStartFrom atomic.Bool
}

var _ platform.Store = (*Store)(nil)

// Open opens the container at a URL: https://ACCOUNT.blob.core.windows.net/CONTAINER, or http://HOST/ACCOUNT/CONTAINER for
// Azurite. It calls nobody: a container that is not there is mlops.ErrNotFound at the first call.
func Open(containerURL string, credential azcore.TokenCredential, options Options) (*Store, error) {
	parsed, err := url.Parse(containerURL)
	if err != nil || parsed.Host == "" || parsed.RawQuery != "" || path.Base(parsed.Path) == "." || path.Base(parsed.Path) == "/" {
		return nil, fmt.Errorf("%w: %q is not the URL of a container", mlops.ErrInvalid, containerURL)
	}
	account, _, _ := strings.Cut(parsed.Host, ".")
	if parent := path.Base(path.Dir(parsed.Path)); parent != "/" && parent != "." {
		account = parent // Azurite's way
	}
	store := &Store{name: account + "/" + path.Base(parsed.Path), scope: options.Scope, block: cmp.Or(options.BlockBytes, defaultBlock)}
	store.await = &awaitAccess{pause: cmp.Or(options.AccessPause, accessPause)}
	store.AwaitAccess(time.Now().Add(options.AwaitAccess))
	client := container.ClientOptions{ClientOptions: policy.ClientOptions{
		Retry: withDefaults(options.Retry), Transport: options.Transport,
		PerCallPolicies:  []policy.Policy{store.await},
		PerRetryPolicies: []policy.Policy{countTries{}},
	}}
	store.tryFor = client.Retry.TryTimeout
	if options.AccountKey != "" {
		key, err := container.NewSharedKeyCredential(account, options.AccountKey)
		if err != nil {
			return nil, fmt.Errorf("%w: container %s: account key: %w", mlops.ErrInvalid, store.name, err)
		}
		store.container, err = container.NewClientWithSharedKeyCredential(containerURL, key, &client)
		return store, err
	}
	if credential == nil {
		return nil, fmt.Errorf("%w: container %s: no credential", mlops.ErrInvalid, store.name)
	}
	store.container, err = container.NewClient(containerURL, credential, &client)
	return store, err
}

// AwaitAccess lets calls wait for a missing role until a time, or until their context ends: a role assignment was made just now.
func (s *Store) AwaitAccess(until time.Time) { s.await.wait(until) }

func withDefaults(retry policy.RetryOptions) policy.RetryOptions {
	retry.MaxRetries = cmp.Or(retry.MaxRetries, mostRetries)
	retry.RetryDelay = cmp.Or(retry.RetryDelay, firstPause)
	retry.MaxRetryDelay = cmp.Or(retry.MaxRetryDelay, longestPause)
	retry.TryTimeout = cmp.Or(retry.TryTimeout, longestTry)
	return retry
}

// Delete removes a document, with the snapshots that somebody may have made of it.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := platform.CheckKey(key); err != nil {
		return err
	}
	everything := blob.DeleteSnapshotsOptionTypeInclude
	_, err := s.container.NewBlobClient(key).Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: &everything})
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	return s.fault("delete", key, err)
}

// Read returns a whole document.
func (s *Store) Read(ctx context.Context, key string) ([]byte, error) {
	stream, err := s.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(stream)
	return data, errors.Join(err, stream.Close())
}
