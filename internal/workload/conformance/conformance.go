// Package conformance is what workloads of every platform must do, as tests that each implementation runs: a write takes
// only what was read, of many writers one wins, nobody who has seen less overwrites one who has seen more, and a delete
// means one life of a name. It must not know which platform it tests, nor that anything runs.
package conformance

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Run runs the suite; open gives a platform with nothing declared each time.
func Run(t *testing.T, open func(t *testing.T) platform.Workloads) {
	t.Run("an apply takes only what was read", func(t *testing.T) { takesWhatWasRead(t, open(t)) })
	t.Run("of many writers one wins", func(t *testing.T) { race(t, open(t)) })
	t.Run("of many creators one wins", func(t *testing.T) { creators(t, open(t)) })
	t.Run("a job never changes", func(t *testing.T) { jobNeverChanges(t, open(t)) })
	t.Run("manifests that cannot run are refused", func(t *testing.T) { refuses(t, open(t)) })
	t.Run("a delete means one life", func(t *testing.T) { deletesOneLife(t, open(t)) })
	t.Run("a name can be used again", func(t *testing.T) { usedAgain(t, open(t)) })
	t.Run("lists are in order and of one kind", func(t *testing.T) { lists(t, open(t)) })
	t.Run("what was declared comes back", func(t *testing.T) { comesBack(t, open(t)) })
	t.Run("an address is known before anything runs", func(t *testing.T) { address(t, open(t)) })
}

// Service is a manifest of a service that serves a version of a model.
func Service(name string, replicas, version int64) workload.Manifest {
	return workload.Manifest{
		Kind: workload.KindService, Name: name, Owner: "deployments/" + name, Incarnation: "one",
		Service: &workload.Service{
			Replicas: replicas, Version: version, Port: "serve", HealthPort: "serve", HealthPath: "/healthz", ReadyTimeout: mlops.Duration(time.Minute),
			Pod: workload.Pod{
				Containers: []workload.Container{{
					Name: "serve", Image: "model:1", Command: []string{"serve"}, Ports: []string{"serve"},
					Env: map[string]string{"MLOPS_MODEL_VERSION": strconv.FormatInt(version, 10)},
				}},
				GracePeriod: mlops.Duration(time.Second),
			},
		},
	}
}

// Job is a manifest of a job.
func Job(name string, command ...string) workload.Manifest {
	return workload.Manifest{
		Kind: workload.KindJob, Name: name, Owner: "models/model", Incarnation: "one",
		Job: &workload.Job{Timeout: mlops.Duration(time.Minute), Pod: workload.Pod{
			Containers: []workload.Container{{Name: "work", Image: "model:1", Command: command}}, GracePeriod: mlops.Duration(time.Second),
		}},
	}
}

// apply declares what is not there yet.
func apply(t *testing.T, on platform.Workloads, manifest workload.Manifest) workload.Live {
	t.Helper()
	live, err := on.Apply(t.Context(), manifest, "")
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func takesWhatWasRead(t *testing.T, on platform.Workloads) {
	ctx, manifest := t.Context(), Service("model", 1, 1)
	manifest.LogSequence, manifest.SpecSequence = 5, 5
	if _, err := on.Apply(ctx, manifest, "1-abc"); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a revision of what is not there: %v, want ErrConflict", err)
	}
	live := apply(t, on, manifest)
	if !live.InSync() {
		t.Errorf("out of sync right after an apply: %s", live.Status.Message)
	}
	if _, err := on.Apply(ctx, manifest, ""); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("made again over a live one: %v, want ErrConflict", err)
	}
	for name, sequences := range map[string][2]int64{"log": {4, 9}, "spec": {9, 4}} {
		older := manifest
		older.LogSequence, older.SpecSequence = sequences[0], sequences[1]
		if _, err := on.Apply(ctx, older, live.Revision); !errors.Is(err, mlops.ErrConflict) {
			t.Errorf("a lower %s sequence: %v, want ErrConflict", name, err)
		}
	}
	manifest.LogSequence = 6
	if _, err := on.Apply(ctx, manifest, live.Revision); err != nil {
		t.Errorf("what was read, with more seen: %v, want it taken", err)
	}
	if _, err := on.Apply(ctx, manifest, live.Revision); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a revision that is no more: %v, want ErrConflict", err)
	}
}

const writers = 8

func race(t *testing.T, on platform.Workloads) {
	live := apply(t, on, Service("model", 1, 1))
	if won := compete(t, on, live.Revision); won != 1 {
		t.Errorf("%d writers won, want 1", won)
	}
}

func creators(t *testing.T, on platform.Workloads) {
	if won := compete(t, on, ""); won != 1 {
		t.Errorf("%d writers made it, want 1", won)
	}
}

// compete lets many write over one revision, and says how many were taken.
func compete(t *testing.T, on platform.Workloads, revision string) int64 {
	var wait sync.WaitGroup
	var won atomic.Int64
	for i := range int64(writers) {
		wait.Go(func() {
			switch _, err := on.Apply(t.Context(), Service("model", 1, 2+i), revision); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, mlops.ErrConflict):
				t.Error(err)
			}
		})
	}
	wait.Wait()
	return won.Load()
}

