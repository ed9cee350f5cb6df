package artifact_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/artifact"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func newProject() (*project.Project, *memstore.Store) {
	store := memstore.New()
	opened := project.Open(platform.Platform{Place: "file:test", Store: store}, "test")
	opened.Now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	return opened, store
}

func trained(from string) artifact.PublishRequest {
	return artifact.PublishRequest{Model: "delay", RunID: "run-1", Attempt: 1, Step: mlops.StepTrain, From: from}
}

func stepOutput(t *testing.T, store *memstore.Store, step string) mlops.StepOutput {
	t.Helper()
	data, err := store.Read(context.Background(), mlops.StepOutputKey("delay", "run-1", 1, step))
	if err != nil {
		t.Fatal(err)
	}
	var output mlops.StepOutput
	if err := json.Unmarshal(data, &output); err != nil {
		t.Fatal(err)
	}
	return output
}

// What train left behind is stored by its hash and comes back from there.
func TestTrainedModelTravels(t *testing.T) {
	in, store := newProject()
	from := t.TempDir()
	write(t, filepath.Join(from, "model/weights.json"), "[1,2]")
	write(t, filepath.Join(from, "metrics.json"), `{"auc": 0.71}`)
	if _, fenced, err := artifact.Publish(t.Context(), in, trained(from)); err != nil || fenced {
		t.Fatal(fenced, err)
	}
	output := stepOutput(t, store, mlops.StepTrain)
	if output.Output == nil || output.Output.Metrics["auc"] != 0.71 || output.Schema != mlops.StepOutputSchema {
		t.Fatalf("stored %+v", output)
	}
	to := filepath.Join(t.TempDir(), "shared", "model")
	write(t, filepath.Join(to, "left-over"), "of a fetch that was killed")
	if _, err := artifact.Fetch(t.Context(), in, artifact.FetchRequest{ArtifactSHA256: output.Output.ArtifactSHA256, ModelTo: to}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(to, "weights.json")); got != "[1,2]" {
		t.Errorf("fetched %q", got)
	}
	if _, err := os.Stat(filepath.Join(to, "left-over")); err == nil {
		t.Error("the folder holds more than the artifact")
	}
}

// Of two pods of one attempt the first output counts; the second ends well and without effect.
func TestPublishIsFenced(t *testing.T) {
	in, store := newProject()
	for i, content := range []string{"first", "second"} {
		from := t.TempDir()
		write(t, filepath.Join(from, "model/weights"), content)
		_, fenced, err := artifact.Publish(t.Context(), in, trained(from))
		if err != nil || fenced != (i == 1) {
			t.Fatalf("%s: fenced %v, %v", content, fenced, err)
		}
	}
	to := filepath.Join(t.TempDir(), "model")
	sum := stepOutput(t, store, mlops.StepTrain).Output.ArtifactSHA256
	if _, err := artifact.Fetch(t.Context(), in, artifact.FetchRequest{ArtifactSHA256: sum, ModelTo: to}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(to, "weights")); got != "first" {
		t.Errorf("what counts is %q", got)
	}
}

// A reply that is lost after the write is no failure and no second output.
func TestPublishSurvivesLostReplies(t *testing.T) {
	in, store := newProject()
	from := t.TempDir()
	write(t, filepath.Join(from, "model/weights"), "w")
	store.After = func(verb, _ string) error {
		if verb == memstore.VerbCreate {
			return errors.New("connection reset")
		}
		return nil
	}
	if _, fenced, err := artifact.Publish(t.Context(), in, trained(from)); err != nil || fenced {
		t.Fatal(fenced, err)
	}
}

// What breaks the contract is said in words, and nothing is published.
func TestPublishSaysWhatTheContractWants(t *testing.T) {
	model := map[string]string{"model/weights": "w"}
	with := func(name, content string) map[string]string {
		return map[string]string{"model/weights": "w", name: content}
	}
	for _, c := range []struct {
		name, step, says string
		files            map[string]string
	}{
		{"no model", mlops.StepTrain, "$MLOPS_OUTPUT_DIR/model/", map[string]string{"metrics.json": "{}"}},
		{"model is a file", mlops.StepTrain, "must be a folder", map[string]string{"model": "w"}},
		{"NaN of Python", mlops.StepTrain, "NaN, which is no number", with("metrics.json", `{"auc": NaN}`)},
		{"NaN as text", mlops.StepTrain, `"auc" is "NaN"`, with("metrics.json", `{"auc": "NaN"}`)},
		{"null", mlops.StepTrain, `"auc" is null`, with("metrics.json", `{"auc": null}`)},
		{"too large", mlops.StepTrain, `"auc" is not a finite number`, with("metrics.json", `{"auc": 1e999}`)},
		{"not flat", mlops.StepTrain, `"auc" is not a finite number`, with("metrics.json", `{"auc": {"mean": 1}}`)},
		{"not JSON", mlops.StepTrain, "not a JSON object", with("metrics.json", `auc=1`)},
		{"no metrics", mlops.StepEvaluateCandidate, "left no metrics", model},
		{"empty metrics", mlops.StepEvaluateCandidate, "left no metrics", map[string]string{"metrics.json": "{}"}},
		{"header", mlops.StepEvaluateChampion, "row,label,score", map[string]string{"metrics.json": `{"auc": 1}`, "predictions.csv": "a,b\n"}},
		{"row twice", mlops.StepEvaluateChampion, "row 0 comes twice", map[string]string{"metrics.json": `{"auc": 1}`, "predictions.csv": "row,label,score\n0,1,0.5\n0,1,0.5\n"}},
		{"score", mlops.StepEvaluateChampion, `score "nan"`, map[string]string{"metrics.json": `{"auc": 1}`, "predictions.csv": "row,label,score\n0,1,nan\n"}},
		{"short line", mlops.StepEvaluateChampion, "predictions.csv", map[string]string{"metrics.json": `{"auc": 1}`, "predictions.csv": "row,label,score\n0\n"}},
		{"unknown step", "deploy", "use one of", model},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, store := newProject()
			from := t.TempDir()
			for name, content := range c.files {
				write(t, filepath.Join(from, name), content)
			}
			request := trained(from)
			request.Step = c.step
			_, _, err := artifact.Publish(t.Context(), in, request)
			if !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
			if keys := store.Keys("runs/"); len(keys) > 0 {
				t.Errorf("%v was published", keys)
			}
		})
	}
}
