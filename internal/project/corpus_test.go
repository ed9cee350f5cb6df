package project_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/corpus"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// deaf tells nobody.
type deaf struct{}

func (deaf) Send(context.Context, mlops.Notification, []mlops.Owner) error { return nil }

// writeProject makes a project that has a document of every kind which this package writes.
func writeProject(t *testing.T, to string) {
	store, writers := memstore.New(), 0
	on := open(store)
	on.AgentVersion = "0.1.0"
	on.Notifier = deaf{}
	on.NewWriter = func() string { writers++; return fmt.Sprintf("%016x", writers) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, spec := range corpusSpecs() {
		_, _, err := on.CreateSpec(t.Context(), spec)
		must(err)
	}
	_, _, err := on.CreateSpec(t.Context(), mlops.Dataset{Name: "gone", HoldoutPercent: 20})
	must(err)
	must(on.DeleteSpec(t.Context(), mlops.KindDataset, "gone", ""))
	for _, request := range corpusRequests() {
		_, err := on.Ask(t.Context(), request)
		must(err)
	}
	_, err = on.Notify(t.Context(), corpusNotification(), []mlops.Owner{{Email: "platform@example.com"}})
	must(err)
	monitor := mlops.MonitorState{Monitor: "delay"}
	for _, event := range corpusMonitorEvents() {
		monitor, err = on.AppendMonitor(t.Context(), monitor, event)
		must(err)
	}
	must(on.KeepMonitor(t.Context(), monitor))
	model := mlops.NewState("delay")
	for _, event := range corpusEvents() {
		model, err = on.AppendModel(t.Context(), model, event)
		must(err)
	}
	must(on.KeepModel(t.Context(), model))
	corpus.Save(t, store, to)
}

// Projects that were ever written can be read for ever, also once every document has fields that are not known today. The
// corpus only grows: when a document gets a field, a new folder joins.
func TestCorpus(t *testing.T) {
	if to := corpus.WriteTo(); to != "" {
		writeProject(t, to)
	}
	folders, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			store := corpus.Load(t, folder)
			t.Run("logs", func(t *testing.T) { checkLogs(t, store) })
			t.Run("snapshots", func(t *testing.T) { checkSnapshots(t, store) })
			for name, on := range map[string]*project.Project{"as written": open(store), "as written later": open(grow(t, store))} {
				t.Run(name, func(t *testing.T) {
					checkSpecs(t, on)
					checkRequests(t, on)
					checkNotification(t, on)
					checkEvents(t, on)
				})
			}
		})
	}
}

// grow is the store with unknown fields in every document. Logs are then broken, because it is the documents that are meant.
func grow(t *testing.T, store *memstore.Store) *memstore.Store {
	later := memstore.New()
	for _, key := range store.Keys("") {
		data, err := store.Read(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		switch root, _, _ := strings.Cut(key, "/"); root {
		case "specs":
			data = growSpec(t, data)
		case "requests":
			data = corpus.Later(t, data, mlops.Request{})
		case "alerts":
			data = corpus.Later(t, data, mlops.Notification{})
		case "monitors":
			data = corpus.Later(t, data, mlops.MonitorEvent{})
		case "logs":
			data = corpus.Later(t, data, mlops.Event{})
		case "snapshots":
			data = corpus.Later(t, data, eventlog.Snapshot{})
		default:
			t.Fatalf("%s: no kind of document that this test knows", key)
		}
		later.Put(key, data)
	}
	return later
}

func growSpec(t *testing.T, data []byte) []byte {
	var document mlops.SpecDocument
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	if !document.Deleted {
		spec, err := document.Decode()
		if err != nil {
			t.Fatal(err)
		}
		document.Content = corpus.Later(t, document.Content, spec)
		document.ContentSHA256 = mlops.ContentHash(document.Content)
	}
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return corpus.Later(t, data, document)
}

func checkSpecs(t *testing.T, on *project.Project) {
	t.Helper()
	for _, want := range corpusSpecs() {
		got := reflect.New(reflect.TypeOf(want).Elem()).Interface()
		document, err := on.Spec(t.Context(), want.SpecKind(), want.SpecName(), got)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s/%s: %+v, %v; want %+v", want.SpecKind(), want.SpecName(), got, err, want)
		}
		if document.Schema != mlops.SpecSchema || document.Sequence != 1 || document.Incarnation == "" || document.Writer == "" ||
			document.AgentVersion != "0.1.0" || !document.Time.Equal(corpusDay) || !document.Intact() {
			t.Errorf("%s/%s: its document is %+v", want.SpecKind(), want.SpecName(), document)
		}
	}
	gone, err := on.SpecDocument(t.Context(), mlops.KindDataset, "gone")
	if err != nil || !gone.Deleted || gone.Sequence != 2 {
		t.Errorf("the deleted dataset is %+v, %v", gone, err)
	}
	for _, kind := range mlops.Kinds {
		if live, err := on.Specs(t.Context(), kind); err != nil || len(live) == 0 && kind != mlops.KindDatasetVersion {
			t.Errorf("%s: %d are live, %v", kind, len(live), err)
		}
	}
}

