package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/stats"
)

// Version is a number of a dataset that has a manifest. No new run uses a retired one, and its number is not used again.
type Version struct {
	Number  int64
	Retired bool
}

// attempts is how often a write is tried whose reply was lost.
const attempts = 3

const (
	manifestFile  = "manifest.json"
	tombstoneFile = "deleted.json"
)

func folderOf(dataset string) string { return "datasets/" + dataset + "/" }

func keyOf(dataset string, number int64, file string) string {
	return fmt.Sprintf("%s%012d/%s", folderOf(dataset), number, file)
}

// Versions lists the versions of a dataset, oldest first, retired ones included. It costs one listing.
func Versions(ctx context.Context, in platform.Store, dataset string) ([]Version, error) {
	entries, err := in.List(ctx, folderOf(dataset), "", 0)
	if err != nil {
		return nil, fmt.Errorf("versions of dataset %q: %w", dataset, err)
	}
	var versions []Version
	retired := map[int64]bool{}
	for _, entry := range entries {
		digits, file, _ := strings.Cut(strings.TrimPrefix(entry.Key, folderOf(dataset)), "/")
		number, err := strconv.ParseInt(digits, 10, 64)
		switch {
		case err != nil || number < 1 || entry.Key != keyOf(dataset, number, file):
			continue // not ours
		case file == manifestFile:
			versions = append(versions, Version{Number: number})
		case file == tombstoneFile:
			retired[number] = true
		}
	}
	for i := range versions {
		versions[i].Retired = retired[versions[i].Number]
	}
	return versions, nil
}

// Read returns the manifest of one version, retired or not; mlops.ErrNotFound where there is none.
func Read(ctx context.Context, in platform.Store, dataset string, number int64) (mlops.DatasetManifest, error) {
	data, err := in.Read(ctx, keyOf(dataset, number, manifestFile))
	if err != nil {
		return mlops.DatasetManifest{}, fmt.Errorf("version %d of dataset %q: %w", number, dataset, err)
	}
	var manifest mlops.DatasetManifest
	err = json.Unmarshal(data, &manifest)
	if err == nil && (manifest.Dataset != dataset || manifest.Number != number) {
		err = fmt.Errorf("it is of version %d of %q", manifest.Number, manifest.Dataset)
	}
	if err != nil {
		return mlops.DatasetManifest{}, fmt.Errorf("version %d of dataset %q: %w: its manifest cannot be used: %w", number, dataset, mlops.ErrInvalid, err)
	}
	return manifest, nil
}

// Latest is the newest version that is not retired; found is false where there is none.
func Latest(ctx context.Context, in platform.Store, dataset string) (manifest mlops.DatasetManifest, found bool, err error) {
	versions, err := Versions(ctx, in, dataset)
	if err != nil {
		return mlops.DatasetManifest{}, false, err
	}
	number := latestOf(versions)
	if number == 0 {
		return mlops.DatasetManifest{}, false, nil
	}
	manifest, err = Read(ctx, in, dataset, number)
	return manifest, err == nil, err
}

// latestOf is the newest number that is not retired, or 0.
func latestOf(versions []Version) int64 {
	for _, version := range slices.Backward(versions) {
		if !version.Retired {
			return version.Number
		}
	}
	return 0
}

// Profile is what a version's training split is remembered by.
func Profile(ctx context.Context, in platform.Store, manifest mlops.DatasetManifest) (stats.Profile, error) {
	wrap := func(err error) error {
		return fmt.Errorf("profile of version %d of dataset %q: %w", manifest.Number, manifest.Dataset, err)
	}
	stream, err := content.Open(ctx, in, manifest.ProfileSHA256)
	if err != nil {
		return stats.Profile{}, wrap(err)
	}
	defer stream.Close()
	data, err := io.ReadAll(stream)
	if err != nil {
		return stats.Profile{}, wrap(err)
	}
	var profile stats.Profile
	if err := json.Unmarshal(data, &profile); err != nil {
		return stats.Profile{}, wrap(fmt.Errorf("%w: %w", mlops.ErrInvalid, err))
	}
	return profile, nil
}

// TombstoneSchema marks the tombstone of a dataset version.
const TombstoneSchema = "mlops/dataset-version-deleted/v1"

// tombstone needs no writer: whoever creates it, it says the same.
type tombstone struct {
	Schema  string `json:"schema"`
	Dataset string `json:"dataset"`
	Number  int64  `json:"number"`
}

// Retire keeps a version from new runs; all that was made from it stays. Retiring twice is no error, a version that was
// never published is mlops.ErrNotFound.
func Retire(ctx context.Context, in platform.Store, dataset string, number int64) error {
	if _, err := in.Read(ctx, keyOf(dataset, number, manifestFile)); err != nil {
		return fmt.Errorf("version %d of dataset %q: %w", number, dataset, err)
	}
	data, err := json.Marshal(tombstone{Schema: TombstoneSchema, Dataset: dataset, Number: number})
	if err != nil {
		return err
	}
	for range attempts {
		err = in.Create(ctx, keyOf(dataset, number, tombstoneFile), data)
		if err == nil || errors.Is(err, mlops.ErrExists) {
			return nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("version %d of dataset %q: %w", number, dataset, err)
}
