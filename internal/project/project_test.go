package project_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
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

// A document that says that it is another's is nobody's: whoever wrote the number behind the one it claims would try for ever.
func TestSpecOfAnotherKeyIsInvalid(t *testing.T) {
	for name, change := range map[string]func(*mlops.SpecDocument){
		"number": func(d *mlops.SpecDocument) { d.Sequence = 1 },
		"name":   func(d *mlops.SpecDocument) { d.Name = "trains" },
		"kind":   func(d *mlops.SpecDocument) { d.Kind = mlops.KindModel },
	} {
		store := memstore.New()
		on := open(store)
		first, _, err := on.CreateSpec(t.Context(), dataset(20))
		if err != nil {
			t.Fatal(err)
		}
		if err := on.DeleteSpec(t.Context(), mlops.KindDataset, "flights", ""); err != nil {
			t.Fatal(err)
		}
		document, err := on.SpecDocument(t.Context(), mlops.KindDataset, "flights")
		if err != nil {
			t.Fatal(err)
		}
		change(&document)
		data, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		store.Put(project.SpecKey(mlops.KindDataset, "flights", 2), data)
		if _, _, err := on.CreateSpec(t.Context(), dataset(30)); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: create: %v, want invalid", name, err)
		}
		repaired, err := on.RepairSpec(t.Context(), dataset(30), first.Incarnation)
		if err != nil || repaired.Sequence != 3 {
			t.Errorf("%s: repair: number %d, %v; want 3", name, repaired.Sequence, err)
		}
	}
}

// Content that names another object is not that object's, however well it reads.
func TestContentOfAnotherNameIsInvalid(t *testing.T) {
	store := memstore.New()
	on := open(store)
	if _, _, err := on.CreateSpec(t.Context(), dataset(20)); err != nil {
		t.Fatal(err)
	}
	document, err := on.SpecDocument(t.Context(), mlops.KindDataset, "flights")
	if err != nil {
		t.Fatal(err)
	}
	document.Sequence, document.Content = 2, json.RawMessage(`{"name":"trains"}`)
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	store.Put(project.SpecKey(mlops.KindDataset, "flights", 2), data)
	var spec mlops.Dataset
	if _, err := on.Spec(t.Context(), mlops.KindDataset, "flights", &spec); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("spec: %v, want invalid", err)
	}
	if declared, err := on.Specs(t.Context(), mlops.KindDataset); len(declared) != 0 || !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("specs: %v, %v; want none and invalid", declared, err)
	}
}

// What an editor leaves beside a document hides nothing and stops nobody.
func TestFilesBesideSpecsArePassedOver(t *testing.T) {
	store := memstore.New()
	on := open(store)
	if _, _, err := on.CreateSpec(t.Context(), dataset(20)); err != nil {
		t.Fatal(err)
	}
	store.Put("specs/datasets/flights/000000000001.json.orig", []byte("{"))
	store.Put("specs/datasets/flights/notes.txt", []byte("?"))
	updated, err := on.UpdateSpec(t.Context(), dataset(30))
	if err != nil || updated.Sequence != 2 {
		t.Errorf("update: number %d, %v; want 2", updated.Sequence, err)
	}
	if declared, err := on.Specs(t.Context(), mlops.KindDataset); len(declared) != 1 || err != nil {
		t.Errorf("specs: %v, %v; want the one", declared, err)
	}
}

