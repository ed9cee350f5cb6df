package eventlog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestChainBreaksWhereADocumentWasChanged(t *testing.T) {
	store := memstore.New()
	log := eventlog.Log{Store: store, Prefix: "logs/delay"}
	fill(t, log, 5)

	changed, err := store.Read(t.Context(), log.Key(3))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), log.Key(3)); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), log.Key(3), append(changed, ' ')); err != nil {
		t.Fatal(err)
	}

	var last int64
	var broken error
	for entry, err := range log.After(t.Context(), eventlog.Head{}) {
		if err != nil {
			broken = err
			break
		}
		last = entry.Sequence
	}
	if last != 3 || !errors.Is(broken, eventlog.ErrBroken) {
		t.Errorf("read %d entries and then %v; want 3 and a broken log at number 4", last, broken)
	}
}

func TestAppendThatDoesNotFollowIsRefused(t *testing.T) {
	store := memstore.New()
	log := eventlog.Log{Store: store, Prefix: "logs/delay"}
	head := fill(t, log, 2)
	for name, header := range map[string]mlops.Header{
		"gap":        {Writer: "w", Sequence: head.Sequence + 2, Previous: head.SHA256},
		"wrong hash": {Writer: "w", Sequence: head.Sequence + 1, Previous: "0000"},
		"no writer":  {Sequence: head.Sequence + 1, Previous: head.SHA256},
	} {
		if _, err := log.Append(t.Context(), head, header, header); !errors.Is(err, mlops.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if count := store.CallCounts()[memstore.VerbCreate]; count != 2 {
		t.Errorf("the store was asked to create %d documents, want the 2 of before", count)
	}
}

// A writer that outlives its project must not go on in the one that took its place.
func TestAppendToAReplacedLogIsRefused(t *testing.T) {
	old := fill(t, eventlog.Log{Store: memstore.New(), Prefix: "logs/delay"}, 3)
	for name, length := range map[string]int{"shorter": 1, "as long": 3} {
		store := memstore.New()
		log := eventlog.Log{Store: store, Prefix: "logs/delay"}
		var head eventlog.Head
		for n := range length {
			header := mlops.Header{Writer: fmt.Sprint("new", n), Sequence: head.Sequence + 1, Previous: head.SHA256}
			entry, err := log.Append(t.Context(), head, header, header)
			if err != nil {
				t.Fatal(err)
			}
			head = entry.Head
		}
		header := mlops.Header{Writer: "old", Sequence: old.Sequence + 1, Previous: old.SHA256}
		if _, err := log.Append(t.Context(), old, header, header); !errors.Is(err, eventlog.ErrReplaced) {
			t.Errorf("%s: %v, want that the log was replaced", name, err)
		}
		if entries, err := store.List(t.Context(), "logs/", "", 0); err != nil || len(entries) != length {
			t.Errorf("%s: %d documents, want %d (%v)", name, len(entries), length, err)
		}
	}
}

// Opening a log from its snapshot costs the same, however long the log is.
func TestNewestSnapshotIsFoundInThreeCalls(t *testing.T) {
	for _, length := range []int64{10, 5_000} {
		store := memstore.New()
		log := eventlog.Log{Store: store, Prefix: "logs/delay"}
		for sequence := int64(1); sequence <= length; sequence += 7 {
			store.Put(log.Key(sequence), []byte("{}"))
			if err := log.Keep(t.Context(), eventlog.Head{Sequence: sequence, SHA256: eventlog.Hash([]byte("{}"))}, 1, map[string]int64{"n": sequence}); err != nil {
				t.Fatal(err)
			}
		}
		before := calls(store)
		snapshot, found, err := log.Newest(t.Context(), 1)
		if err != nil || !found {
			t.Fatalf("length %d: found %v, %v", length, found, err)
		}
		if want := (length-1)/7*7 + 1; snapshot.Head.Sequence != want {
			t.Errorf("length %d: the snapshot stands at %d, want %d", length, snapshot.Head.Sequence, want)
		}
		if made := calls(store) - before; made != 3 {
			t.Errorf("length %d: %d calls, want 3", length, made)
		}
		entries, err := store.List(t.Context(), "snapshots/", "", 0)
		if err != nil || len(entries) > 3 {
			t.Errorf("length %d: %d snapshots are kept, want at most 3 (%v)", length, len(entries), err)
		}
	}
}

func TestSnapshotThatCannotBeReadIsNoSnapshot(t *testing.T) {
	store := memstore.New()
	log := eventlog.Log{Store: store, Prefix: "logs/delay"}
	if err := store.Create(t.Context(), "snapshots/logs/delay/000000000001-v1.json", []byte("{half")); err != nil {
		t.Fatal(err)
	}
	if _, found, err := log.Newest(t.Context(), 1); found || err != nil {
		t.Errorf("found %v, %v; want nothing and no error", found, err)
	}
}

func fill(t *testing.T, log eventlog.Log, count int) eventlog.Head {
	t.Helper()
	var head eventlog.Head
	for n := range count {
		header := mlops.Header{Writer: strconv.Itoa(n), Sequence: head.Sequence + 1, Previous: head.SHA256}
		entry, err := log.Append(t.Context(), head, header, header)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(entry.Data) {
			t.Fatalf("entry %d is not JSON", n)
		}
		head = entry.Head
	}
	return head
}

func calls(store *memstore.Store) int {
	total := 0
	for _, count := range store.CallCounts() {
		total += count
	}
	return total
}
