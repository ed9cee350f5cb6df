package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

// collected is a store in which an instance has shipped numbers 1 to 10 of noon and 11 to 20 of an hour later, has lost 21 to
// 25, and closed.
func collected(t *testing.T) *memstore.Store {
	t.Helper()
	store := memstore.New()
	document := func(key string, content any) {
		encoded, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		store.Put(key, encoded)
	}
	document(OpeningKey("delay", "a"), Opening{Schema: OpeningSchema, Deployment: "delay", Instance: "a", Time: noon})
	lost := []Gap{{First: 21, Last: 25, Reason: "log_full"}}
	for i := range 2 {
		first, at := int64(10*i+1), noon.Add(time.Duration(i)*time.Hour)
		put(t, store, "a", first, at, 10)
		content, err := store.Read(t.Context(), Key("delay", "a", at, first))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		manifest := Manifest{Schema: ManifestSchema, Deployment: "delay", Instance: "a", Number: int64(i + 1), Time: at, Shipped: []Shipped{{
			First: first, Last: first + 9, Time: at,
			Segments: []SegmentEntry{{Key: Key("delay", "a", at, first), Records: 10, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}},
		}}}
		if i == 1 {
			manifest.Lost = lost
		}
		document(ManifestKey("delay", "a", int64(i+1)), manifest)
	}
	document(ClosingKey("delay", "a"), Closing{
		Schema: ClosingSchema, Deployment: "delay", Instance: "a", Last: 25, Manifests: 2, Records: 20, Lost: lost, Ended: EndedStopped, By: "a", Time: noon,
	})
	return store
}

func TestVerify(t *testing.T) {
	second := Key("delay", "a", noon.Add(time.Hour), 11)
	for name, given := range map[string]struct {
		change  func(store *memstore.Store)
		of      Verification
		state   State
		records int64
		gaps    string
		problem string // in one of them; "" for none
	}{
		"known losses": {nil, Verification{}, StateLoss, 20, "[{21 25 log_full}]", ""},
		"a segment is missing": {func(s *memstore.Store) { _ = s.Delete(context.Background(), second) },
			Verification{}, StateLoss, 20, "[{21 25 log_full}]", second + " is missing, with 10 records"},
		"it was to go": {func(s *memstore.Store) { _ = s.Delete(context.Background(), second) },
			Verification{Expired: noon.Add(2 * time.Hour)}, StateLoss, 20, "[{21 25 log_full}]", ""},
		"outside of the window": {func(s *memstore.Store) { _ = s.Delete(context.Background(), second) },
			Verification{From: noon, To: noon.Add(time.Hour)}, StateLoss, 20, "[{21 25 log_full}]", ""},
		"a segment is short": {func(s *memstore.Store) { s.Put(second, []byte("x")) },
			Verification{}, StateLoss, 20, "[{21 25 log_full}]", "has 1 bytes"},
		"a segment was changed": {func(s *memstore.Store) {
			content, _ := s.Read(context.Background(), second)
			s.Put(second, []byte(strings.Replace(string(content), "TXL", "SFO", 1)))
		}, Verification{Read: true}, StateLoss, 20, "[{21 25 log_full}]", "does not hold what was written"},
		"a manifest is missing": {func(s *memstore.Store) { _ = s.Delete(context.Background(), ManifestKey("delay", "a", 1)) },
			Verification{}, StateLoss, 10, "[{1 10 unaccounted} {21 25 log_full}]", ManifestKey("delay", "a", 1) + " is missing"},
		"the last manifest is missing": {func(s *memstore.Store) { _ = s.Delete(context.Background(), ManifestKey("delay", "a", 2)) },
			Verification{}, StateLoss, 10, "[{11 20 unaccounted} {21 25 log_full}]", "1 of 2 manifests are missing"},
		"it never closed": {func(s *memstore.Store) { _ = s.Delete(context.Background(), ClosingKey("delay", "a")) },
			Verification{}, StateUnknown, 20, "[{21 25 log_full}]", ""},
		"it runs": {func(s *memstore.Store) { _ = s.Delete(context.Background(), ClosingKey("delay", "a")) },
			Verification{Running: map[string]bool{"a": true}}, StateRunning, 20, "[{21 25 log_full}]", ""},
		"it never opened": {func(s *memstore.Store) { _ = s.Delete(context.Background(), OpeningKey("delay", "a")) },
			Verification{}, StateLoss, 20, "[{21 25 log_full}]", "opening document is missing"},
		"broken documents": {func(s *memstore.Store) {
			s.Put(ClosingKey("delay", "a"), []byte("{"))
			s.Put(ManifestKey("delay", "a", 2), []byte("["))
		}, Verification{}, StateUnknown, 10, "[]", "closed.json is broken"},
	} {
		t.Run(name, func(t *testing.T) {
			store := collected(t)
			if given.change != nil {
				given.change(store)
			}
			given.of.Deployment = "delay"
			audit, err := Verify(t.Context(), store, given.of)
			if err != nil || len(audit.Instances) != 1 {
				t.Fatalf("%+v, %v", audit, err)
			}
			one := audit.Instances[0]
			if one.State != given.state || one.Records != given.records || fmt.Sprint(one.Gaps) != given.gaps || audit.Complete {
				t.Errorf("%+v", one)
			}
			told := slices.ContainsFunc(one.Problems, func(problem string) bool { return strings.Contains(problem, given.problem) })
			if told != (given.problem != "") && len(one.Problems) > 0 || given.problem != "" && !told {
				t.Errorf("problems are %q, want one with %q", one.Problems, given.problem)
			}
		})
	}
}

