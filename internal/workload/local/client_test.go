//go:build linux || darwin

package local

import (
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func newTestClient(t *testing.T) *Client {
	t.Helper()
	client, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestApplyTakesOnlyWhatWasRead(t *testing.T) {
	client, ctx := newTestClient(t), t.Context()
	manifest := service("model", 1, 1)
	manifest.LogSequence, manifest.SpecSequence = 5, 5
	if _, err := client.Apply(ctx, manifest, "1-abc"); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a revision of what is not there: %v, want ErrConflict", err)
	}
	live, err := client.Apply(ctx, manifest, "")
	if err != nil {
		t.Fatal(err)
	}
	if !live.InSync() {
		t.Error("out of sync right after an apply")
	}
	if _, err := client.Apply(ctx, manifest, ""); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("made again over a live one: %v, want ErrConflict", err)
	}
	for name, sequences := range map[string][2]int64{"log": {4, 9}, "spec": {9, 4}} {
		older := manifest
		older.LogSequence, older.SpecSequence = sequences[0], sequences[1]
		if _, err := client.Apply(ctx, older, live.Revision); !errors.Is(err, mlops.ErrConflict) {
			t.Errorf("a lower %s sequence: %v, want ErrConflict", name, err)
		}
	}
	manifest.LogSequence = 6
	if _, err := client.Apply(ctx, manifest, live.Revision); err != nil {
		t.Errorf("what was read, with more seen: %v, want it taken", err)
	}
	if _, err := client.Apply(ctx, manifest, live.Revision); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a revision that is no more: %v, want ErrConflict", err)
	}
}

func TestOneOfManyWritersWins(t *testing.T) {
	client, ctx := newTestClient(t), t.Context()
	live, err := client.Apply(ctx, service("model", 1, 1), "")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var won atomic.Int64
	for i := range int64(16) {
		wait.Go(func() {
			_, err := client.Apply(ctx, service("model", 1, 2+i), live.Revision)
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, mlops.ErrConflict):
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers won, want 1", won.Load())
	}
}

func TestHandEditIsSeenAndRepaired(t *testing.T) {
	edits := map[string]func(string) string{
		"a value":  func(s string) string { return strings.Replace(s, `"replicas": 1`, `"replicas": 7`, 1) },
		"no JSON":  func(string) string { return "{" },
		"emptied":  func(string) string { return "" },
		"no sense": func(s string) string { return strings.Replace(s, `"replicas": 1`, `"replicas": -7`, 1) },
		"a name":   func(s string) string { return strings.Replace(s, `"name": "model"`, `"name": "other"`, 1) },
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			client, ctx := newTestClient(t), t.Context()
			manifest := service("model", 1, 1)
			before, err := client.Apply(ctx, manifest, "")
			if err != nil {
				t.Fatal(err)
			}
			path := client.folder.workload(workload.KindService, "model")
			content, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, []byte(edit(string(content))), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			edited, err := client.Get(ctx, workload.KindService, "model")
			if err != nil || edited.InSync() {
				t.Fatalf("%+v (%v), want a workload that is out of sync", edited, err)
			}
			if _, err := client.Apply(ctx, manifest, before.Revision); !errors.Is(err, mlops.ErrConflict) {
				t.Errorf("an apply that has not seen the edit: %v, want ErrConflict", err)
			}
			repaired, err := client.Apply(ctx, manifest, edited.Revision)
			if err != nil || !repaired.InSync() || repaired.Manifest.Hash() != manifest.Hash() {
				t.Errorf("%+v (%v), want it repaired", repaired, err)
			}
		})
	}
}

func TestBadManifestsAreRefused(t *testing.T) {
	bad := map[string]func(*workload.Manifest){
		"a path as its name": func(m *workload.Manifest) { m.Name = "../model" },
		"no kind":            func(m *workload.Manifest) { m.Kind = "" },
		"another kind":       func(m *workload.Manifest) { m.Kind = workload.KindJob },
		"no containers":      func(m *workload.Manifest) { m.Service.Pod.Containers = nil },
		"no command":         func(m *workload.Manifest) { m.Service.Pod.Containers[0].Command = nil },
		"a port of nobody":   func(m *workload.Manifest) { m.Service.Port = "other" },
		"replicas":           func(m *workload.Manifest) { m.Service.Replicas = -1 },
		"same container":     func(m *workload.Manifest) { m.Service.Pod.Init = m.Service.Pod.Containers },
	}
	for name, spoil := range bad {
		t.Run(name, func(t *testing.T) {
			manifest := service("model", 1, 1)
			spoil(&manifest)
			if _, err := newTestClient(t).Apply(t.Context(), manifest, ""); !errors.Is(err, mlops.ErrInvalid) {
				t.Errorf("%v, want ErrInvalid", err)
			}
		})
	}
}

func TestJobNeverChanges(t *testing.T) {
	client, ctx := newTestClient(t), t.Context()
	live, err := client.Apply(ctx, job("train", time.Minute, "exit", "0"), "")
	if err != nil {
		t.Fatal(err)
	}
	if live.Status.Phase != workload.PhasePending {
		t.Errorf("phase %q, want pending", live.Status.Phase)
	}
	if _, err := client.Apply(ctx, job("train", time.Minute, "exit", "1"), live.Revision); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("another job under the same name: %v, want ErrInvalid", err)
	}
}

func TestNothingRunsSaysWhatToDo(t *testing.T) {
	running, message := newTestClient(t).Running(t.Context())
	if running || !strings.Contains(message, "start `mlops local`") {
		t.Errorf("%t %q, want what to start", running, message)
	}
}

func TestEndpointIsKnownBeforeAnythingRuns(t *testing.T) {
	project := mlops.Project{Local: &mlops.Local{Path: ".mlops", Port: 9000}}
	if got, want := newTestClient(t).Endpoint(project, "delay"), "http://127.0.0.1:9000/delay"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
