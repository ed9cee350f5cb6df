package artifact_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/artifact"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func keep(store *memstore.Store, content string, rows int64) mlops.Split {
	sum := sha256.Sum256([]byte(content))
	split := mlops.Split{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(content)), Rows: rows}
	store.Put(mlops.DataKey(split.SHA256), []byte(content))
	return split
}

func keepVersion(t *testing.T, store *memstore.Store, number int64, training, holdout mlops.Split) {
	t.Helper()
	data, err := json.Marshal(mlops.DatasetManifest{
		Schema: mlops.DatasetManifestSchema, Dataset: "flights", Number: number, Columns: []string{"a", "late"}, Training: training, Holdout: holdout,
	})
	if err != nil {
		t.Fatal(err)
	}
	store.Put(fmt.Sprintf("datasets/flights/%012d/manifest.json", number), data)
}

// A candidate and a champion see the same rows of a holdout: those that neither learned from. What they saw is kept.
func TestHoldoutLeavesOutWhatWasLearned(t *testing.T) {
	in, store := newProject()
	keepVersion(t, store, 1, keep(store, "a,late\n1,x\n2,y\n", 2), keep(store, "a,late\n3,z\n", 1))
	keepVersion(t, store, 2, keep(store, "late,a\nq,9\n", 1), keep(store, "a,late\n1,x\n5,\"v,w\"\n9,q\n12,\n", 4))
	dir := t.TempDir()
	request := artifact.FetchRequest{
		Dataset: "flights", DatasetVersion: 2, Split: artifact.SplitHoldout, InputTo: filepath.Join(dir, "input"),
		Exclude: []artifact.DatasetVersion{{Dataset: "flights", Number: 1}, {Dataset: "flights", Number: 2}},
		Output:  filepath.Join(dir, "output"), Note: filepath.Join(dir, "fetched.json"),
	}
	write(t, filepath.Join(dir, "output/old"), "of before")
	note, err := artifact.Fetch(t.Context(), in, request)
	if err != nil {
		t.Fatal(err)
	}
	want := "a,late\n5,\"v,w\"\n12,\n"
	if got := read(t, filepath.Join(dir, "input/data.csv")); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if note.HoldoutRows != 2 || note.ExcludedRows != 2 || note.HoldoutSHA256 != note.InputSHA256 {
		t.Errorf("noted %+v", note)
	}
	if kept, err := store.Read(t.Context(), mlops.DataKey(note.HoldoutSHA256)); err != nil || string(kept) != want {
		t.Errorf("kept %q, %v", kept, err)
	}
	if left, err := os.ReadDir(request.Output); err != nil || len(left) > 0 {
		t.Errorf("the output folder holds %v, %v", left, err)
	}

	// The evaluation then carries the note into the step's output.
	write(t, filepath.Join(dir, "output/metrics.json"), `{"auc": 0.7}`)
	write(t, filepath.Join(dir, "output/predictions.csv"), "row,label,score\n0,1,0.5\n1,0,0.25\n")
	published := artifact.PublishRequest{Model: "delay", RunID: "run-1", Attempt: 1, Step: mlops.StepEvaluateCandidate, From: request.Output, Note: request.Note}
	if _, _, err := artifact.Publish(t.Context(), in, published); err != nil {
		t.Fatal(err)
	}
	output := stepOutput(t, store, mlops.StepEvaluateCandidate)
	if output.HoldoutSHA256 != note.HoldoutSHA256 || output.ExcludedRows != 2 || output.HoldoutRows != 2 || output.PredictionsSHA256 == "" {
		t.Errorf("published %+v", output)
	}
	write(t, filepath.Join(dir, "output/predictions.csv"), "row,label,score\n2,1,0.5\n")
	published.Step = mlops.StepEvaluateChampion
	if _, _, err := artifact.Publish(t.Context(), in, published); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("a prediction for a row that is not there: %v", err)
	}
	write(t, filepath.Join(dir, "output/predictions.csv"), "row,label,score\n1,0,0.25\n")
	if _, _, err := artifact.Publish(t.Context(), in, published); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), "scores 1 of the 2 rows") {
		t.Errorf("a row that was not scored: %v", err)
	}
}

// Train sees the training split, byte for byte.
func TestFetchTrainingSplit(t *testing.T) {
	in, store := newProject()
	keepVersion(t, store, 1, keep(store, "a,late\n1,x\n", 1), keep(store, "a,late\n3,z\n", 1))
	to := filepath.Join(t.TempDir(), "input")
	note, err := artifact.Fetch(t.Context(), in, artifact.FetchRequest{Dataset: "flights", DatasetVersion: 1, Split: artifact.SplitTraining, InputTo: to})
	if err != nil || note.InputRows != 1 || note.HoldoutSHA256 != "" {
		t.Fatal(note, err)
	}
	if got := read(t, filepath.Join(to, "data.csv")); got != "a,late\n1,x\n" {
		t.Errorf("got %q", got)
	}
}

// Bytes that are not what their name says never reach a container.
func TestFetchChecksHashes(t *testing.T) {
	in, store := newProject()
	training := keep(store, "a,late\n1,x\n", 1)
	keepVersion(t, store, 1, training, training)
	store.Put(mlops.DataKey(training.SHA256), []byte("a,late\n6,x\n"))
	to := t.TempDir()
	_, err := artifact.Fetch(t.Context(), in, artifact.FetchRequest{Dataset: "flights", DatasetVersion: 1, Split: artifact.SplitTraining, InputTo: to})
	if !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("split: got %v, want mlops.ErrInvalid", err)
	}
	model := filepath.Join(t.TempDir(), "model")
	_, err = artifact.Fetch(t.Context(), in, artifact.FetchRequest{ArtifactSHA256: training.SHA256, ModelTo: model})
	if !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("artifact: got %v, want mlops.ErrInvalid", err)
	}
	for _, path := range []string{filepath.Join(to, "data.csv"), model} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
}

// A request that cannot be met says why.
func TestFetchRefusesBadRequests(t *testing.T) {
	in, store := newProject()
	split := keep(store, "a,late\n1,x\n", 1)
	keepVersion(t, store, 1, split, split)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		request artifact.FetchRequest
		want    error
	}{
		"artifact without folder": {artifact.FetchRequest{ArtifactSHA256: "ab"}, mlops.ErrInvalid},
		"artifact that is a path": {artifact.FetchRequest{ArtifactSHA256: "../../etc/passwd", ModelTo: dir + "/m"}, mlops.ErrInvalid},
		"artifact never stored":   {artifact.FetchRequest{ArtifactSHA256: fmt.Sprintf("%064d", 0), ModelTo: dir + "/m"}, mlops.ErrNotFound},
		"unknown split":           {artifact.FetchRequest{Dataset: "flights", DatasetVersion: 1, Split: "test", InputTo: dir + "/i"}, mlops.ErrInvalid},
		"unknown version":         {artifact.FetchRequest{Dataset: "flights", DatasetVersion: 7, Split: "training", InputTo: dir + "/i"}, mlops.ErrNotFound},
		"nothing left": {artifact.FetchRequest{Dataset: "flights", DatasetVersion: 1, Split: "holdout", InputTo: dir + "/i",
			Exclude: []artifact.DatasetVersion{{Dataset: "flights", Number: 1}}}, mlops.ErrInvalid},
	} {
		if _, err := artifact.Fetch(t.Context(), in, c.request); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for _, text := range []string{"", "flights", "flights/", "flights/0", "flights/x", "../1", "flights/1/2"} {
		if _, err := artifact.ParseDatasetVersion(text); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
