package artifact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// PublishRequest says which step of which attempt left its output where.
type PublishRequest struct {
	Model   string
	RunID   string
	Attempt int64
	Step    string
	From    string // the output folder
	Note    string // the file that fetch wrote, "" where there is none
}

var steps = []string{mlops.StepTrain, mlops.StepEvaluateCandidate, mlops.StepEvaluateChampion}

// Publish checks and stores what a step left behind, and creates the step's output once. Output that breaks the contract is
// mlops.ErrInvalid and leaves no step output. fenced says that another pod of the attempt was first: what it published
// counts and this one is without effect.
func Publish(ctx context.Context, in *project.Project, request PublishRequest) (output mlops.StepOutput, fenced bool, err error) {
	if err := request.check(); err != nil {
		return output, false, err
	}
	note, err := readNote(request.Note)
	if err != nil {
		return output, false, err
	}
	root, err := os.OpenRoot(request.From)
	if err != nil {
		return output, false, fmt.Errorf("output folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	output = mlops.StepOutput{
		Schema: mlops.StepOutputSchema, Writer: in.NewWriter(), Model: request.Model, RunID: request.RunID, Attempt: request.Attempt,
		Step: request.Step, Time: in.Now(),
	}
	if request.Step == mlops.StepTrain {
		err = addTrained(ctx, in, root, &output)
	} else {
		err = addEvaluated(ctx, in, root, note, &output)
	}
	if err != nil {
		return output, false, err
	}
	data, err := json.MarshalIndent(output, "", "  ")
	if err != nil {
		return output, false, err
	}
	key := mlops.StepOutputKey(request.Model, request.RunID, request.Attempt, request.Step)
	err = eventlog.CreateOnce(ctx, in.Store, key, data, output.Writer)
	if errors.Is(err, mlops.ErrConflict) {
		return output, true, nil
	}
	return output, false, err
}

func (r PublishRequest) check() error {
	if err := mlops.ValidateName(r.Model); err != nil {
		return err
	}
	if r.RunID == "" || r.Attempt < 1 {
		return fmt.Errorf("%w: name a run and an attempt of 1 or above", mlops.ErrInvalid)
	}
	if !slices.Contains(steps, r.Step) {
		return fmt.Errorf("%w: step %q: use one of %v", mlops.ErrInvalid, r.Step, steps)
	}
	return nil
}

func addTrained(ctx context.Context, in *project.Project, root *os.Root, output *mlops.StepOutput) error {
	if err := holdsFiles(root); err != nil {
		return err
	}
	metrics, err := readMetrics(root)
	if err != nil {
		return err
	}
	stored, err := content.Put(ctx, in.Store, func(to io.Writer) error { return Pack(to, filepath.Join(root.Name(), modelFolder)) })
	if err != nil {
		return err
	}
	output.Output = &mlops.Output{ArtifactSHA256: stored.SHA256, Bytes: stored.Bytes, Metrics: metrics}
	return nil
}

// holdsFiles says what the contract wants where model/ is missing, a link, or without a file.
func holdsFiles(root *os.Root) error {
	want := fmt.Errorf("%w: the train command ended well but left no model: the contract is at least one file in $MLOPS_OUTPUT_DIR/%s/", mlops.ErrInvalid, modelFolder)
	info, err := root.Lstat(modelFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return want
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: $MLOPS_OUTPUT_DIR/%s must be a folder of its own, not a file or link", mlops.ErrInvalid, modelFolder)
	}
	found := errors.New("found")
	err = fs.WalkDir(root.FS(), modelFolder, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			return found
		}
		return err
	})
	switch {
	case errors.Is(err, found):
		return nil
	case err != nil:
		return err
	default:
		return want
	}
}

func addEvaluated(ctx context.Context, in *project.Project, root *os.Root, note Note, output *mlops.StepOutput) error {
	metrics, err := readMetrics(root)
	if err != nil {
		return err
	}
	if len(metrics) == 0 {
		return fmt.Errorf(`%w: the evaluate command ended well but left no metrics: the contract is $MLOPS_OUTPUT_DIR/%s, such as {"auc": 0.71}`, mlops.ErrInvalid, metricsFile)
	}
	output.Metrics = metrics
	output.HoldoutSHA256, output.HoldoutRows, output.ExcludedRows = note.HoldoutSHA256, note.HoldoutRows, note.ExcludedRows
	output.PredictionsSHA256, err = storePredictions(ctx, in, root, note.HoldoutRows)
	return err
}

// storePredictions checks and stores predictions.csv; "" where there is none.
func storePredictions(ctx context.Context, in *project.Project, root *os.Root, rows int64) (string, error) {
	file, err := openRegular(root, predictionsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	if err := checkPredictions(file, rows); err != nil {
		return "", err
	}
	stored, err := content.Put(ctx, in.Store, func(to io.Writer) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(to, file)
		return err
	})
	return stored.SHA256, err
}
