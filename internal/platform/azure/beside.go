package azure

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/credential"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
)

// beside is a container beside the project's own. Its name stands in the project's spec, which is read when something is
// asked of it.
type beside struct {
	of *opened
	// name of the container; "" for the project's own.
	name func(mlops.AzureStore) string
}

var _ platform.Store = (*beside)(nil)

func inboxOf(store mlops.AzureStore) string { return store.Inbox() }

func sealsOf(store mlops.AzureStore) string {
	if store.Audit == nil {
		return ""
	}
	return store.Audit.Container
}

// store is the container of now. A project that is not declared has what the place alone says.
func (b *beside) store(ctx context.Context) (platform.Store, error) {
	parts, err := mlops.ParseAzurePlace(b.of.place)
	if err != nil {
		return nil, err
	}
	declared := mlops.AzureStore{Container: parts.Container}
	own, err := b.of.spec.get(ctx)
	switch {
	case err == nil:
		declared = own.Azure.Store
	case !errors.Is(err, mlops.ErrNotFound):
		return nil, err
	}
	return b.of.container(parts, b.name(declared))
}

// container opens another container of the project's account, once; "" is the project's own.
func (o *opened) container(parts mlops.AzurePlace, name string) (*blob.Store, error) {
	if name == "" || name == parts.Container {
		return o.store, nil
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	if store, ok := o.others[name]; ok {
		return store, nil
	}
	scope := mlops.AzureStore{StorageAccountID: parts.StorageAccountID}.Beside(name)
	store, err := o.session.openContainer(parts.Account, name, scope)
	if err == nil {
		o.others[name] = store
	}
	return store, err
}

// storageScope is what tokens for blobs are asked for.
const storageScope = "https://storage.azure.com/.default"

// self is who this program is.
func (s *session) self(ctx context.Context) (credential.Principal, error) {
	return credential.PrincipalOf(ctx, s.credential, storageScope)
}

// inbox is where requests are left and taken.
func (o *opened) inbox() *platform.Inbox {
	return &platform.Inbox{
		Store: &beside{of: o, name: inboxOf},
		Self: func(ctx context.Context) (string, error) {
			self, err := o.session.self(ctx)
			return self.ObjectID, err
		},
		Groups: o.groups,
	}
}

// groups are those among the owners and requesters. A token does not say of which of them one is a member: the inbox does.
func (o *opened) groups(ctx context.Context) ([]string, error) {
	own, err := o.spec.get(ctx)
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, person := range people(own) {
		if person.Type == mlops.PrincipalGroup {
			groups = append(groups, strings.ToLower(person.ObjectID))
		}
	}
	return groups, nil
}

// Read implements platform.Store.
func (b *beside) Read(ctx context.Context, key string) ([]byte, error) {
	in, err := b.store(ctx)
	if err != nil {
		return nil, err
	}
	return in.Read(ctx, key)
}

// Create implements platform.Store.
func (b *beside) Create(ctx context.Context, key string, data []byte) error {
	in, err := b.store(ctx)
	if err != nil {
		return err
	}
	return in.Create(ctx, key, data)
}

// List implements platform.Store.
func (b *beside) List(ctx context.Context, prefix, after string, limit int) ([]platform.Entry, error) {
	in, err := b.store(ctx)
	if err != nil {
		return nil, err
	}
	return in.List(ctx, prefix, after, limit)
}

// Delete implements platform.Store.
func (b *beside) Delete(ctx context.Context, key string) error {
	in, err := b.store(ctx)
	if err != nil {
		return err
	}
	return in.Delete(ctx, key)
}

// Open implements platform.Store.
func (b *beside) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	in, err := b.store(ctx)
	if err != nil {
		return nil, err
	}
	return in.Open(ctx, key)
}

// CreateFrom implements platform.Store.
func (b *beside) CreateFrom(ctx context.Context, key string, data io.Reader) error {
	in, err := b.store(ctx)
	if err != nil {
		return err
	}
	return in.CreateFrom(ctx, key, data)
}
