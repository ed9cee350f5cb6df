package project_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

var errStore = errors.New("the reply was lost")

func open(store platform.Store) *project.Project {
	on := project.Open(platform.Platform{Place: "file:.mlops", Store: store}, "test")
	on.Now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	return on
}

func dataset(holdout int64) mlops.Dataset {
	return mlops.Dataset{Name: "flights", HoldoutPercent: holdout}
}

func TestSpecLivesDiesAndLivesAgain(t *testing.T) {
	on := open(memstore.New())
	first, adopted, err := on.CreateSpec(t.Context(), dataset(20))
	if err != nil || adopted || first.Sequence != 1 {
		t.Fatalf("create: %+v, adopted %v, %v", first, adopted, err)
	}
	if _, adopted, err = on.CreateSpec(t.Context(), dataset(20)); err != nil || !adopted {
		t.Errorf("the same again: adopted %v, %v; want adopted", adopted, err)
	}
	if _, _, err = on.CreateSpec(t.Context(), dataset(30)); !errors.Is(err, mlops.ErrExists) {
		t.Errorf("another content over a live name: %v, want exists already", err)
	}
	same, err := on.UpdateSpec(t.Context(), dataset(20))
	if err != nil || same.Sequence != 1 {
		t.Errorf("an update to the same: number %d, %v; want number 1 still", same.Sequence, err)
	}
	second, err := on.UpdateSpec(t.Context(), dataset(30))
	if err != nil || second.Sequence != 2 || second.Incarnation != first.Incarnation {
		t.Errorf("update: %+v, %v; want number 2 of the same incarnation", second, err)
	}
	if err := on.DeleteSpec(t.Context(), mlops.KindDataset, "flights", "another life"); err != nil {
		t.Fatal(err)
	}
	var spec mlops.Dataset
	if _, err := on.Spec(t.Context(), mlops.KindDataset, "flights", &spec); err != nil || spec.HoldoutPercent != 30 {
		t.Errorf("a delete of another incarnation removed it: %+v, %v", spec, err)
	}
	for range 2 {
		if err := on.DeleteSpec(t.Context(), mlops.KindDataset, "flights", first.Incarnation); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := on.Spec(t.Context(), mlops.KindDataset, "flights", &spec); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("after the delete: %v, want not found", err)
	}
	again, adopted, err := on.CreateSpec(t.Context(), dataset(20))
	if err != nil || adopted || again.Sequence != 4 || again.Incarnation == first.Incarnation {
		t.Errorf("create over a deleted name: %+v, adopted %v, %v; want number 4 of a new incarnation", again, adopted, err)
	}
}

func TestHandEditedSpecIsNotIntact(t *testing.T) {
	store := memstore.New()
	on := open(store)
	document, _, err := on.CreateSpec(t.Context(), dataset(20))
	if err != nil {
		t.Fatal(err)
	}
	document.Content = json.RawMessage(`{"name":"flights","columns":null,"minimum_rows":0,"holdout_percent":50}`)
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	key := project.SpecKey(mlops.KindDataset, "flights", 1)
	if err := errors.Join(store.Delete(t.Context(), key), store.Create(t.Context(), key, data)); err != nil {
		t.Fatal(err)
	}
	live, err := on.SpecDocument(t.Context(), mlops.KindDataset, "flights")
	if err != nil || live.Intact() {
		t.Errorf("intact %v, %v; want a document that was changed", live.Intact(), err)
	}
	repaired, err := on.UpdateSpec(t.Context(), dataset(50))
	if err != nil || repaired.Sequence != 2 || !repaired.Intact() {
		t.Errorf("repair: %+v, %v; want number 2, intact", repaired, err)
	}
}

