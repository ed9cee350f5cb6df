package control

import (
	"context"
	"errors"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// datasetCache holds the versions of every declared dataset that are not retired. Manifests never change, so each is read
// once, and a pass in which nothing was published is one listing a dataset.
type datasetCache struct {
	manifests map[string]map[int64]mlops.DatasetManifest // by dataset and number
	versions  map[string][]mlops.DatasetManifest
	faults    map[string]error // by dataset: a manifest that cannot be understood
}

func (c *datasetCache) refresh(ctx context.Context, store platform.Store, datasets []string) error {
	if c.manifests == nil {
		c.manifests = map[string]map[int64]mlops.DatasetManifest{}
	}
	c.versions, c.faults = map[string][]mlops.DatasetManifest{}, map[string]error{}
	for _, name := range datasets {
		err := c.refreshOne(ctx, store, name)
		if errors.Is(err, mlops.ErrInvalid) || errors.Is(err, mlops.ErrNotFound) {
			c.faults[name] = err
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *datasetCache) refreshOne(ctx context.Context, store platform.Store, name string) error {
	versions, err := dataset.Versions(ctx, store, name)
	if err != nil {
		return err
	}
	if c.manifests[name] == nil {
		c.manifests[name] = map[int64]mlops.DatasetManifest{}
	}
	for _, version := range versions {
		if version.Retired {
			continue
		}
		manifest, known := c.manifests[name][version.Number]
		if !known {
			if manifest, err = dataset.Read(ctx, store, name, version.Number); err != nil {
				return err
			}
			c.manifests[name][version.Number] = manifest
		}
		c.versions[name] = append(c.versions[name], manifest)
	}
	return nil
}
