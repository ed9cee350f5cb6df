// Package conformance is what every project store must do, as tests that each implementation runs: documents are created
// once, listings are in order, and a reply that is lost does not make two documents. It must not know which store it tests.
package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// Run runs the suite; open gives a new, empty store each time.
func Run(t *testing.T, open func(t *testing.T) platform.Store) {
	t.Run("read gives what was created", func(t *testing.T) { readBack(t, open(t)) })
	t.Run("what is not there is not found", func(t *testing.T) { absent(t, open(t)) })
	t.Run("a document is created once", func(t *testing.T) { createOnce(t, open(t)) })
	t.Run("of many writers one wins", func(t *testing.T) { race(t, open(t)) })
	t.Run("lists are in order and from a cursor", func(t *testing.T) { lists(t, open(t)) })
	t.Run("a tag tells documents of one key apart", func(t *testing.T) { tags(t, open(t)) })
	t.Run("a source that fails leaves nothing", func(t *testing.T) { brokenSource(t, open(t)) })
	t.Run("keys that are not keys are refused", func(t *testing.T) { badKeys(t, open(t)) })
	t.Run("delete may come twice", func(t *testing.T) { deleteTwice(t, open(t)) })
	t.Run("a lost reply is settled by reading back", func(t *testing.T) { lostReply(t, open(t)) })
	t.Run("writers of one log lose no event", func(t *testing.T) { log(t, open(t)) })
}

func readBack(t *testing.T, store platform.Store) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	must(t, store.Create(t.Context(), "a/b.json", []byte(`{"n":1}`)))
	must(t, store.CreateFrom(t.Context(), "data/large", bytes.NewReader(large)))
	if data := read(t, store, "a/b.json"); string(data) != `{"n":1}` {
		t.Errorf("read %q", data)
	}
	stream, err := store.Open(t.Context(), "data/large")
	must(t, err)
	defer stream.Close()
	data, err := io.ReadAll(stream)
	must(t, err)
	if !bytes.Equal(data, large) {
		t.Errorf("a large document came back changed: %d of %d bytes", len(data), len(large))
	}
}

func absent(t *testing.T, store platform.Store) {
	if _, err := store.Read(t.Context(), "nothing.json"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("read: %v, want not found", err)
	}
	if _, err := store.Open(t.Context(), "nothing.json"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("open: %v, want not found", err)
	}
	entries, err := store.List(t.Context(), "nothing/", "", 0)
	if err != nil || len(entries) != 0 {
		t.Errorf("list: %v, %v, want nothing", entries, err)
	}
}

func createOnce(t *testing.T, store platform.Store) {
	must(t, store.Create(t.Context(), "once.json", []byte("first")))
	if err := store.Create(t.Context(), "once.json", []byte("second")); !errors.Is(err, mlops.ErrExists) {
		t.Errorf("second create: %v, want exists already", err)
	}
	if data := read(t, store, "once.json"); string(data) != "first" {
		t.Errorf("the document was overwritten: %q", data)
	}
}

// tags tells documents of one key and size apart: whoever remembers one by its tag sees that another has taken its place.
func tags(t *testing.T, store platform.Store) {
	tag := func() string {
		entries, err := store.List(t.Context(), "tag.json", "", 0)
		must(t, err)
		if len(entries) != 1 || entries[0].Tag == "" {
			t.Fatalf("listed %+v, want one entry with a tag", entries)
		}
		return entries[0].Tag
	}
	must(t, store.Create(t.Context(), "tag.json", []byte("first")))
	first := tag()
	if again := tag(); again != first {
		t.Errorf("the tag of a document is %q and then %q", first, again)
	}
	// A file system's clock may tick seldom: at some time the tag is another one.
	for deadline := time.Now().Add(5 * time.Second); tag() == first; {
		if time.Now().After(deadline) {
			t.Fatalf("another document of the same size has the tag %q as well", first)
		}
		must(t, store.Delete(t.Context(), "tag.json"))
		must(t, store.Create(t.Context(), "tag.json", []byte("other")))
	}
}

func race(t *testing.T, store platform.Store) {
	const writers = 16
	won := make([]bool, writers)
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			err := store.Create(context.WithoutCancel(t.Context()), "race.json", fmt.Append(nil, writer))
			if err != nil && !errors.Is(err, mlops.ErrExists) {
				t.Errorf("writer %d: %v", writer, err)
			}
			won[writer] = err == nil
		})
	}
	group.Wait()
	winner := slices.Index(won, true)
	if winner < 0 || slices.Contains(won[winner+1:], true) {
		t.Fatalf("winners: %v, want exactly one", won)
	}
	if data := read(t, store, "race.json"); string(data) != strconv.Itoa(winner) {
		t.Errorf("writer %d won and the document says %q", winner, data)
	}
}