func TestSpecsOnePoisonDocumentHidesNoOther(t *testing.T) {
	store := memstore.New()
	on := open(store)
	for _, name := range []string{"a", "b", "c"} {
		spec := dataset(20)
		spec.Name = name
		if _, _, err := on.CreateSpec(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Create(t.Context(), project.SpecKey(mlops.KindDataset, "b", 2), []byte("{poison")); err != nil {
		t.Fatal(err)
	}
	declared, err := on.Specs(t.Context(), mlops.KindDataset)
	if len(declared) != 2 || err == nil {
		t.Errorf("%d specs and error %v; want the 2 that can be read and an error that names the third", len(declared), err)
	}
}

// A log is opened in as many calls at 10 events as at 100,000 when a snapshot stands at its head.
func TestOpeningALogCostsTheSame(t *testing.T) {
	made := map[int64]int{}
	for _, length := range []int64{10, 100_000} {
		store := memstore.New()
		on := open(store)
		state := mlops.NewState("delay")
		state.Sequence, state.SHA256 = length, fmt.Sprintf("%064d", length)
		if err := on.KeepModel(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		before := total(store)
		opened, err := on.Model(t.Context(), "delay")
		if err != nil || opened.Sequence != length {
			t.Fatalf("opened at %d, %v", opened.Sequence, err)
		}
		made[length] = total(store) - before
	}
	if made[10] != made[100_000] || made[10] != 3 {
		t.Errorf("calls: %v, want 3 for both", made)
	}
}

func TestAppendAfterALostReplyIsNotDoubled(t *testing.T) {
	store := memstore.New()
	lose := true
	store.After = func(verb, _ string) error {
		if verb == memstore.VerbCreate && lose {
			lose = false
			return errStore
		}
		return nil
	}
	on := open(store)
	state, err := on.AppendModel(t.Context(), mlops.NewState("delay"), mlops.Event{Type: mlops.ModelCreated, Incarnation: "one"})
	if err != nil || state.Sequence != 1 {
		t.Fatalf("append: %d, %v", state.Sequence, err)
	}
	folded, err := on.Model(t.Context(), "delay")
	if err != nil || folded.Sequence != 1 || folded.Incarnation != "one" {
		t.Errorf("folded: %+v, %v", folded, err)
	}
	if _, err := on.AppendModel(t.Context(), mlops.NewState("delay"), mlops.Event{Type: mlops.ModelCreated, Incarnation: "two"}); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a second first event: %v, want conflict", err)
	}
}

func TestPoisonEventParksItsModel(t *testing.T) {
	for name, document := range map[string]string{
		"not JSON":     "{poison",
		"unknown type": `{"schema":"mlops/run-event/v9","writer":"w","sequence":1,"previous":"","time":"2026-01-02T03:04:05Z","type":"teleported"}`,
		"impossible":   `{"schema":"mlops/run-event/v1","writer":"w","sequence":1,"previous":"","time":"2026-01-02T03:04:05Z","type":"promoted","run_id":"run-1"}`,
	} {
		store := memstore.New()
		on := open(store)
		if err := store.Create(t.Context(), on.ModelLog("delay").Key(1), []byte(document)); err != nil {
			t.Fatal(err)
		}
		state, err := on.Model(t.Context(), "delay")
		if err != nil || state.Parked == "" {
			t.Errorf("%s: parked %q, %v; want a parked model and no error", name, state.Parked, err)
		}
		if _, err := on.AppendModel(t.Context(), state, mlops.Event{Type: mlops.ModelCreated}); err == nil {
			t.Errorf("%s: an event was appended to a parked model", name)
		}
	}
}

func TestRequestOfAnotherFolderIsRefused(t *testing.T) {
	store := memstore.New()
	on := open(store)
	asked, err := on.Ask(t.Context(), mlops.Request{Actor: mlops.Actor{Name: "Ada@Example.com"}, Action: mlops.ActionApprove, Model: "delay"})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), "requests/mallory/"+asked.ID+".json", forged); err != nil {
		t.Fatal(err)
	}
	requests, err := on.Requests(t.Context())
	if len(requests) != 1 || requests[0].Actor.Name != "Ada@Example.com" || err == nil {
		t.Errorf("%+v, %v; want Ada's own and an error that names the forged one", requests, err)
	}
	if err := on.Answered(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	if requests, _ = on.Requests(t.Context()); len(requests) != 0 {
		t.Errorf("%d requests are left", len(requests))
	}
}

func total(store *memstore.Store) int {
	sum := 0
	for _, count := range store.CallCounts() {
		sum += count
	}
	return sum
}
