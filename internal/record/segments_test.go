package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// put writes one segment of records a minute apart.
func put(t *testing.T, store *memstore.Store, instance string, first int64, at time.Time, records int) {
	t.Helper()
	var content []byte
	for i := range records {
		r := newRecord(first+int64(i), at.Add(time.Duration(i)*time.Minute))
		r.Instance = instance
		content = append(content, lineOf(t, r)...)
	}
	store.Put(Key("delay", instance, at, first), content)
}

func scanned(t *testing.T, store *memstore.Store, from, to time.Time) []string {
	t.Helper()
	var times []string
	_, err := Scan(context.Background(), store, "delay", from, to, func(r Record) error {
		times = append(times, r.EventTime.Format("02T15:04"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return times
}

func TestScanReadsExactlyTheWindow(t *testing.T) {
	store := memstore.New()
	put(t, store, "a", 1, noon.Add(-24*time.Hour), 1)
	put(t, store, "a", 2, noon.Add(-time.Hour), 1)
	put(t, store, "a", 3, noon, 3)
	put(t, store, "b", 1, noon.Add(59*time.Minute), 1)
	put(t, store, "a", 6, noon.Add(time.Hour), 1)
	put(t, store, "a", 7, noon.Add(12*time.Hour), 1)
	store.Put("records/delay-2/2001/01/08/12/a-000000000001.jsonl", []byte("another deployment"))
	everything := []string{"07T12:00", "08T11:00", "08T12:00", "08T12:01", "08T12:02", "08T12:59", "08T13:00", "09T00:00"}
	for name, window := range map[string]struct {
		from, to time.Time
		want     []string
	}{
		"an hour":      {noon, noon.Add(time.Hour), everything[2:6]},
		"minutes":      {noon.Add(time.Minute), noon.Add(2 * time.Minute), everything[3:4]},
		"over a day":   {noon.Add(-24 * time.Hour), noon.Add(12 * time.Hour), everything[:7]},
		"no beginning": {time.Time{}, noon, everything[:2]},
		"no end":       {noon, time.Time{}, everything[2:]},
		"everything":   {time.Time{}, time.Time{}, everything},
		"a century":    {noon.AddDate(-50, 0, 0), noon.AddDate(50, 0, 0), everything},
		"nothing":      {noon.Add(30 * 24 * time.Hour), noon.Add(31 * 24 * time.Hour), nil},
		"empty":        {noon, noon, nil},
		"another zone": {noon.In(time.FixedZone("", 5*3600)), noon.Add(time.Hour).In(time.FixedZone("", -5*3600)), everything[2:6]},
	} {
		t.Run(name, func(t *testing.T) {
			if got := scanned(t, store, window.from, window.to); !slices.Equal(got, window.want) {
				t.Errorf("read %v, want %v", got, window.want)
			}
		})
	}
}

// A window of one day costs the same at the end of a long history.
func TestCostOfAWindowDoesNotGrowWithHistory(t *testing.T) {
	calls := func(days int) map[string]int {
		store := memstore.New()
		for day := range days {
			put(t, store, "a", int64(day+1), noon.AddDate(0, 0, -day), 1)
		}
		store.ResetCalls()
		if got := scanned(t, store, noon.Truncate(24*time.Hour), noon.Truncate(24*time.Hour).Add(24*time.Hour)); len(got) != 1 {
			t.Fatalf("read %v, want one record", got)
		}
		if _, _, err := Newest(context.Background(), store, "delay", noon.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		return store.CallCounts()
	}
	few, many := calls(2), calls(2000)
	if fmt.Sprint(few) != fmt.Sprint(many) {
		t.Errorf("%v calls after 2 days, %v after 2000", few, many)
	}
}

func TestNewestIsTheWatermark(t *testing.T) {
	store := memstore.New()
	ctx := context.Background()
	if _, ok, err := Newest(ctx, store, "delay", time.Time{}); ok || err != nil {
		t.Errorf("nothing was recorded: %v, %v", ok, err)
	}
	put(t, store, "a", 1, noon.Add(-48*time.Hour), 5)
	put(t, store, "a", 6, noon, 10)
	put(t, store, "b", 1, noon, 30)
	put(t, store, "b", 31, noon.Add(40*time.Minute), 3)
	want := noon.Add(42 * time.Minute)
	for _, after := range []time.Time{{}, noon.Add(-100 * time.Hour), noon, noon.Add(41 * time.Minute)} {
		if got, ok, err := Newest(ctx, store, "delay", after); err != nil || !ok || !got.Equal(want) {
			t.Errorf("after %v the newest is %v, %v, %v; want %v", after, got, ok, err, want)
		}
	}
	if got, ok, err := Newest(ctx, store, "delay", want); ok || err != nil {
		t.Errorf("nothing is newer than the newest: %v, %v", got, err)
	}
	store.ResetCalls()
	if _, _, err := Newest(ctx, store, "delay", noon); err != nil {
		t.Fatal(err)
	}
	if calls := store.CallCounts(); calls[memstore.VerbRead] != 2 {
		t.Errorf("read %d segments, want the last of each instance", calls[memstore.VerbRead])
	}
}

// Records that have only a time of arrival move no watermark, also where they fill hours of their own.
func TestArrivalMovesNoWatermark(t *testing.T) {
	store := memstore.New()
	put(t, store, "a", 1, noon, 2)
	for hour := range 3 {
		r := newRecord(int64(10+hour), noon.AddDate(25, 0, 0).Add(time.Duration(hour)*time.Hour))
		r.ArrivalOnly = true
		store.Put(Key("delay", "a", r.EventTime, r.Sequence), lineOf(t, r))
	}
	for _, after := range []time.Time{{}, noon.Add(-time.Hour)} {
		if got, ok, err := Newest(context.Background(), store, "delay", after); err != nil || !ok || !got.Equal(noon.Add(time.Minute)) {
			t.Errorf("after %v the newest is %v, %v, %v", after, got, ok, err)
		}
	}
	if got, ok, err := Newest(context.Background(), store, "delay", noon.AddDate(1, 0, 0)); ok || err != nil {
		t.Errorf("the newest is %v, %v, want none", got, err)
	}
}

// A segment that does not hold is named; one that retention took, and documents of other kinds, are passed over.
func TestScanOfDamagedSegments(t *testing.T) {
	ctx := context.Background()
	store := memstore.New()
	put(t, store, "a", 1, noon, 1)
	store.Put(Key("delay", "a", noon, 2), []byte("{\"schema\":\"mlops/label-record/v1\"}\n\n"+string(lineOf(t, newRecord(9, noon)))))
	store.Put("records/delay/2001/01/08/12/notes.txt", []byte("hello"))
	if got := scanned(t, store, noon, noon.Add(time.Hour)); len(got) != 2 {
		t.Errorf("read %v, want the two inference records", got)
	}
	store.Before = func(verb, key string) error {
		if verb == memstore.VerbRead && key == Key("delay", "a", noon, 1) {
			return mlops.ErrNotFound
		}
		return nil
	}
	if got := scanned(t, store, noon, noon.Add(time.Hour)); len(got) != 1 {
		t.Errorf("read %v, want what is left", got)
	}
	whole := string(lineOf(t, newRecord(9, noon)))
	store.Put(Key("delay", "a", noon, 2), []byte("{\"schema\":\"mlops/inference-rec\n"+whole+"\x00\xff\n"+whole))
	compressed := NewCompressor().Compress(nil, []byte(strings.Repeat(whole, 9)))
	store.Put(Key("delay", "b", noon, 1), compressed[:len(compressed)/2])
	store.Put(Key("delay", "b", noon, 2), append(bytes.Clone(compressed[:6]), "no frame of this kind"...))
	count := 0
	broken, err := Scan(ctx, store, "delay", noon, noon.Add(time.Hour), func(Record) error { count++; return nil })
	if err != nil || count != 2 || broken.Lines != 4 || !strings.Contains(broken.First, "a-000000000002.jsonl.zst, line 1") {
		t.Errorf("%d records and %+v, %v: want two records, four broken places and the name of the first", count, broken, err)
	}
	if err := broken.Err(); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	stop := errors.New("enough")
	put(t, store, "a", 2, noon, 1)
	if _, err := Scan(ctx, store, "delay", noon, noon.Add(time.Hour), func(Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the caller's error is %v", err)
	}
}

func TestListingsArePaged(t *testing.T) {
	store := memstore.New()
	line := lineOf(t, newRecord(1, noon))
	for i := range page + 10 {
		store.Put(Key("delay", "a", noon, int64(i+1)), line)
	}
	segments, err := Segments(context.Background(), store, "delay", noon, noon.Add(time.Hour))
	if err != nil || len(segments) != page+10 {
		t.Errorf("listed %d segments, %v; want %d", len(segments), err, page+10)
	}
}
