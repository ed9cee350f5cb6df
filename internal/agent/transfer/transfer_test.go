package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/story"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/transfer"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/content"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/blob"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/folder"
)

const container = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/mlops/blobServices/default/containers/flights"

func at(store platform.Store, place string) *project.Project {
	return project.Open(platform.Platform{Store: store, Place: place}, "0.1.0")
}

// planted is a project with a past, and some content that is really there.
func planted(t *testing.T, store platform.Store, place string) *project.Project {
	t.Helper()
	in := at(store, place)
	story.Plant(t, in)
	for n := range 5 {
		if _, err := content.Put(t.Context(), store, func(to io.Writer) error {
			_, err := to.Write(bytes.Repeat([]byte{byte('a' + n)}, 1000*n))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"records/delay/2026/05/01/03/a-000000000001.jsonl.zst", "collectors/delay/a/1.json", "later/kind/1.json"} {
		if err := store.Create(t.Context(), key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := audit.Seal(t.Context(), in, map[string]eventlog.Head{}); err != nil {
		t.Fatal(err)
	}
	return in
}

func quiet(transfer.Progress) {}

func run(t *testing.T, from, to *project.Project) (transfer.Result, error) {
	t.Helper()
	plan, err := transfer.Look(t.Context(), from, to)
	if err != nil {
		return transfer.Result{}, err
	}
	return plan.Run(t.Context(), quiet)
}

// same checks that the target holds all that the source does, byte for byte, and says where it is.
func same(t *testing.T, from, to *project.Project) {
	t.Helper()
	entries, err := from.Store.List(t.Context(), "", "", 0)
	if err != nil || len(entries) < 30 {
		t.Fatalf("the source has %d documents, %v", len(entries), err)
	}
	for _, entry := range entries {
		if entry.Key == "copy.json" {
			continue
		}
		want, err := from.Store.Read(t.Context(), entry.Key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := to.Store.Read(t.Context(), entry.Key)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes at the target, %d at the source, %v", entry.Key, len(got), len(want), err)
		}
	}
	own, err := to.Own(t.Context())
	if err != nil || !mlops.SamePlace(own.Place(), to.Place) {
		t.Errorf("the project at %s says that it is at %s, %v", to.Place, own.Place(), err)
	}
}

// From a folder to a container, and back to another folder.
func TestCopyToBlobAndBack(t *testing.T) {
	server := azurite.Shared(t)
	folderAt := func() (platform.Store, string) {
		path := t.TempDir()
		store, err := folder.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return store, mlops.LocalScheme + path
	}
	containerStore, err := blob.Open(server.Container(t), nil, blob.Options{AccountKey: server.Key})
	if err != nil {
		t.Fatal(err)
	}
	from := planted(t, first(folderAt()), "file:first")
	onAzure := at(containerStore, container)
	result, err := run(t, from, onAzure)
	if err != nil || !result.Audit.Intact() || result.Copied != result.Verified {
		t.Fatalf("%+v, %v", result, err)
	}
	same(t, from, onAzure)
	store, place := folderAt()
	back := at(store, place)
	if _, err := run(t, onAzure, back); err != nil {
		t.Fatal(err)
	}
	same(t, onAzure, back)
}

func first(store platform.Store, _ string) platform.Store { return store }

// A copy that is killed at any of its writes leaves nothing that names what is not there, is no project yet or a whole one,
// and goes on.
func TestCopyIsKilledAtEveryWrite(t *testing.T) {
	source := memstore.New()
	from := planted(t, source, "file:first")
	total := len(source.Keys(""))
	errKilled := errors.New("killed")
	for number := 1; ; number++ {
		target := memstore.New()
		to := at(target, container)
		writes := 0
		target.Before = func(verb, _ string) error {
			if verb == memstore.VerbCreate {
				writes++
			}
			if writes >= number {
				return errKilled
			}
			return nil
		}
		_, err := run(t, from, to)
		target.Before = nil
		if err == nil {
			if number < total {
				t.Fatalf("a copy of %d documents took %d writes", total, number-1)
			}
			return
		}
		complete(t, source, target)
		if _, err := run(t, from, to); err != nil {
			t.Fatalf("killed at write %d, and then: %v", number, err)
		}
		same(t, from, to)
	}
}

// complete checks that whatever a document may name is there where the document is.
func complete(t *testing.T, source, target *memstore.Store) {
	t.Helper()
	order := []string{"data/", "records/", "datasets/", "logs/", "specs/models/", "specs/projects/"}
	for i, later := range order {
		if len(target.Keys(later)) == 0 {
			continue
		}
		for _, before := range order[:i] {
			if there, want := len(target.Keys(before)), len(source.Keys(before)); there < want {
				t.Errorf("there is %s, and of %s %d of %d documents", later, before, there, want)
			}
		}
	}
	for _, manifest := range target.Keys("datasets/") {
		profile := strings.Replace(manifest, "manifest.json", "profile.json", 1)
		if _, err := source.Read(t.Context(), profile); err == nil && !slices.Contains(target.Keys("datasets/"), profile) {
			t.Errorf("there is %s without %s", manifest, profile)
		}
	}
}

// Replies that are lost on the way change nothing.
func TestCopyWithLostReplies(t *testing.T) {
	from := planted(t, memstore.New(), "file:first")
	target := memstore.New()
	to := at(target, "file:second")
	errLost := errors.New("lost")
	seen := map[string]bool{}
	target.After = func(verb, key string) error {
		if verb == memstore.VerbCreate && !seen[key] {
			seen[key] = true
			return errLost
		}
		return nil
	}
	for range 500 {
		_, err := run(t, from, to)
		if err == nil {
			same(t, from, to)
			return
		}
		if !errors.Is(err, errLost) {
			t.Fatal(err)
		}
	}
	t.Error("a copy that loses every reply once does not come to its end")
}

// What has come since is carried over by copying again.
func TestCopyAgain(t *testing.T) {
	from := planted(t, memstore.New(), "file:first")
	to := at(memstore.New(), "file:second")
	if _, err := run(t, from, to); err != nil {
		t.Fatal(err)
	}
	state, err := from.Model(t.Context(), story.Model)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := from.AppendModel(t.Context(), state, mlops.Event{Type: mlops.RequestAnswered, Reason: "later"}); err != nil {
		t.Fatal(err)
	}
	result, err := run(t, from, to)
	if err != nil || result.Copied != 1 {
		t.Errorf("%+v, %v; want the one new event", result, err)
	}
	same(t, from, to)
}

// A target that holds anything else is left alone.
func TestTargetsThatAreRefused(t *testing.T) {
	from := planted(t, memstore.New(), "file:first")
	for name, fill := range map[string]func(t *testing.T, store *memstore.Store){
		"another project of the same name": func(t *testing.T, store *memstore.Store) { planted(t, store, "file:second") },
		"something else":                   func(_ *testing.T, store *memstore.Store) { store.Put("notes", []byte("mine")) },
		"a copy of another project": func(t *testing.T, store *memstore.Store) {
			if _, err := run(t, planted(t, memstore.New(), "file:other"), at(store, "file:second")); err != nil {
				t.Fatal(err)
			}
		},
		"a marker that cannot be read": func(_ *testing.T, store *memstore.Store) { store.Put("copy.json", []byte("{")) },
	} {
		store := memstore.New()
		fill(t, store)
		before := len(store.Keys(""))
		_, err := run(t, from, at(store, "file:second"))
		if !errors.Is(err, mlops.ErrExists) && !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: %v, want that it is refused", name, err)
		}
		if after := len(store.Keys("")); after != before {
			t.Errorf("%s: %d documents before and %d after", name, before, after)
		}
	}
	if _, err := transfer.Look(t.Context(), from, at(memstore.New(), "file:first")); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("onto itself: %v", err)
	}
	if _, err := transfer.Look(t.Context(), at(memstore.New(), "file:nothing"), at(memstore.New(), "file:second")); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("from nothing: %v", err)
	}
}

// Bytes that are not those of the source are found, whoever changed them.
func TestChangesAtTheTargetAreFound(t *testing.T) {
	from := planted(t, memstore.New(), "file:first")
	whole := memstore.New()
	if _, err := run(t, from, at(whole, "file:second")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{whole.Keys("data/")[3], whole.Keys("logs/")[2], whole.Keys("audit/")[0], whole.Keys("specs/models/")[0]} {
		target := memstore.New()
		for _, each := range whole.Keys("") {
			data, err := whole.Read(t.Context(), each)
			if err != nil {
				t.Fatal(err)
			}
			if each == key {
				data[len(data)/2]++
			}
			target.Put(each, data)
		}
		if _, err := run(t, from, at(target, "file:second")); !errors.Is(err, mlops.ErrConflict) || !strings.Contains(err.Error(), key) {
			t.Errorf("%s was changed, and the copy says %v", key, err)
		}
	}
}

// A history that was broken before the copy is carried over as it is, and said to be.
func TestBrokenHistoryIsCopiedAndNamed(t *testing.T) {
	source := memstore.New()
	from := planted(t, source, "file:first")
	second := source.Keys("logs/")[1]
	data, err := source.Read(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	source.Put(second, append(data, ' '))
	to := at(memstore.New(), "file:second")
	result, err := run(t, from, to)
	if err != nil || len(result.Audit.Breaks) != 1 || result.Audit.Breaks[0].Key != second {
		t.Errorf("%+v, %v; want one break at %s", result, err, second)
	}
}

// What retention takes from the source in the middle of a copy is not missed.
func TestRetentionMeanwhile(t *testing.T) {
	source := memstore.New()
	from := planted(t, source, "file:first")
	to := at(memstore.New(), "file:second")
	plan, err := transfer.Look(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Delete(t.Context(), source.Keys("records/")[0]); err != nil {
		t.Fatal(err)
	}
	result, err := plan.Run(t.Context(), quiet)
	if err != nil || result.Gone != 1 {
		t.Errorf("%+v, %v; want one document that is gone", result, err)
	}
}

func TestPlanCountsWhatIsMissing(t *testing.T) {
	from := planted(t, memstore.New(), "file:first")
	to := at(memstore.New(), "file:second")
	missing := func() (documents, missing int) {
		plan, err := transfer.Look(t.Context(), from, to)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range plan.Groups {
			documents, missing = documents+group.Documents, missing+group.Missing
		}
		return documents, missing
	}
	if documents, left := missing(); documents != left || documents < 30 {
		t.Errorf("%d documents, %d missing, want all", documents, left)
	}
	if _, err := run(t, from, to); err != nil {
		t.Fatal(err)
	}
	if documents, left := missing(); left != 0 {
		t.Errorf("%d of %d documents are missing after the copy", left, documents)
	}
}