func lists(t *testing.T, store platform.Store) {
	keys := []string{"l/a-b/1.json", "l/a.json", "l/a/000000000001.json", "l/a/000000000002.json", "l/ab/1.json", "l/b.json", "m/1.json"}
	shuffled := slices.Clone(keys)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, key := range shuffled {
		must(t, store.Create(t.Context(), key, []byte(key)))
	}
	slices.Sort(keys)
	for _, prefix := range []string{"", "l/", "l/a", "l/a/", "m", "n"} {
		for _, after := range append([]string{"", "l/a0", "z"}, keys...) {
			for _, limit := range []int{0, 1, 3} {
				want := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !strings.HasPrefix(key, prefix) || key <= after })
				if limit > 0 && len(want) > limit {
					want = want[:limit]
				}
				entries, err := store.List(t.Context(), prefix, after, limit)
				must(t, err)
				var got []string
				for _, entry := range entries {
					got = append(got, entry.Key)
					if entry.Size != int64(len(entry.Key)) {
						t.Errorf("%s has size %d, want %d", entry.Key, entry.Size, len(entry.Key))
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("list %q after %q limit %d: %v, want %v", prefix, after, limit, got, want)
				}
			}
		}
	}
}

var errSource = errors.New("the source broke")

func brokenSource(t *testing.T, store platform.Store) {
	source := io.MultiReader(strings.NewReader("half"), errorReader{})
	if err := store.CreateFrom(t.Context(), "half", source); !errors.Is(err, errSource) {
		t.Errorf("create: %v, want the source's error", err)
	}
	if _, err := store.Read(t.Context(), "half"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("half a document is there: %v", err)
	}
	must(t, store.Create(t.Context(), "half", []byte("whole")))
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errSource }

func badKeys(t *testing.T, store platform.Store) {
	for _, key := range []string{"", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "A.json", "a b", "a\x00b", "ä"} {
		if err := store.Create(t.Context(), key, nil); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("create %q: %v, want invalid", key, err)
		}
		if _, err := store.Read(t.Context(), key); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("read %q: %v, want invalid", key, err)
		}
	}
}

func deleteTwice(t *testing.T, store platform.Store) {
	must(t, store.Create(t.Context(), "gone.json", nil))
	must(t, store.Delete(t.Context(), "gone.json"))
	must(t, store.Delete(t.Context(), "gone.json"))
	if _, err := store.Read(t.Context(), "gone.json"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("read: %v, want not found", err)
	}
}

func lostReply(t *testing.T, store platform.Store) {
	lossy := &losing{Store: store}
	document := []byte(`{"writer":"mine"}`)
	lossy.loseNext = true
	if err := eventlog.CreateOnce(t.Context(), lossy, "lost.json", document, "mine"); err != nil {
		t.Errorf("our own document after a lost reply: %v, want won", err)
	}
	if err := eventlog.CreateOnce(t.Context(), lossy, "lost.json", []byte(`{"writer":"other"}`), "other"); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("somebody else's document: %v, want conflict", err)
	}
}

// log lets writers race for every number of one log through a connection that loses every third reply.
func log(t *testing.T, store platform.Store) {
	const writers, each = 4, 25
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			lossy := &losing{Store: store, every: 3}
			events := eventlog.Log{Store: lossy, Prefix: "logs/race"}
			var head eventlog.Head
			for n := 0; n < each; {
				for entry, err := range events.After(context.WithoutCancel(t.Context()), head) {
					if err != nil {
						t.Errorf("writer %d: %v", writer, err)
						return
					}
					head = entry.Head
				}
				header := mlops.Header{Writer: fmt.Sprintf("%d-%d", writer, n), Sequence: head.Sequence + 1, Previous: head.SHA256}
				entry, err := events.Append(context.WithoutCancel(t.Context()), head, header, header)
				switch {
				case err == nil:
					head, n = entry.Head, n+1
				case !errors.Is(err, mlops.ErrConflict):
					t.Errorf("writer %d: %v", writer, err)
					return
				}
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for entry, err := range (eventlog.Log{Store: store, Prefix: "logs/race"}).After(t.Context(), eventlog.Head{}) {
		must(t, err)
		seen[string(entry.Data)] = true
	}
	if len(seen) != writers*each {
		t.Errorf("the log holds %d events, want %d", len(seen), writers*each)
	}
}

// losing is a store whose creates have their effect and lose their reply: the next one, or every n-th.
type losing struct {
	platform.Store
	loseNext bool
	every    int
	count    int
}

var errLost = errors.New("the reply was lost")

func (l *losing) Create(ctx context.Context, key string, data []byte) error {
	err := l.Store.Create(ctx, key, data)
	l.count++
	if lose := l.loseNext || l.every > 0 && l.count%l.every == 0; lose && err == nil {
		l.loseNext = false
		return errLost
	}
	return err
}

func read(t *testing.T, store platform.Store, key string) []byte {
	t.Helper()
	data, err := store.Read(t.Context(), key)
	must(t, err)
	return data
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
