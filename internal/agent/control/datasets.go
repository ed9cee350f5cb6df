package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// datasetCache holds the manifests of all dataset versions. They never change, so each is read once.
type datasetCache struct {
	manifests map[string]mlops.DatasetManifest // by key
	faults    map[string]error                 // by key, of manifests that cannot be read
	versions  map[string][]mlops.DatasetManifest
}

const manifestFile, retiredFile = "manifest.json", "retired.json"

func (c *datasetCache) refresh(ctx context.Context, store platform.Store) error {
	entries, err := store.List(ctx, "datasets/", "", 0)
	if err != nil {
		return fmt.Errorf("dataset versions: %w", err)
	}
	if c.manifests == nil {
		c.manifests, c.faults = map[string]mlops.DatasetManifest{}, map[string]error{}
	}
	present, retired := []string{}, map[string]bool{}
	for _, entry := range entries {
		folder, file, _ := cutLast(entry.Key)
		switch file {
		case manifestFile:
			present = append(present, entry.Key)
		case retiredFile:
			retired[folder] = true
		}
	}
	c.versions = map[string][]mlops.DatasetManifest{}
	for _, key := range present {
		if err := c.load(ctx, store, key); err != nil {
			return err
		}
		folder, _, _ := cutLast(key)
		if manifest, ok := c.manifests[key]; ok && !retired[folder] {
			c.versions[manifest.Dataset] = append(c.versions[manifest.Dataset], manifest)
		}
	}
	for _, versions := range c.versions {
		slices.SortFunc(versions, func(a, b mlops.DatasetManifest) int { return int(a.Number - b.Number) })
	}
	return nil
}

// load reads a manifest that was not read yet. One that cannot be understood is left out, and stays so.
func (c *datasetCache) load(ctx context.Context, store platform.Store, key string) error {
	if _, known := c.manifests[key]; known || c.faults[key] != nil {
		return nil
	}
	data, err := store.Read(ctx, key)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("dataset versions: %w", err)
	}
	var manifest mlops.DatasetManifest
	if err := json.Unmarshal(data, &manifest); err != nil || !strings.HasPrefix(key, "datasets/"+manifest.Dataset+"/") || manifest.Number < 1 {
		c.faults[key] = fmt.Errorf("%s: %w: not the manifest of a version of its dataset", key, mlops.ErrInvalid)
		return nil
	}
	c.manifests[key] = manifest
	return nil
}

func cutLast(key string) (folder, file string, found bool) {
	at := strings.LastIndexByte(key, '/')
	if at < 0 {
		return "", key, false
	}
	return key[:at], key[at+1:], true
}