// A window leaves those out that have nothing in it; without documents there is nothing to prove.
func TestVerifyOfNothing(t *testing.T) {
	store := collected(t)
	audit, err := Verify(t.Context(), store, Verification{Deployment: "delay", From: noon.AddDate(0, 0, 5), To: noon.AddDate(0, 0, 6)})
	if err != nil || len(audit.Instances) != 0 || !audit.Complete {
		t.Errorf("%+v, %v", audit, err)
	}
	if audit, err = Verify(t.Context(), store, Verification{Deployment: "elsewhere"}); err != nil || len(audit.Instances) != 0 {
		t.Errorf("%+v, %v", audit, err)
	}
}

// What is lost costs one listing, and stands in the names alone.
func TestLost(t *testing.T) {
	store := memstore.New()
	for instance, counts := range map[string][]int64{"a": {3, 12}, "b": {1}} {
		for _, count := range counts {
			store.Put(LossKey("delay", instance, count), []byte("{}"))
		}
	}
	store.Put(LossKey("delay-2", "a", 99), []byte("{}"))
	store.ResetCalls()
	lost, err := Lost(t.Context(), store, "delay")
	if calls := store.CallCounts(); err != nil || lost != 13 || len(calls) != 1 || calls[memstore.VerbList] != 1 {
		t.Errorf("%d, %v, at the cost of %v", lost, err, calls)
	}
}

// Segments are read whether they are compressed or not, and one that is broken is named.
func TestCompressedSegments(t *testing.T) {
	store := memstore.New()
	put(t, store, "a", 1, noon, 3)
	key := Key("delay", "b", noon, 1)
	line := lineOf(t, newRecord(1, noon.Add(30*time.Minute)))
	whole := NewCompressor().Compress(nil, line)
	store.Put(key, whole)
	if got := scanned(t, store, noon, noon.Add(time.Hour)); len(got) != 4 {
		t.Errorf("read %v", got)
	}
	for _, broken := range [][]byte{whole[:len(whole)-4], append(slices.Clone(whole[:9]), 0xff, 0xff, 0xff, 0xff, 0xff)} {
		store.Put(key, broken)
		found, err := Scan(t.Context(), store, "delay", noon, noon.Add(time.Hour), func(Record) error { return nil })
		if err != nil || found.Lines == 0 || !strings.Contains(found.First, key) {
			t.Errorf("a broken segment: %+v, %v", found, err)
		}
	}
}

// Joining ranges and taking them away counts every number once.
func FuzzRanges(f *testing.F) {
	f.Add([]byte{1, 3, 2, 4, 9, 9})
	f.Fuzz(func(t *testing.T, bounds []byte) {
		var ranges []Gap
		in := map[int64]bool{}
		for i := 0; i+1 < len(bounds) && i < 40; i += 2 {
			gap := Gap{First: int64(min(bounds[i], bounds[i+1])), Last: int64(max(bounds[i], bounds[i+1]))}
			ranges = append(ranges, gap)
			for n := gap.First; n <= gap.Last; n++ {
				in[n] = true
			}
		}
		joined := merged(ranges)
		count := int64(0)
		for _, gap := range joined {
			count += gap.Count()
		}
		left := int64(0)
		for _, gap := range without(Gap{First: 0, Last: 255}, joined) {
			left += gap.Count()
		}
		if count != int64(len(in)) || left != 256-int64(len(in)) {
			t.Errorf("%v: %d in, %d out; want %d", ranges, count, left, len(in))
		}
	})
}