// A snapshot that was changed, or whose log was begun anew, is no cache of it: the log is folded from its start.
func TestSnapshotThatCannotBeTrusted(t *testing.T) {
	for name, spoil := range map[string]func(store *memstore.Store, log eventlog.Log, snapshot string){
		"changed by hand": func(store *memstore.Store, _ eventlog.Log, snapshot string) {
			data, _ := store.Read(t.Context(), snapshot)
			store.Put(snapshot, []byte(strings.Replace(string(data), `"incarnation":"one"`, `"incarnation":"two"`, 1)))
		},
		"of another log": func(store *memstore.Store, log eventlog.Log, snapshot string) {
			data, _ := store.Read(t.Context(), log.Key(1))
			store.Put(log.Key(1), []byte(strings.Replace(string(data), `"control"`, `"somebody"`, 1)))
			_ = store.Delete(t.Context(), log.Key(2))
		},
	} {
		store := memstore.New()
		on := open(store)
		state := mlops.NewState("delay")
		for _, event := range []mlops.Event{{Type: mlops.ModelCreated, Incarnation: "one", Actor: mlops.Controller}, {Type: mlops.ModelFrozen}} {
			var err error
			if state, err = on.AppendModel(t.Context(), state, event); err != nil {
				t.Fatal(err)
			}
		}
		if err := on.KeepModel(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		spoil(store, on.ModelLog("delay"), store.Keys("snapshots/")[0])
		opened, err := on.Model(t.Context(), "delay")
		if err != nil || opened.Incarnation != "one" || name == "of another log" && opened.Sequence != 1 {
			t.Errorf("%s: opened %+v, %v", name, opened, err)
		}
	}
}

// A log is opened in as many calls at 10 events as at 100,000 when a snapshot stands at its head.
func TestOpeningALogCostsTheSame(t *testing.T) {
	made := map[int64]int{}
	for _, length := range []int64{10, 100_000} {
		store := memstore.New()
		on := open(store)
		state := mlops.NewState("delay")
		head := []byte(`{"sequence":1}`)
		state.Sequence, state.SHA256 = length, eventlog.Hash(head)
		store.Put(on.ModelLog("delay").Key(length), head)
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
	if made[10] != made[100_000] || made[10] != 4 {
		t.Errorf("calls: %v, want 4 for both", made)
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

// Who asks may have any name of any length; what is no request by its size is neither written nor read.
func TestRequestsOfStrangeSizes(t *testing.T) {
	store := memstore.New()
	on := open(store)
	for _, name := range []string{"", "../../etc/passwd", "Ada\x00\n", "名前", strings.Repeat("long", 1000), "-"} {
		if _, err := on.Ask(t.Context(), mlops.Request{Actor: mlops.Actor{Name: name}, Action: mlops.ActionTrain, Model: "delay"}); err != nil {
			t.Errorf("asked by %.20q: %v", name, err)
		}
	}
	for _, key := range store.Keys("requests/") {
		if len(key) > 200 || strings.Count(key, "/") != 2 {
			t.Errorf("a request stands at %q", key)
		}
	}
	if _, err := on.Ask(t.Context(), mlops.Request{Model: "delay", Reason: strings.Repeat("x", 1<<20)}); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("a reason of a megabyte: %v, want invalid", err)
	}
	store.Put("requests/mallory/1.json", make([]byte, 1<<20))
	requests, err := on.Requests(t.Context())
	if len(requests) != 6 || err == nil || store.CallCounts()[memstore.VerbRead] != 6 {
		t.Errorf("%d requests, %v, after %v; want 6 and an error for the one that is no request, unread", len(requests), err, store.CallCounts())
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

// Where there is an inbox, who asks is the owner of the folder, whatever the request says; what stands in the store of old asks
// nothing, and on one machine nobody becomes verified by saying so.
func TestWhoAsksIsTheFoldersOwner(t *testing.T) {
	const ada, mallory = "0ada0000-0000-4000-8000-000000000001", "0bad0000-0000-4000-8000-000000000002"
	store, inbox := memstore.New(), memstore.New()
	on := open(store)
	on.Inbox = &platform.Inbox{Store: inbox, Self: func(context.Context) (string, error) { return ada, nil }}
	asked, err := on.Ask(t.Context(), mlops.Request{Actor: mlops.Actor{Name: "somebody"}, Action: mlops.ActionApprove, Model: "delay"})
	if err != nil || asked.Actor != (mlops.Actor{Name: ada, ID: ada, Verified: true}) || len(store.Keys("")) > 0 {
		t.Fatalf("%+v, %v, in the store %v", asked.Actor, err, store.Keys(""))
	}
	forged, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	inbox.Put(mallory+"/"+asked.ID+".json", forged)     // Ada's words in Mallory's folder
	store.Put("requests/ada/"+asked.ID+".json", forged) // and where requests stood once
	requests, err := on.Requests(t.Context())
	if err != nil || len(requests) != 2 || requests[0].Actor.ID != ada || requests[1].Actor.ID != mallory {
		t.Fatalf("%+v, %v; want Ada's own and one that is Mallory's", requests, err)
	}
	if err := on.Answered(t.Context(), requests[0]); err != nil || len(inbox.Keys(ada)) != 0 {
		t.Errorf("answered: %v, left are %v", err, inbox.Keys(""))
	}
	local := open(store)
	asked.Actor = mlops.Actor{Name: "ada", ID: ada, Verified: true}
	if forged, err = json.Marshal(asked); err != nil {
		t.Fatal(err)
	}
	store.Put("requests/ada/"+asked.ID+".json", forged)
	if requests, err = local.Requests(t.Context()); err != nil || len(requests) != 1 || requests[0].Actor.Verified || requests[0].Actor.ID != "" {
		t.Errorf("%+v, %v; want one that nobody has verified", requests, err)
	}
}

// Whose own folder is closed asks as his group, where that is open; whom nothing lets in is told who he is.
func TestAMemberAsksAsHisGroup(t *testing.T) {
	const ada, group = "0ada0000-0000-4000-8000-000000000001", "09000000-0000-4000-8000-000000000002"
	on, closed := open(memstore.New()), []string{ada}
	inbox := memstore.New()
	inbox.Before = func(verb, key string) error {
		if folder, _, _ := strings.Cut(key, "/"); verb == memstore.VerbCreate && slices.Contains(closed, folder) {
			return mlops.ErrForbidden
		}
		return nil
	}
	on.Inbox = &platform.Inbox{
		Store: inbox, Self: func(context.Context) (string, error) { return ada, nil },
		Groups: func(context.Context) ([]string, error) { return []string{group}, nil },
	}
	asked, err := on.Ask(t.Context(), mlops.Request{Action: mlops.ActionApprove, Model: "delay"})
	if err != nil || asked.Actor.ID != group || len(inbox.Keys(group)) != 1 {
		t.Errorf("%+v, %v", asked.Actor, err)
	}
	closed = append(closed, group)
	if _, err := on.Ask(t.Context(), mlops.Request{Action: mlops.ActionApprove, Model: "delay"}); !errors.Is(err, mlops.ErrForbidden) || !strings.Contains(err.Error(), "You are object id "+ada) {
		t.Errorf("%v", err)
	}
}

func total(store *memstore.Store) int {
	sum := 0
	for _, count := range store.CallCounts() {
		sum += count
	}
	return sum
}