func checkRequests(t *testing.T, on *project.Project) {
	t.Helper()
	requests, err := on.Requests(t.Context())
	want := corpusRequests()
	if err != nil || len(requests) != len(want) {
		t.Fatalf("%d requests, %v; want %d", len(requests), err, len(want))
	}
	for i, got := range requests { // in the order in which they were asked
		if got.Schema != mlops.RequestSchema || got.ID != "20260102T030405Z-"+got.Writer || !got.Time.Equal(corpusDay) {
			t.Errorf("%+v", got)
		}
		got.Schema, got.ID, got.Writer, got.Time = "", "", "", want[i].Time
		if got != want[i] {
			t.Errorf("%+v, want %+v", got, want[i])
		}
	}
}

func checkNotification(t *testing.T, on *project.Project) {
	t.Helper()
	want := corpusNotification()
	data, err := on.Store.Read(t.Context(), "alerts/"+want.Key+".json")
	var got mlops.Notification
	if err == nil {
		err = json.Unmarshal(data, &got)
	}
	want.Schema, want.Writer, want.Time, want.Receivers = mlops.NotificationSchema, got.Writer, corpusDay, []string{"platform@example.com"}
	if err != nil || got.Writer == "" || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// checkEvents reads each document of the logs for itself.
func checkEvents(t *testing.T, on *project.Project) {
	t.Helper()
	read := func(log eventlog.Log, sequence int, into any) mlops.Header {
		t.Helper()
		data, err := on.Store.Read(t.Context(), log.Key(int64(sequence)))
		var header mlops.Header
		if err = errors.Join(err, json.Unmarshal(data, into), json.Unmarshal(data, &header)); err != nil {
			t.Fatal(err)
		}
		if header.Sequence != int64(sequence) || header.Writer == "" || (header.Previous == "") != (sequence == 1) || !header.Time.Equal(corpusDay) {
			t.Errorf("%s: its header is %+v", log.Key(int64(sequence)), header)
		}
		return header
	}
	for i, want := range corpusMonitorEvents() {
		var got mlops.MonitorEvent
		want.Header = read(on.MonitorLog("delay"), i+1, &got)
		if got != want || got.Schema != mlops.MonitorEventSchema {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	for i, want := range corpusEvents() {
		var got mlops.Event
		want.Header = read(on.ModelLog("delay"), i+1, &got)
		if !reflect.DeepEqual(got, want) || got.Schema != mlops.EventSchema {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// checkLogs folds the logs as they stand, chain and all.
func checkLogs(t *testing.T, store *memstore.Store) {
	t.Helper()
	monitor, err := open(store).Monitor(t.Context(), "delay")
	if err != nil || monitor.Parked != "" || monitor.Sequence != 5 || len(monitor.Windows) != 2 || len(monitor.Episodes) != 1 {
		t.Fatalf("%+v, %v", monitor, err)
	}
	if episode := monitor.Episodes[0]; !episode.Accepted || episode.Closed.IsZero() || episode.Verdict != mlops.VerdictCovariate || episode.Reason != "known" {
		t.Errorf("the episode is %+v", episode)
	}
	model, err := open(store).Model(t.Context(), "delay")
	champion, served := model.Champion()
	if err != nil || model.Parked != "" || model.Frozen == nil || !served || champion.Number != 1 || champion.Metrics["auc"] != 0.7 || len(model.Runs) != 1 {
		t.Errorf("%+v, %v", model, err)
	}
}

// checkSnapshots finds that a snapshot is what the log folds to, where this version would use it, and that one which it
// would not use does no harm.
func checkSnapshots(t *testing.T, store *memstore.Store) {
	t.Helper()
	folded := memstore.New()
	for _, key := range store.Keys("") {
		if data, err := store.Read(t.Context(), key); err != nil {
			t.Fatal(err)
		} else if !strings.HasPrefix(key, "snapshots/") {
			folded.Put(key, data)
		}
	}
	for _, read := range []func(on *project.Project) (any, error){
		func(on *project.Project) (any, error) { return on.Model(t.Context(), "delay") },
		func(on *project.Project) (any, error) { return on.Monitor(t.Context(), "delay") },
	} {
		cached, err := read(open(store))
		fresh, err2 := read(open(folded))
		if err = errors.Join(err, err2); err != nil || !reflect.DeepEqual(cached, fresh) {
			t.Errorf("with its snapshot it is\n%+v\nwithout\n%+v\n%v: has a fold changed without FoldVersion?", cached, fresh, err)
		}
	}
	for _, key := range store.Keys("snapshots/") {
		data, err := store.Read(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{data, corpus.Later(t, data, eventlog.Snapshot{})} {
			var snapshot eventlog.Snapshot
			var state mlops.Header // sequence stands in both states
			if err := errors.Join(json.Unmarshal(data, &snapshot), json.Unmarshal(snapshot.State, &state)); err != nil {
				t.Fatal(err)
			}
			if snapshot.Schema != eventlog.SnapshotSchema || snapshot.Head.SHA256 == "" || snapshot.Version < 1 || state.Sequence != snapshot.Head.Sequence {
				t.Errorf("%s: %+v", key, snapshot)
			}
		}
	}
}

// The values of the corpus set every field that there was when they were written.
func TestCorpusIsComplete(t *testing.T) {
	if corpus.WriteTo() == "" {
		t.Skip("asked for where a corpus is written: MLOPS_WRITE_CORPUS=<folder>")
	}
	var specs []any
	for _, spec := range corpusSpecs() {
		specs = append(specs, spec)
	}
	corpus.Complete(t, specs, "Column.Minimum", "Column.Maximum", "Column.Categories", "Column.MaximumNullPercent", "Column.Unit", "Gate.Minimum",
		"Gate.Maximum", "Gate.Custom", "Deployment.Alias", "Deployment.Version", "Deployment.Replicas", "Deployment.Autoscaling",
		"Deployment.DataCollection", "Deployment.Resources", "RollOut.Watch")
	header := mlops.Header{Schema: "s", Writer: "w", Sequence: 1, Previous: "p", Time: corpusDay}
	event := corpusMonitorEvents()[0]
	event.Header = header
	corpus.Complete(t, event, "Actor.Verified", "MonitorEvent.Reason", "MonitorEvent.EpisodeID")
	notification := corpusNotification()
	corpus.Complete(t, notification, "Notification.Schema", "Notification.Writer", "Notification.Time", "Notification.Receivers")
	types := []mlops.MonitorEventType{mlops.WindowJudged, mlops.EpisodeOpened, mlops.EpisodeClosed, mlops.EpisodeAccepted}
	for _, kind := range types {
		if !slices.ContainsFunc(corpusMonitorEvents(), func(event mlops.MonitorEvent) bool { return event.Type == kind }) {
			t.Errorf("no monitor event of the type %q", kind)
		}
	}
}
