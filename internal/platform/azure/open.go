package azure

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
)

// opened is what a connection knows of one project.
type opened struct {
	session *session
	place   string
	store   *blob.Store
	spec    *spec
	stands  *stands
	before  *mlops.Project // what was declared before Ground.Prepare, nil for nothing
	telling *telling
	alerts  *alerts

	lock   sync.Mutex
	others map[string]*blob.Store // containers beside the project's own, by name
}

// probeTimeout bounds the first look into a container.
const probeTimeout = 2 * time.Minute

// Open opens the project in a container, which need not be there yet: Ground.Prepare makes it. It calls nobody in Azure.
func (c *Connection) Open(ctx context.Context, place string) (platform.Platform, error) {
	known, err := c.known(ctx, place)
	if err != nil {
		return platform.Platform{}, err
	}
	return c.wire(known), nil
}

// OpenExisting opens the project in a container; one that is not there is mlops.ErrNotFound.
func (c *Connection) OpenExisting(ctx context.Context, place string) (platform.Platform, error) {
	known, err := c.known(ctx, place)
	if err != nil {
		return platform.Platform{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := known.spec.probe(ctx); err != nil {
		return platform.Platform{}, err
	}
	return c.wire(known), nil
}

func (c *Connection) known(ctx context.Context, place string) (*opened, error) {
	parts, err := mlops.ParseAzurePlace(place)
	if err != nil {
		return nil, err
	}
	session, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	key := mlops.PlaceKey(place)
	if known, ok := c.projects[key]; ok && known.session == session {
		return known, nil
	}
	store, err := session.openContainer(parts.Account, parts.Container, place)
	if err != nil {
		return nil, fmt.Errorf("project at %s: %w", place, err)
	}
	known := &opened{
		session: session, place: place, store: store, others: map[string]*blob.Store{},
		spec: &spec{store: store, now: c.options.Now}, stands: &stands{store: store, now: c.options.Now},
	}
	known.alerts = &alerts{of: known, now: c.options.Now}
	known.telling = &telling{connection: c, of: known}
	c.projects[key] = known
	return known, nil
}

// openContainer opens a container of an account; scope is its ARM ID.
func (s *session) openContainer(account, name, scope string) (*blob.Store, error) {
	return blob.Open(s.cloud.BlobEndpoint(account)+"/"+name, s.credential,
		blob.Options{Scope: scope, AccountKey: s.accountKey, Transport: s.transport, AccessPause: s.accessPause, Retry: s.retry})
}

func (c *Connection) wire(known *opened) platform.Platform {
	clusters := &workloads{connection: c, of: known}
	return platform.Platform{
		Place: known.place, Store: known.store, Workloads: clusters,
		Notifier: c.notifierOf(known), Telemetry: c.telemetryOf(known), Alerts: known.alerts, Ground: &ground{of: known, clusters: clusters},
		Inbox: known.inbox(), Seals: &beside{of: known, name: sealsOf},
		Hosted: &hosted{session: known.session, options: c.options},
	}
}
