package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Request is a version to publish.
type Request struct {
	Store   platform.Store
	Dataset mlops.Dataset
	// SourcePath is where the file or folder is; Source is how it was declared, "" for the same.
	SourcePath string
	Source     string
	// ExpectSHA256 is the fingerprint at plan; another one now is mlops.ErrConflict. "" accepts any.
	ExpectSHA256 string
	Actor        mlops.Actor
	Now          func() time.Time
	NewWriter    func() string
	// Progress, where set, hears what is being done.
	Progress func(string)
	// DryRun checks and splits, and publishes nothing: the version comes without a number unless it is there already.
	DryRun bool

	joined *joined // rows that are at hand, instead of a source
}

// Publication is the version that holds the source now.
type Publication struct {
	mlops.DatasetManifest
	// Published is false where the newest version held the same already.
	Published bool `json:"published"`
}

// Publish makes a version of a source, or stores nothing that anyone sees and says why. Problems of the source itself are a
// *CheckError (mlops.ErrInvalid) that lists all of them.
func Publish(ctx context.Context, request Request) (Publication, error) {
	if request.Source == "" {
		request.Source = request.SourcePath
	}
	if request.Progress == nil {
		request.Progress = func(string) {}
	}
	if request.Dataset.HoldoutPercent == 0 {
		request.Dataset.HoldoutPercent = mlops.DefaultHoldoutPercent
	}
	publication, err := publish(ctx, request)
	if err != nil {
		return Publication{}, fmt.Errorf("publish a version of dataset %q: %w", request.Dataset.Name, err)
	}
	return publication, nil
}

func publish(ctx context.Context, request Request) (Publication, error) {
	if problems := request.Dataset.Validate(); len(problems) > 0 {
		return Publication{}, fmt.Errorf("%w: %s: %s", mlops.ErrInvalid, strings.Join(problems[0].Path, "."), problems[0].Message)
	}
	read, sum, err := readSource(ctx, request)
	if err != nil {
		return Publication{}, err
	}
	request.Progress(fmt.Sprintf("checking %d rows", read.Rows))
	canonical, columns, err := check(request.Dataset, read)
	if err != nil {
		return Publication{}, err
	}
	request.Progress("splitting and profiling")
	made, err := build(request.Dataset, canonical, columns)
	if err != nil {
		return Publication{}, err
	}
	manifest := made.manifest
	manifest.Schema = mlops.DatasetManifestSchema
	manifest.Writer = request.NewWriter()
	manifest.Source, manifest.SHA256 = request.Source, sum
	manifest.Actor, manifest.Time = request.Actor, request.Now().UTC()
	if request.joined != nil {
		manifest.Records = &request.joined.from
		made.contents = append(made.contents, request.joined.segments)
	}
	return number(ctx, request, manifest, made.contents)
}

// readSource reads between two fingerprints, so that what was read is what the fingerprint names.
func readSource(ctx context.Context, request Request) (rows, string, error) {
	if request.joined != nil {
		return request.joined.rows(request.Source)
	}
	request.Progress("reading " + request.Source)
	found, err := openSource(request.SourcePath)
	if err != nil {
		return rows{}, "", err
	}
	before, err := found.fingerprint(ctx)
	if err != nil {
		return rows{}, "", err
	}
	if expected := request.ExpectSHA256; expected != "" && expected != before {
		return rows{}, "", fmt.Errorf("source %q: %w: its SHA-256 was %.12s at plan and is %.12s; plan again", request.Source, mlops.ErrConflict, expected, before)
	}
	read, err := found.read(ctx)
	if err != nil {
		return rows{}, "", err
	}
	after, err := found.fingerprint(ctx)
	if err != nil {
		return rows{}, "", err
	}
	if after != before {
		return rows{}, "", fmt.Errorf("source %q: %w: it changed while it was read; publish again once nothing writes to it", request.Source, mlops.ErrConflict)
	}
	return read, before, nil
}

// number stores the content and creates the manifest under the next number that nobody else takes.
func number(ctx context.Context, request Request, manifest mlops.DatasetManifest, contents []content.Content) (Publication, error) {
	same, next, err := place(ctx, request.Store, manifest)
	if err != nil || same != nil {
		return published(same), err
	}
	if request.DryRun {
		return Publication{DatasetManifest: manifest}, nil
	}
	request.Progress("storing")
	for _, made := range contents {
		if err := made.Store(ctx, request.Store); err != nil {
			return Publication{}, err
		}
	}
	for {
		manifest.Number = next
		won, err := claim(ctx, request.Store, manifest)
		if err != nil {
			return Publication{}, err
		}
		if won {
			return Publication{DatasetManifest: manifest, Published: true}, nil
		}
		same, following, err := place(ctx, request.Store, manifest)
		if err != nil || same != nil {
			return published(same), err
		}
		next = max(following, next+1)
	}
}

func published(same *mlops.DatasetManifest) Publication {
	if same == nil {
		return Publication{}
	}
	return Publication{DatasetManifest: *same}
}

// place is the newest version where it holds the same, else the next number.
func place(ctx context.Context, in platform.Store, manifest mlops.DatasetManifest) (same *mlops.DatasetManifest, next int64, err error) {
	versions, err := Versions(ctx, in, manifest.Dataset)
	if err != nil {
		return nil, 0, err
	}
	if len(versions) == 0 {
		return nil, 1, nil
	}
	if latest := latestOf(versions); latest > 0 {
		newest, err := Read(ctx, in, manifest.Dataset, latest)
		if err != nil && !errors.Is(err, mlops.ErrInvalid) { // a damaged one must not keep a good one out
			return nil, 0, err
		}
		if err == nil && newest.SHA256 == manifest.SHA256 && newest.SplitRule == manifest.SplitRule &&
			newest.Training.SHA256 == manifest.Training.SHA256 && newest.Holdout.SHA256 == manifest.Holdout.SHA256 {
			return &newest, 0, nil
		}
	}
	return nil, versions[len(versions)-1].Number + 1, nil
}

// claim creates the manifest. After an error it reads back: another writer's manifest means that the number is taken.
func claim(ctx context.Context, in platform.Store, manifest mlops.DatasetManifest) (won bool, err error) {
	data, err := json.Marshal(manifest)
	if err != nil {
		return false, err
	}
	key := keyOf(manifest.Dataset, manifest.Number, manifestFile)
	var failed error
	for range attempts {
		failed = in.Create(ctx, key, data)
		if failed == nil {
			return true, nil
		}
		there, err := in.Read(ctx, key)
		switch {
		case err == nil:
			var found mlops.DatasetManifest
			_ = json.Unmarshal(there, &found) // what cannot be read is not ours
			return found.Writer == manifest.Writer, nil
		case !errors.Is(err, mlops.ErrNotFound):
			return false, errors.Join(failed, err)
		case ctx.Err() != nil:
			return false, failed
		}
	}
	return false, failed
}