func jobNeverChanges(t *testing.T, on platform.Workloads) {
	live := apply(t, on, Job("train", "train", "0"))
	if live.Status.Phase != workload.PhasePending && live.Status.Phase != workload.PhaseRunning {
		t.Errorf("phase %q, want pending", live.Status.Phase)
	}
	if _, err := on.Apply(t.Context(), Job("train", "train", "1"), live.Revision); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("another job under the same name: %v, want ErrInvalid", err)
	}
	if _, err := on.Apply(t.Context(), Job("train", "train", "0"), live.Revision); err != nil {
		t.Errorf("the same job again: %v", err)
	}
}

func refuses(t *testing.T, on platform.Workloads) {
	for name, spoil := range map[string]func(*workload.Manifest){
		"a path as its name": func(m *workload.Manifest) { m.Name = "../model" },
		"no kind":            func(m *workload.Manifest) { m.Kind = "" },
		"another kind":       func(m *workload.Manifest) { m.Kind = workload.KindJob },
		"no containers":      func(m *workload.Manifest) { m.Service.Pod.Containers = nil },
		"no command":         func(m *workload.Manifest) { m.Service.Pod.Containers[0].Command = nil },
		"a port of nobody":   func(m *workload.Manifest) { m.Service.Port = "other" },
		"replicas":           func(m *workload.Manifest) { m.Service.Replicas = -1 },
		"same container":     func(m *workload.Manifest) { m.Service.Pod.Init = m.Service.Pod.Containers },
	} {
		manifest := Service("model", 1, 1)
		spoil(&manifest)
		if _, err := on.Apply(t.Context(), manifest, ""); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func deletesOneLife(t *testing.T, on platform.Workloads) {
	ctx := t.Context()
	apply(t, on, Service("model", 1, 1))
	if err := on.Delete(ctx, workload.KindService, "model", "another"); err != nil {
		t.Error(err)
	}
	if _, err := on.Get(ctx, workload.KindService, "model"); err != nil {
		t.Errorf("a delete of another life removed it: %v", err)
	}
	for range 2 { // what is not there is no error
		if err := on.Delete(ctx, workload.KindService, "model", "one"); err != nil {
			t.Error(err)
		}
		if _, err := on.Get(ctx, workload.KindService, "model"); !errors.Is(err, mlops.ErrNotFound) {
			t.Errorf("%v, want ErrNotFound", err)
		}
	}
}

func usedAgain(t *testing.T, on platform.Workloads) {
	first := apply(t, on, Service("model", 1, 1))
	if err := on.Delete(t.Context(), workload.KindService, "model", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := on.Apply(t.Context(), Service("model", 1, 1), first.Revision); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("over what was deleted: %v, want ErrConflict", err)
	}
	again := apply(t, on, Service("model", 1, 1))
	if again.Revision == first.Revision {
		t.Error("another life has the same revision")
	}
}

func lists(t *testing.T, on platform.Workloads) {
	for _, name := range []string{"b", "c", "a"} {
		apply(t, on, Service(name, 1, 1))
	}
	apply(t, on, Job("b", "train"))
	for kind, want := range map[workload.Kind]string{workload.KindService: "a b c", workload.KindJob: "b", workload.KindSchedule: ""} {
		all, err := on.List(t.Context(), kind)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, live := range all {
			names = append(names, live.Manifest.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

func comesBack(t *testing.T, on platform.Workloads) {
	manifest := Service("model", 2, 7)
	manifest.LogSequence, manifest.SpecSequence = 3, 4
	applied := apply(t, on, manifest)
	live, err := on.Get(t.Context(), workload.KindService, "model")
	if err != nil {
		t.Fatal(err)
	}
	if live.Manifest.Hash() != manifest.Hash() || live.AppliedHash != manifest.Hash() || live.Revision != applied.Revision {
		t.Errorf("%+v, want what was declared", live)
	}
	if live.Manifest.LogSequence != 3 || live.Manifest.SpecSequence != 4 || live.Manifest.Incarnation != "one" {
		t.Errorf("log %d, spec %d, incarnation %q", live.Manifest.LogSequence, live.Manifest.SpecSequence, live.Manifest.Incarnation)
	}
	if _, err := on.Get(t.Context(), workload.KindJob, "model"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("a job of a service's name: %v, want ErrNotFound", err)
	}
}

func address(t *testing.T, on platform.Workloads) {
	project := mlops.Project{Name: "flights"}
	one, other := on.Endpoint(project, mlops.Deployment{Name: "one"}), on.Endpoint(project, mlops.Deployment{Name: "other"})
	if !strings.HasPrefix(one, "http") || one == other || one != on.Endpoint(project, mlops.Deployment{Name: "one"}) {
		t.Errorf("%q and %q", one, other)
	}
}
