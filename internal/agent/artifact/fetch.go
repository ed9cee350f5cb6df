package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// The splits of a dataset version.
const (
	SplitTraining = "training"
	SplitHoldout  = "holdout"
)

// InputFile is the one file of an input folder: CSV with a header.
const InputFile = "data.csv"

// FetchRequest says what to put where. Everything is optional; a part that names a source also names its folder.
type FetchRequest struct {
	ArtifactSHA256 string // a version's model, unpacked to ModelTo
	ModelTo        string
	Dataset        string // a split of a dataset version, as InputTo/data.csv
	DatasetVersion int64
	Split          string
	InputTo        string
	Exclude        []DatasetVersion // whose training rows are left out of a holdout
	Output         string           // made an empty folder
	Note           string           // a file that says what was fetched
}

// DatasetVersion names one version of a dataset.
type DatasetVersion struct {
	Dataset string
	Number  int64
}

// ParseDatasetVersion reads <dataset>/<number>.
func ParseDatasetVersion(text string) (DatasetVersion, error) {
	name, digits, _ := strings.Cut(text, "/")
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || number < 1 || mlops.ValidateName(name) != nil {
		return DatasetVersion{}, fmt.Errorf("%w: dataset version %q: write <dataset>/<number>, for example flights/1", mlops.ErrInvalid, text)
	}
	return DatasetVersion{Dataset: name, Number: number}, nil
}

// Fetch fills the folders of a pod. Folders that it writes hold nothing else afterwards, so that a fetch that was killed is
// simply made again. Bytes that do not have the hash they are named by are mlops.ErrInvalid.
func Fetch(ctx context.Context, in *project.Project, request FetchRequest) (Note, error) {
	if err := request.check(); err != nil {
		return Note{}, err
	}
	note := Note{}
	if request.Output != "" {
		if err := emptyFolder(request.Output); err != nil {
			return note, fmt.Errorf("output folder: %w", err)
		}
	}
	if request.ArtifactSHA256 != "" {
		note.ArtifactSHA256 = request.ArtifactSHA256
		if err := fetchModel(ctx, in, request); err != nil {
			return note, fmt.Errorf("model artifact %.12s: %w", request.ArtifactSHA256, err)
		}
	}
	if request.Dataset != "" {
		if err := fetchInput(ctx, in, request, &note); err != nil {
			return note, fmt.Errorf("dataset %q version %d, %s: %w", request.Dataset, request.DatasetVersion, request.Split, err)
		}
	}
	if request.Note != "" {
		if err := writeNote(request.Note, note); err != nil {
			return note, fmt.Errorf("note: %w", err)
		}
	}
	return note, nil
}

func (r FetchRequest) check() error {
	var faults []string
	if (r.ArtifactSHA256 == "") != (r.ModelTo == "") {
		faults = append(faults, "an artifact and the folder for it are given together")
	}
	if (r.Dataset == "") != (r.InputTo == "") {
		faults = append(faults, "a dataset and the folder for its split are given together")
	}
	if r.Dataset != "" {
		if mlops.ValidateName(r.Dataset) != nil || r.DatasetVersion < 1 {
			faults = append(faults, "a dataset is given by name and a version of 1 or above")
		}
		if r.Split != SplitTraining && r.Split != SplitHoldout {
			faults = append(faults, "the split is training or holdout")
		}
	}
	if len(r.Exclude) > 0 && r.Split != SplitHoldout {
		faults = append(faults, "rows are excluded from a holdout only")
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", mlops.ErrInvalid, strings.Join(faults, "; "))
	}
	return nil
}

// fetchModel unpacks beside the wanted folder and gives it its name only once the hash is right.
func fetchModel(ctx context.Context, in *project.Project, request FetchRequest) error {
	parent := filepath.Dir(request.ModelTo)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(parent, ".fetch-*")
	if err != nil {
		return err
	}
	err = content.Use(ctx, in.Store, request.ArtifactSHA256, func(from io.Reader) error { return Unpack(from, temporary) })
	if err == nil {
		err = errors.Join(os.Chmod(temporary, 0o755), os.RemoveAll(request.ModelTo))
	}
	if err == nil {
		err = os.Rename(temporary, request.ModelTo)
	}
	if err != nil {
		_ = os.RemoveAll(temporary)
	}
	return err
}

// fetchInput writes data.csv and notes what it is.
func fetchInput(ctx context.Context, in *project.Project, request FetchRequest, note *Note) error {
	if err := emptyFolder(request.InputTo); err != nil {
		return err
	}
	manifest, err := dataset.Read(ctx, in.Store, request.Dataset, request.DatasetVersion)
	if err != nil {
		return err
	}
	split := manifest.Training
	if request.Split == SplitHoldout {
		split = manifest.Holdout
	}
	note.Dataset, note.DatasetVersion, note.Split = request.Dataset, request.DatasetVersion, request.Split
	if len(request.Exclude) > 0 {
		if split, note.ExcludedRows, err = withoutLearned(ctx, in, split, request.Exclude); err != nil {
			return err
		}
	}
	if request.Split == SplitHoldout {
		if split.Rows == 0 {
			return fmt.Errorf("%w: no row is left that neither model has learned from: publish a newer dataset version", mlops.ErrInvalid)
		}
		note.HoldoutSHA256, note.HoldoutRows = split.SHA256, split.Rows
	}
	note.InputSHA256, note.InputRows = split.SHA256, split.Rows
	return useFile(ctx, in.Store, split.SHA256, filepath.Join(request.InputTo, InputFile))
}

// withoutLearned stores what is left of a holdout without the training rows of some versions, so that slices can be told
// apart later.
func withoutLearned(ctx context.Context, in *project.Project, holdout mlops.Split, versions []DatasetVersion) (left mlops.Split, excluded int64, err error) {
	var learned []mlops.Split
	for _, version := range versions {
		manifest, err := dataset.Read(ctx, in.Store, version.Dataset, version.Number)
		if err != nil {
			return left, 0, err
		}
		learned = append(learned, manifest.Training)
	}
	stored, err := content.Put(ctx, in.Store, func(to io.Writer) error {
		rows, out, err := dataset.HoldoutWithout(ctx, in.Store, holdout, learned, to)
		if err == nil { // a pass that the store did not want to the end has counted a part
			left.Rows, excluded = rows, out
		}
		return err
	})
	left.SHA256, left.Bytes = stored.SHA256, stored.Bytes
	return left, excluded, err
}

// emptyFolder makes a folder that holds nothing.
func emptyFolder(name string) error {
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	return os.MkdirAll(name, 0o755)
}
