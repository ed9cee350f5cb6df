package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/folder"
)

var clock = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// flights is a dataset with every type and role.
func flights() mlops.Dataset {
	return mlops.Dataset{
		Name: "flights",
		Columns: map[string]mlops.Column{
			"departure": {Type: mlops.TypeTimestamp, Role: mlops.RoleTimestamp},
			"miles":     {Type: mlops.TypeNumber, Role: mlops.RoleFeature, Minimum: new(0.0), Maximum: new(6000.0)},
			"origin":    {Type: mlops.TypeCategory, Role: mlops.RoleFeature},
			"carrier":   {Type: mlops.TypeCategory, Role: mlops.RoleFeature, Categories: []string{"AA", "UA"}},
			"late":      {Type: mlops.TypeBoolean, Role: mlops.RoleLabel},
		},
		HoldoutPercent: 20,
	}
}

const header = "departure,miles,origin,carrier,late\n"

// flightRows are rows one hour apart.
func flightRows(from, count int) string {
	var text strings.Builder
	for i := from; i < from+count; i++ {
		at := time.Date(2001, 1, 1, i, 0, 0, 0, time.UTC)
		fmt.Fprintf(&text, "%s,%d,AP%d,%s,%t\n", at.Format("2006-01-02 15:04:05"), 100+i, i%3, []string{"AA", "UA"}[i%2], i%4 == 0)
	}
	return text.String()
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var writers atomic.Int64

func request(store platform.Store, path string) dataset.Request {
	return dataset.Request{
		Store: store, Dataset: flights(), SourcePath: path, Source: "declared.csv", Actor: mlops.Actor{Name: "ann"},
		Now: func() time.Time { return clock }, NewWriter: func() string { return strconv.FormatInt(writers.Add(1), 10) },
	}
}

func readSplit(t *testing.T, store platform.Store, split mlops.Split) string {
	t.Helper()
	stream, err := dataset.OpenSplit(t.Context(), store, split)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(stream)
	if err := errors.Join(err, stream.Close()); err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestPublish(t *testing.T) {
	store := memstore.New()
	path := writeFile(t, "flights.csv", header+flightRows(0, 10))
	sum, err := dataset.Fingerprint(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	asked := request(store, path)
	asked.ExpectSHA256 = sum
	version, err := dataset.Publish(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if !version.Published || version.Number != 1 || version.SHA256 != sum || version.Rows != 10 || version.Source != "declared.csv" ||
		version.Actor.Name != "ann" || !version.Time.Equal(clock) || version.Schema != mlops.DatasetManifestSchema {
		t.Errorf("manifest: %+v", version)
	}
	if version.Training.Rows != 8 || version.Holdout.Rows != 2 || version.SplitRule != "last 20% by departure, rows of one timestamp together" {
		t.Errorf("split: %+v %+v %q", version.Training, version.Holdout, version.SplitRule)
	}
	want := header + "2001-01-01T08:00:00Z,108,AP2,AA,true\n2001-01-01T09:00:00Z,109,AP0,UA,false\n"
	if got := readSplit(t, store, version.Holdout); got != want {
		t.Errorf("holdout: got\n%s\nwant\n%s", got, want)
	}
	if int64(len(want)) != version.Holdout.Bytes || version.Holdout.From.Hour() != 8 || version.Holdout.To.Hour() != 9 || version.Training.To.Hour() != 7 {
		t.Errorf("holdout: %+v", version.Holdout)
	}
	read, err := dataset.Read(t.Context(), store, "flights", 1)
	if err != nil || read.Writer != version.Writer {
		t.Errorf("read back: %+v, %v", read, err)
	}
	profile, err := dataset.Profile(t.Context(), store, read)
	if err != nil || profile.Rows != 8 || profile.Columns["miles"].Number == nil || profile.Columns["late"].Category.Counts["true"] != 2 {
		t.Errorf("profile: %+v, %v", profile, err)
	}
}

func TestPublishTwiceIsOneVersion(t *testing.T) {
	store := memstore.New()
	first, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", header+flightRows(0, 10))))
	if err != nil {
		t.Fatal(err)
	}
	again, err := dataset.Publish(t.Context(), request(store, writeFile(t, "b.csv", header+flightRows(0, 10))))
	if err != nil || again.Published || again.Number != 1 || again.Writer != first.Writer {
		t.Fatalf("the same content: %+v, %v", again, err)
	}
	// Declared otherwise it is another version: here the holdout is.
	asked := request(store, writeFile(t, "a.csv", header+flightRows(0, 10)))
	asked.Dataset.HoldoutPercent = 50
	other, err := dataset.Publish(t.Context(), asked)
	if err != nil || !other.Published || other.Number != 2 || other.Holdout.Rows != 5 {
		t.Fatalf("another split: %+v, %v", other, err)
	}
	// The content of an older version becomes the newest again.
	third, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", header+flightRows(0, 10))))
	if err != nil || !third.Published || third.Number != 3 || third.Training.SHA256 != first.Training.SHA256 {
		t.Fatalf("older content: %+v, %v", third, err)
	}
}

func TestPublishFolderOfFormats(t *testing.T) {
	source := t.TempDir()
	if err := os.MkdirAll(filepath.Join(source, "part"), 0o700); err != nil {
		t.Fatal(err)
	}
	jsonLine := `{"departure":"2001-01-01T20:00:00Z","miles":7,"origin":"X","carrier":"AA","late":true}`
	for name, content := range map[string]string{
		"b.csv": header + flightRows(0, 4), "part/c.jsonl": jsonLine, ".hidden": "x", "_SUCCESS": "",
	} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := memstore.New()
	version, err := dataset.Publish(t.Context(), request(store, source))
	if err != nil {
		t.Fatal(err)
	}
	if got := readSplit(t, store, version.Holdout); version.Rows != 5 || got != header+"2001-01-01T20:00:00Z,7,X,AA,true\n" {
		t.Errorf("%d rows, holdout %q", version.Rows, got)
	}
	// A fault names the file and its row in it; a new file changes the fingerprint.
	if err := os.WriteFile(filepath.Join(source, "a.csv"), []byte(header+"2001-01-01,1,X,BA,true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if sum, err := dataset.Fingerprint(t.Context(), source); err != nil || sum == version.SHA256 {
		t.Errorf("fingerprint: %q, %v", sum, err)
	}
	if _, err = dataset.Publish(t.Context(), request(store, source)); err == nil || !strings.Contains(err.Error(), `columns.carrier.categories: 1 row has a value that is not listed (row a.csv:1: "BA")`) {
		t.Error(err)
	}
}

func TestSourceChangedSincePlan(t *testing.T) {
	store := memstore.New()
	asked := request(store, writeFile(t, "a.csv", header+flightRows(0, 10)))
	asked.ExpectSHA256 = strings.Repeat("0", 64)
	if _, err := dataset.Publish(t.Context(), asked); !errors.Is(err, mlops.ErrConflict) || !strings.Contains(err.Error(), "plan again") {
		t.Error(err)
	}
	asked.SourcePath = filepath.Join(t.TempDir(), "none.csv")
	if _, err := dataset.Publish(t.Context(), asked); !errors.Is(err, mlops.ErrNotFound) || !strings.Contains(err.Error(), "none.csv") {
		t.Error(err)
	}
	if keys := store.Keys(""); len(keys) > 0 {
		t.Errorf("stored: %v", keys)
	}
}

// meddler writes to a file at one of the moments at which a publisher looks whether it should go on.
type meddler struct {
	context.Context
	at, calls int
	meddle    func()
}

func (m *meddler) Err() error {
	if m.calls++; m.calls == m.at {
		m.meddle()
	}
	return m.Context.Err()
}

// A source that changes while it is read, at whichever moment, never gives a version of one content under the name of another.
func TestSourceChangesWhileRead(t *testing.T) {
	conflicts := 0
	for at := 1; ; at++ {
		path := writeFile(t, "a.csv", header+flightRows(0, 10))
		before, err := dataset.Fingerprint(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		ctx := &meddler{Context: t.Context(), at: at, meddle: func() {
			if err := os.WriteFile(path, []byte(header+flightRows(0, 12)), 0o600); err != nil {
				t.Error(err)
			}
		}}
		version, err := dataset.Publish(ctx, request(memstore.New(), path))
		if ctx.calls < at {
			break
		}
		switch {
		case errors.Is(err, mlops.ErrConflict):
			conflicts++
		case err != nil:
			t.Fatal(err)
		case version.SHA256 == before && version.Rows != 10, version.SHA256 != before && version.Rows != 12:
			t.Fatalf("call %d: %d rows under %s", at, version.Rows, version.SHA256)
		}
	}
	if conflicts == 0 {
		t.Error("no change was noticed")
	}
}

func TestRetire(t *testing.T) {
	store := memstore.New()
	for i := range 2 {
		if _, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", header+flightRows(i, 10)))); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // twice is once
		if err := dataset.Retire(t.Context(), store, "flights", 2); err != nil {
			t.Fatal(err)
		}
	}
	if err := dataset.Retire(t.Context(), store, "flights", 3); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("never published: %v", err)
	}
	versions, err := dataset.Versions(t.Context(), store, "flights")
	if want := []dataset.Version{{Number: 1}, {Number: 2, Retired: true}}; err != nil || !slices.Equal(versions, want) {
		t.Errorf("versions: %v, %v", versions, err)
	}
	if latest, found, err := dataset.Latest(t.Context(), store, "flights"); err != nil || !found || latest.Number != 1 {
		t.Errorf("latest: %v %v %v", latest.Number, found, err)
	}
	if _, found, err := dataset.Latest(t.Context(), store, "flight"); err != nil || found {
		t.Errorf("no versions: %v, %v", found, err)
	}
	// The number of a retired version is not used again, not even by its own content.
	again, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", header+flightRows(1, 10))))
	if err != nil || !again.Published || again.Number != 3 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// Eight publishers race: eight numbers, none lost, none doubled.
func TestRaceOfPublishers(t *testing.T) {
	stores := map[string]func(t *testing.T) platform.Store{
		"memory": func(*testing.T) platform.Store { return memstore.New() },
		"folder": func(t *testing.T) platform.Store {
			store, err := folder.Open(filepath.Join(t.TempDir(), "project"))
			if err != nil {
				t.Fatal(err)
			}
			return store
		},
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) { race(t, open(t)) })
	}
}

func race(t *testing.T, store platform.Store) {
	const publishers = 8
	start := make(chan struct{})
	var group sync.WaitGroup
	var failures [publishers]error
	for i := range publishers {
		asked := request(store, writeFile(t, "a.csv", header+flightRows(i, 10)))
		group.Go(func() {
			<-start
			_, failures[i] = dataset.Publish(t.Context(), asked)
		})
	}
	close(start)
	group.Wait()
	if err := errors.Join(failures[:]...); err != nil {
		t.Fatal(err)
	}
	versions, err := dataset.Versions(t.Context(), store, "flights")
	if err != nil || len(versions) != publishers {
		t.Fatalf("versions: %v, %v", versions, err)
	}
	sources := map[string]bool{}
	for i, version := range versions {
		manifest, err := dataset.Read(t.Context(), store, "flights", version.Number)
		if err != nil || version.Number != int64(i+1) {
			t.Fatalf("version %v: %v", version, err)
		}
		sources[manifest.SHA256] = true
	}
	if len(sources) != publishers {
		t.Errorf("%d of %d sources are there", len(sources), publishers)
	}
}

// Two publishers of one source race: one version.
func TestRaceOfOneSource(t *testing.T) {
	store := memstore.New()
	path := writeFile(t, "a.csv", header+flightRows(0, 10))
	raced := false
	store.Before = func(verb, key string) error {
		if raced || verb != memstore.VerbCreate || !strings.HasPrefix(key, "datasets/") {
			return nil
		}
		raced = true
		_, err := dataset.Publish(t.Context(), request(store, path))
		return err
	}
	second, err := dataset.Publish(t.Context(), request(store, path))
	if err != nil || second.Published || second.Number != 1 {
		t.Fatalf("%+v, %v", second, err)
	}
}
