package acctest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// EditSpec changes the newest document of a spec by hand.
func EditSpec(t *testing.T, folder string, kind mlops.Kind, name string, edit func(content map[string]any)) {
	t.Helper()
	editJSON(t, SpecFile(t, folder, kind, name), func(document map[string]any) {
		content, ok := document["content"].(map[string]any)
		if !ok {
			t.Fatalf("%s/%s has no content", kind, name)
		}
		edit(content)
	})
}

// SpecFile is the newest document of a spec.
func SpecFile(t *testing.T, folder string, kind mlops.Kind, name string) string {
	t.Helper()
	documents, err := filepath.Glob(filepath.Join(folder, "specs", string(kind), name, "*.json"))
	if err != nil || len(documents) == 0 {
		t.Fatalf("no document of %s/%s: %v", kind, name, err)
	}
	return documents[len(documents)-1]
}

// Spoil makes a document unreadable.
func Spoil(t *testing.T, path string) {
	t.Helper()
	replace(t, path, []byte("{ not JSON"))
}

// EditWorkload changes what the runner is told to run, by hand.
func EditWorkload(t *testing.T, folder, kind, name string, edit func(manifest map[string]any)) {
	t.Helper()
	editJSON(t, WorkloadFile(folder, kind, name), func(document map[string]any) {
		manifest, ok := document["manifest"].(map[string]any)
		if !ok {
			t.Fatalf("workload %s/%s has no manifest", kind, name)
		}
		edit(manifest)
	})
}

// WorkloadFile is where the runner of a project is told to run something.
func WorkloadFile(folder, kind, name string) string {
	return filepath.Join(folder+".runner", "workloads", kind, name+".json")
}

func editJSON(t *testing.T, path string, edit func(map[string]any)) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	edit(document)
	if data, err = json.MarshalIndent(document, "", "  "); err != nil {
		t.Fatal(err)
	}
	replace(t, path, data)
}

// replace is how a hand edits a document that may be read-only.
func replace(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Register writes what the controller would: a run that was trained, judged, registered as the model's next version and
// approved.
func Register(t *testing.T, in *project.Project, model string) (version int64, runID string) {
	t.Helper()
	version, runID = register(t, in, model, mlops.Event{})
	tell(t, in, model, mlops.Event{Type: mlops.RunApproved, RunID: runID, Version: version, Actor: mlops.Actor{Name: "ada"}, Reason: "looks right"})
	return version, runID
}

// Await writes that somebody has asked for a run, and that its candidate waits for approval.
func Await(t *testing.T, in *project.Project, model string, asked mlops.Actor) (version int64, runID string) {
	t.Helper()
	version, runID = register(t, in, model, mlops.Event{Actor: asked, RequestID: asked.Name + "/test"})
	tell(t, in, model, mlops.Event{Type: mlops.RunAwaitingApproval, RunID: runID, Version: version, Deadline: time.Now().Add(24 * time.Hour).UTC()})
	return version, runID
}

// register writes a run up to its registration; asked says who asked for it, if somebody did.
func register(t *testing.T, in *project.Project, model string, asked mlops.Event) (version int64, runID string) {
	t.Helper()
	state, err := in.Model(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	var spec mlops.Model
	document, err := in.Spec(t.Context(), mlops.KindModel, model, &spec)
	if err != nil {
		t.Fatal(err)
	}
	var code mlops.Training
	if _, err := in.Spec(t.Context(), mlops.KindTraining, spec.Training, &code); err != nil {
		t.Fatal(err)
	}
	if state.Incarnation != document.Incarnation {
		tell(t, in, model, mlops.Event{Type: mlops.ModelCreated, Incarnation: document.Incarnation})
	}
	version = int64(len(state.Versions)) + 1
	cause := mlops.Cause{Kind: mlops.CauseRequest, Key: fmt.Sprintf("test-%d", version), Text: "asked for by a test"}
	runID = mlops.RunID(model, document.Incarnation, cause)
	tell(t, in, model,
		mlops.Event{Type: mlops.RunRequested, RunID: runID, Cause: &cause, Actor: asked.Actor, RequestID: asked.RequestID},
		mlops.Event{Type: mlops.RunTraining, RunID: runID, Attempt: 1, Inputs: &mlops.Inputs{
			Dataset: code.Dataset, DatasetVersion: 1, Training: code.Name, Revision: code.Revision(),
			SourceRevision: code.SourceRevision, Image: code.Image, Code: code,
		}},
		mlops.Event{Type: mlops.RunTrained, RunID: runID, Output: &mlops.Output{ArtifactSHA256: strings.Repeat("ab", 32), Bytes: 1},
			Holdout: &mlops.Holdout{Dataset: code.Dataset, Version: 1}},
		mlops.Event{Type: mlops.RunEvaluated, RunID: runID, Judgement: &mlops.Judgement{
			Passed: true, HoldoutDataset: code.Dataset, HoldoutVersion: 1, Metrics: map[string]mlops.MetricJudgement{"auc": {Candidate: 0.7, Method: "minimum/v1", Passed: true}},
		}},
		mlops.Event{Type: mlops.RunRegistered, RunID: runID, Version: version},
	)
	return version, runID
}

// Promoting writes that a registered version is on its way into production, and Promoted that it has arrived.
func Promoting(t *testing.T, in *project.Project, model, runID string, version int64) {
	t.Helper()
	tell(t, in, model, mlops.Event{Type: mlops.RunPromoting, RunID: runID, Version: version, Alias: mlops.AliasChampion})
}

// Promoted ends a promotion.
func Promoted(t *testing.T, in *project.Project, model, runID string, version int64) {
	t.Helper()
	tell(t, in, model, mlops.Event{Type: mlops.RunPromoted, RunID: runID, Version: version, Alias: mlops.AliasChampion})
}

func tell(t *testing.T, in *project.Project, model string, events ...mlops.Event) {
	t.Helper()
	for _, event := range events {
		if event.Actor.Name == "" {
			event.Actor = mlops.Actor{Name: "test"}
		}
		state, err := in.Model(t.Context(), model)
		if err == nil {
			_, err = in.AppendModel(t.Context(), state, event)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
