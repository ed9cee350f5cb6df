package control

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// declared is the newest document of one name: a spec, a deletion, or the reason why it cannot be read.
type declared struct {
	document mlops.SpecDocument
	spec     mlops.Spec // nil where it is deleted or faulty
	fault    error
}

// specCache holds the newest document of every name. One listing tells what is new, and only that is read: a pass in which
// nothing was declared is one call, whatever was declared before.
type specCache struct {
	byKey map[string]declared // by the key and tag of the document
	names map[mlops.Kind]map[string]declared
}

func (c *specCache) refresh(ctx context.Context, store platform.Store) error {
	entries, err := store.List(ctx, "specs/", "", 0)
	if err != nil {
		return fmt.Errorf("specs: %w", err)
	}
	byKey, names := map[string]declared{}, map[mlops.Kind]map[string]declared{}
	for _, entry := range project.NewestSpecs(entries) {
		parts := strings.Split(entry.Key, "/")
		identity := entry.Key + ":" + entry.Tag // a hand edit shows, and a project that was begun anew
		found, cached := c.byKey[identity]
		if !cached {
			if found, err = readSpec(ctx, store, entry.Key); err != nil {
				return err
			}
		}
		kind := mlops.Kind(parts[1])
		if names[kind] == nil {
			names[kind] = map[string]declared{}
		}
		byKey[identity], names[kind][parts[2]] = found, found
	}
	c.byKey, c.names = byKey, names
	return nil
}

// readSpec returns an error only for a store that cannot be read; a document that cannot be understood is a fault of its
// name alone.
func readSpec(ctx context.Context, store platform.Store, key string) (declared, error) {
	data, err := store.Read(ctx, key)
	if errors.Is(err, mlops.ErrNotFound) {
		return declared{fault: err}, nil
	}
	if err != nil {
		return declared{}, fmt.Errorf("specs: %w", err)
	}
	var found declared
	found.document, found.fault = project.DecodeSpec(key, data)
	if found.fault == nil && !found.document.Deleted {
		found.spec, found.fault = found.document.Decode()
	}
	return found, nil
}

// spec returns a live spec of a type; nil where the name was never declared or is deleted.
func spec[T any](c *specCache, kind mlops.Kind, name string) (*T, mlops.SpecDocument, error) {
	found, ok := c.names[kind][name]
	if !ok || found.fault == nil && found.spec == nil {
		return nil, found.document, nil
	}
	if found.fault != nil {
		return nil, found.document, found.fault
	}
	typed, ok := any(found.spec).(*T)
	if !ok {
		return nil, found.document, fmt.Errorf("%w: spec %s/%s holds another kind", mlops.ErrInvalid, kind, name)
	}
	return typed, found.document, nil
}

// lastSaid is what a name declares, or declared last where it is deleted; nil where it never did. It costs a read for a
// deleted one.
func (c *Controller) lastSaid(ctx context.Context, kind mlops.Kind, name string) (mlops.Spec, error) {
	found := c.specs.names[kind][name]
	if found.fault == nil && found.document.Deleted && found.document.Sequence > 1 {
		var err error
		if found, err = readSpec(ctx, c.project.Store, project.SpecKey(kind, name, found.document.Sequence-1)); err != nil {
			return nil, err
		}
	}
	return found.spec, found.fault
}

// project is the one project that is declared here, nil where there is none.
func (c *specCache) project() *mlops.Project {
	for name := range c.names[mlops.KindProject] {
		if found, _, err := spec[mlops.Project](c, mlops.KindProject, name); err == nil && found != nil {
			return found
		}
	}
	return nil
}

// all returns the live specs of a kind in order of name. A faulty one is joined into the error.
func all[T any](c *specCache, kind mlops.Kind) ([]*T, error) {
	var live []*T
	var faults []error
	for _, name := range sortedNames(c.names[kind]) {
		found, _, err := spec[T](c, kind, name)
		if err != nil {
			faults = append(faults, err)
		} else if found != nil {
			live = append(live, found)
		}
	}
	return live, errors.Join(faults...)
}
