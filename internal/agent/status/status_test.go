package status_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/fakeworkloads"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/story"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/status"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func open() (*project.Project, *memstore.Store) {
	store := memstore.New()
	return project.Open(platform.Platform{Place: "file:.mlops", Store: store, Workloads: fakeworkloads.New()}, "test"), store
}

func read(t *testing.T, in *project.Project) status.View {
	t.Helper()
	view, err := status.Read(t.Context(), in, "")
	if err != nil {
		t.Fatal(err)
	}
	return view
}

// One look shows what is in production, what waits, what drifts, and what to type.
func TestViewOfAProject(t *testing.T) {
	in, _ := open()
	story.Plant(t, in)
	view := read(t, in)
	if len(view.Models) != 1 || view.Project != "flights" {
		t.Fatalf("got %+v", view)
	}
	model := view.Models[0]
	if model.Champion == nil || model.Champion.Version != 1 || !model.Champion.Since.Equal(story.Promoted[2]) || model.Versions != 3 {
		t.Errorf("champion %+v of %d versions", model.Champion, model.Versions)
	}
	if len(model.Open) != 1 || model.Open[0].ID != story.Waiting || model.Last == nil || model.Last.ID != story.Rollback {
		t.Errorf("open %+v, last %+v", model.Open, model.Last)
	}
	if len(model.Deployments) != 1 || model.Deployments[0].Wanted != 1 || model.Deployments[0].Message != "is not started yet" {
		t.Errorf("deployments %+v", model.Deployments)
	}
	if len(model.Monitors) != 1 || model.Monitors[0].Verdict != mlops.VerdictCovariate || len(model.Monitors[0].Episodes) != 1 {
		t.Errorf("monitors %+v", model.Monitors)
	}
	if told := view.Notifications; len(told) != 4 || told[0].Summary != "message 40" || told[3].Topic != mlops.TopicDrift {
		t.Errorf("notifications %+v", told)
	}
	var commands []string
	for _, step := range view.Next {
		commands = append(commands, step.Command)
	}
	for _, want := range []string{"mlops approve " + story.Waiting, "mlops drift show " + story.Monitor} {
		if !strings.Contains(strings.Join(commands, "\n"), want) {
			t.Errorf("next is %q, want %q among them", commands, want)
		}
	}
}

// A project that was just applied is shown, with empty lists rather than nulls.
func TestViewOfANewProject(t *testing.T) {
	in, _ := open()
	story.Declare(t, in)
	model := read(t, in).Models[0]
	if model.Champion != nil || model.Open == nil || model.Last != nil || model.Deployments[0].Message != "awaits a model" || model.Monitors[0].Episodes == nil {
		t.Errorf("got %+v", model)
	}
}

// A model that is not declared is named, with those that are.
func TestViewOfAnUnknownModel(t *testing.T) {
	in, _ := open()
	story.Declare(t, in)
	if _, err := status.Read(t.Context(), in, "nobody"); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), story.Model) {
		t.Errorf("got %v", err)
	}
}

// One poisoned log and one poisoned spec hide nothing else.
func TestPoisonIsShown(t *testing.T) {
	in, store := open()
	story.Plant(t, in)
	state, err := in.Model(t.Context(), story.Model)
	if err != nil {
		t.Fatal(err)
	}
	store.Put(in.ModelLog(story.Model).Key(state.Sequence+1), []byte("not JSON"))
	store.Put(project.SpecKey(mlops.KindModel, "poison", 1), []byte("not JSON"))
	view := read(t, in)
	if len(view.Models) != 1 || view.Models[0].Parked == "" || view.Models[0].Champion == nil || len(view.Faults) != 1 {
		t.Errorf("got %+v, faults %q", view.Models, view.Faults)
	}
}

// What a look costs does not grow with what has happened.
func TestCostDoesNotGrowWithHistory(t *testing.T) {
	cost := func(events int) map[string]int {
		in, store := open()
		story.Plant(t, in)
		state, err := in.Model(t.Context(), story.Model)
		if err != nil {
			t.Fatal(err)
		}
		for range events {
			state, err = in.AppendModel(t.Context(), state, mlops.Event{Type: mlops.RequestRefused, Actor: mlops.Actor{Name: "ada"}, Reason: "no"})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := in.KeepModel(t.Context(), state); err != nil { // as the controller does
			t.Fatal(err)
		}
		store.ResetCalls()
		read(t, in)
		return store.CallCounts()
	}
	few, many := cost(10), cost(2000)
	if !maps.Equal(few, many) {
		t.Errorf("%v calls at few events, %v at many", few, many)
	}
}
