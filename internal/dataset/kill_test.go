package dataset_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
)

var errKilled = errors.New("killed")

// checkWhole asserts that every version that is seen is whole, and returns how many there are.
func checkWhole(t *testing.T, store *memstore.Store) int {
	t.Helper()
	versions, err := dataset.Versions(t.Context(), store, "flights")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range versions {
		manifest, err := dataset.Read(t.Context(), store, "flights", version.Number)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(readSplit(t, store, manifest.Training), "\n") + strings.Count(readSplit(t, store, manifest.Holdout), "\n"); got != 12 {
			t.Fatalf("version %d has %d lines", version.Number, got)
		}
		if _, err := dataset.Profile(t.Context(), store, manifest); err != nil {
			t.Fatal(err)
		}
	}
	return len(versions)
}

// A publisher that dies before or after any of its calls leaves nothing or a whole version, and the next one ends with
// exactly one.
func TestKilledAtEveryCall(t *testing.T) {
	path := writeFile(t, "a.csv", header+flightRows(0, 10))
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			store := memstore.New()
			calls, dead := 0, false
			die := func(string, string) error {
				if calls++; calls >= at {
					dead = true
				}
				if dead {
					return errKilled
				}
				return nil
			}
			if after {
				store.After = die
				store.Before = func(string, string) error {
					if dead {
						return errKilled
					}
					return nil
				}
			} else {
				store.Before = die
			}
			_, err := dataset.Publish(t.Context(), request(store, path))
			if !dead {
				if err != nil || at < 5 {
					t.Fatalf("call %d: %v", at, err)
				}
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatalf("killed at call %d (after %v): %v", at, after, err)
			}
			store.Before, store.After = nil, nil
			seen := checkWhole(t, store)
			version, err := dataset.Publish(t.Context(), request(store, path))
			if err != nil || version.Number != 1 || version.Published == (seen == 1) || checkWhole(t, store) != 1 {
				t.Fatalf("killed at call %d (after %v), then: %+v, %v", at, after, version, err)
			}
		}
	}
}

// A reply that is lost, of whichever write, is not noticed by anybody: one version, and its publisher says that it is its own.
func TestLostReplies(t *testing.T) {
	path := writeFile(t, "a.csv", header+flightRows(0, 10))
	for lost := 1; lost <= 4; lost++ {
		t.Run(strconv.Itoa(lost), func(t *testing.T) {
			store := memstore.New()
			creates := 0
			store.After = func(verb, _ string) error {
				if verb == memstore.VerbCreate {
					if creates++; creates == lost {
						return errors.New("connection reset")
					}
				}
				return nil
			}
			version, err := dataset.Publish(t.Context(), request(store, path))
			if err != nil || !version.Published || version.Number != 1 || creates != 4 || checkWhole(t, store) != 1 {
				t.Fatalf("%+v, %v, %d creates", version, err, creates)
			}
		})
	}
}

// A write that fails for a moment is tried again.
func TestFailedWrites(t *testing.T) {
	path := writeFile(t, "a.csv", header+flightRows(0, 10))
	store := memstore.New()
	failed := map[string]bool{}
	store.Before = func(verb, key string) error {
		if verb == memstore.VerbCreate && !failed[key] {
			failed[key] = true
			return errors.New("busy")
		}
		return nil
	}
	version, err := dataset.Publish(t.Context(), request(store, path))
	if err != nil || version.Number != 1 || len(failed) != 4 {
		t.Fatalf("%+v, %v", version, err)
	}
}

// What publishing and reading cost does not depend on what else the project holds.
func TestCalls(t *testing.T) {
	store := memstore.New()
	for i := range 1000 {
		store.Put(fmt.Sprintf("logs/flight-delay/%012d.json", i), nil)
		store.Put(fmt.Sprintf("datasets/flights-%d/%012d/manifest.json", i, 1), nil)
	}
	if _, err := dataset.Publish(t.Context(), request(store, writeFile(t, "a.csv", header+flightRows(0, 10)))); err != nil {
		t.Fatal(err)
	}
	if calls := store.CallCounts(); calls[memstore.VerbList] != 1 || calls[memstore.VerbRead] != 0 || calls[memstore.VerbCreate] != 4 {
		t.Errorf("publish: %v", calls)
	}
	store.ResetCalls()
	if _, found, err := dataset.Latest(t.Context(), store, "flights"); err != nil || !found {
		t.Fatal(err)
	}
	if calls := store.CallCounts(); calls[memstore.VerbList] != 1 || calls[memstore.VerbRead] != 1 {
		t.Errorf("latest: %v", calls)
	}
}
