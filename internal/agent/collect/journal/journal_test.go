package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const patience = 10 * time.Second

func options() Options {
	return Options{
		SegmentBytes: 4 << 10, Limit: 64 << 20, SyncInterval: time.Millisecond, Header: func() []byte { return []byte("header") },
	}
}

func open(t *testing.T, folder string, options Options) *Journal {
	t.Helper()
	lock, err := TryLock(folder)
	if err != nil {
		t.Fatal(err)
	}
	j, err := Open(lock, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// text of an entry says its number, at many lengths.
func text(number int64) string {
	return fmt.Sprintf("entry %d %s", number, strings.Repeat("x", int(number*37)%900))
}

func frame(payload string) []byte { return append(make([]byte, FrameRoom), payload...) }

func appendTo(t *testing.T, j *Journal, from, to int64) {
	t.Helper()
	for i := from; i <= to; i++ {
		if number, err := j.Append(context.Background(), 1, frame(text(i))); err != nil || number != i {
			t.Fatalf("entry %d has the number %d, %v", i, number, err)
		}
	}
}

// take reads and removes everything, and checks that each entry is what was written under its number.
func take(t *testing.T, j *Journal) (numbers []int64, damaged int64) {
	t.Helper()
	j.Seal()
	for {
		segment, ok := j.Oldest()
		if !ok {
			return numbers, damaged
		}
		headed := ""
		content, err := Read(segment.Path, func(header []byte, entry Entry) {
			headed = string(header)
			if string(entry.Payload) != text(entry.Number) || entry.Kind != 1 {
				t.Fatalf("entry %d reads %q", entry.Number, entry.Payload)
			}
			numbers = append(numbers, entry.Number)
		})
		if err != nil || content.Damaged == 0 && headed != "header" {
			t.Fatalf("header %q, %v", headed, err)
		}
		damaged += content.Damaged
		if err := j.Remove(segment); err != nil {
			t.Fatal(err)
		}
	}
}

// inOrder wants the numbers from first to last, each once.
func inOrder(t *testing.T, numbers []int64, first, last int64) {
	t.Helper()
	if int64(len(numbers)) != last-first+1 {
		t.Errorf("%d entries, want %d", len(numbers), last-first+1)
	}
	for i, number := range numbers {
		if number != first+int64(i) {
			t.Fatalf("entry %d has the number %d", i, number)
		}
	}
}

// killed copies what a killed process leaves: its files as they are, and no lock.
func killed(t *testing.T, folder string) string {
	t.Helper()
	for { // a file may be renamed while it is copied
		left := t.TempDir()
		err := os.CopyFS(left, os.DirFS(folder))
		if err == nil {
			return left
		}
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// Wherever a process is killed, its successor has every entry once, and goes on counting, also when nothing was left.
func TestSuccessorFindsEverything(t *testing.T) {
	for _, written := range []int64{0, 1, 2, 9, 30} {
		folder := t.TempDir()
		appendTo(t, open(t, folder, options()), 1, written)
		for range 3 { // killed again and again before it wrote anything
			folder = killed(t, folder)
			open(t, folder, options())
		}
		j := open(t, killed(t, folder), options())
		appendTo(t, j, written+1, written+3)
		numbers, damaged := take(t, j)
		inOrder(t, numbers, 1, written+3)
		again := open(t, killed(t, j.lock.Folder), options())
		appendTo(t, again, written+4, written+4)
		if bytes, entries := again.Backlog(); damaged != 0 || entries != 1 || bytes == 0 {
			t.Errorf("%d damaged; %d entries in %d bytes are left", damaged, entries, bytes)
		}
	}
}

// A closed log leaves no segment without entries, and no spare; a destroyed one leaves nothing.
func TestCloseAndDestroy(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a")
	j := open(t, folder, options())
	appendTo(t, j, 1, 1)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 3 {
		t.Errorf("the folder holds %v, %v; want lock, next and one segment", entries, err)
	}
	if _, err := j.Append(context.Background(), 1, frame("late")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed log says %v", err)
	}
	if err := open(t, folder, options()).Destroy(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// A folder belongs to one at a time; who waits for it while it is removed gets a new one.
func TestLock(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a")
	j := open(t, folder, options())
	if _, err := TryLock(folder); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("a second one gets %v", err)
	}
	if err := j.Destroy(); err != nil {
		t.Fatal(err)
	}
	appendTo(t, open(t, folder, options()), 1, 1)
}

// Every whole entry before and after damage is read; what is gone shows as a hole, and its bytes are counted.
func TestDamage(t *testing.T) {
	folder := t.TempDir()
	big := options()
	big.SegmentBytes = 1 << 20
	j := open(t, folder, big)
	appendTo(t, j, 1, 20)
	path := j.current.Path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole = whole[:j.offset] // without what was only preallocated
	for name, damage := range map[string]func([]byte) []byte{
		"a bit":           func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"a zeroed block":  func(b []byte) []byte { clear(b[len(b)/3 : len(b)/3+600]); return b },
		"a length":        func(b []byte) []byte { b[bytes.Index(b, []byte("entry 7 "))-FrameRoom+10] = 0xff; return b },
		"the header":      func(b []byte) []byte { b[FrameRoom] ^= 1; return b },
		"bytes are gone":  func(b []byte) []byte { return append(b[:900:900], b[1000:]...) },
		"bytes are added": func(b []byte) []byte { return append(append(b[:900:900], "nonsense LMJ1 nonsense"...), b[900:]...) },
	} {
		t.Run(name, func(t *testing.T) {
			left := killed(t, folder)
			if err := os.WriteFile(filepath.Join(left, filepath.Base(path)), damage(bytes.Clone(whole)), 0o600); err != nil {
				t.Fatal(err)
			}
			next := open(t, left, big)
			if next.Next() != 21 {
				t.Errorf("it goes on with %d", next.Next())
			}
			numbers, damaged := take(t, next)
			if damaged == 0 || len(numbers) < 17 || numbers[len(numbers)-1] != 20 {
				t.Errorf("%d bytes are damaged, and %v are left", damaged, numbers)
			}
		})
	}
	for cut := len(whole) - 1; cut > 0; cut -= 97 { // torn while it was written: nobody was told of the last entry
		left := killed(t, folder)
		torn := append(bytes.Clone(whole[:cut]), make([]byte, 1000)...)
		if err := os.WriteFile(filepath.Join(left, filepath.Base(path)), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		numbers, _ := take(t, open(t, left, big))
		inOrder(t, numbers, 1, int64(len(numbers)))
	}
}

// While nobody takes anything the oldest go, each of them counted and named; what is being taken stays.
func TestFullLogDropsTheOldest(t *testing.T) {
	lost := map[Reason]int64{}
	limited := options()
	limited.Limit = 20 << 10
	limited.Lost = func(reason Reason, count int64) { lost[reason] += count }
	j := open(t, t.TempDir(), limited)
	appendTo(t, j, 1, 20)
	first, _ := j.Oldest()
	appendTo(t, j, 21, 300)
	if bytes, _ := j.Backlog(); bytes > limited.Limit {
		t.Errorf("the log holds %d bytes", bytes)
	}
	gaps := j.Lost()
	next := open(t, killed(t, j.lock.Folder), limited)
	if len(gaps) != 1 || gaps[0].First != first.Last+1 || gaps[0].Reason != ReasonFull || fmt.Sprint(next.Lost()) != fmt.Sprint(gaps) {
		t.Errorf("the gaps are %v, and for the successor %v", gaps, next.Lost())
	}
	numbers, _ := take(t, j)
	if lost[ReasonFull] == 0 || int64(len(numbers))+lost[ReasonFull] != 300 || gaps[0].Count() != lost[ReasonFull] || numbers[len(numbers)-1] != 300 {
		t.Errorf("%d are left and %v are lost, want 300 in all", len(numbers), lost)
	}
}

// With the other policy who appends waits until something was taken.
func TestFullLogPushesBack(t *testing.T) {
	limited := options()
	limited.Limit = 6 << 10
	j := open(t, t.TempDir(), limited)
	j.SetMode(Mode{Block: true})
	var numbers []int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		appendTo(t, j, 1, 200)
	}()
	for deadline := time.Now().Add(patience); len(numbers) < 200; time.Sleep(time.Millisecond) {
		more, _ := take(t, j)
		numbers = append(numbers, more...)
		if time.Now().After(deadline) {
			t.Fatalf("%d entries came", len(numbers))
		}
	}
	<-ended
	inOrder(t, numbers, 1, 200)
	if len(j.Lost()) != 0 {
		t.Errorf("lost %v", j.Lost())
	}
	appendTo(t, j, 201, 208)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	for i := 0; ; i++ {
		if _, err := j.Append(ctx, 1, frame(strings.Repeat("x", 2000))); err != nil {
			if !errors.Is(err, ErrFull) {
				t.Error(err)
			}
			break
		}
		if i > 10 {
			t.Fatal("a full log takes everything")
		}
	}
	if lost := j.Lost(); len(lost) != 1 || lost[0].Reason != ReasonFull || lost[0].Count() != 1 {
		t.Errorf("who gave up waiting is counted as %v", lost)
	}
}

// A disk that takes nothing costs entries, each counted, also for a successor; it heals when the disk does.
func TestDiskThatTakesNothing(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder, options())
	appendTo(t, j, 1, 3)
	j.mutex.Lock()
	good := j.active
	j.active, _ = os.Open(j.current.Path) // read only
	j.mutex.Unlock()
	for range 5 {
		if _, err := j.Append(context.Background(), 1, frame("x")); err == nil {
			t.Fatal("it was written")
		}
	}
	if j.Healthy() == nil {
		t.Error("the log says that it is well")
	}
	next := open(t, killed(t, folder), options())
	if next.Next() != 9 {
		t.Errorf("the successor goes on with %d", next.Next())
	}
	j.mutex.Lock()
	j.active = good
	j.mutex.Unlock()
	appendTo(t, j, 9, 9)
	if err := j.Healthy(); err != nil {
		t.Errorf("it says %v", err)
	}
	numbers, _ := take(t, j)
	if lost := j.Lost(); len(lost) != 1 || lost[0] != (Gap{4, 8, ReasonWrite}) || len(numbers) != 4 {
		t.Errorf("%v are lost, %v are there", lost, numbers)
	}
}

// What is appended from many sides at once gets a number each, and waits for the disk where it was told to.
func TestConcurrentAndSynced(t *testing.T) {
	j := open(t, t.TempDir(), options())
	j.SetMode(Mode{SyncAlways: true})
	var writers sync.WaitGroup
	var mutex sync.Mutex
	seen := map[int64]string{}
	for writer := range 8 {
		writers.Go(func() {
			for i := range 40 {
				payload := fmt.Sprintf("writer %d entry %d", writer, i)
				number, err := j.Append(context.Background(), 1, frame(payload))
				j.mutex.Lock()
				safe := j.syncer.synced >= number
				j.mutex.Unlock()
				mutex.Lock()
				if err != nil || seen[number] != "" || !safe {
					t.Errorf("number %d: %v, safe: %v", number, err, safe)
				}
				seen[number] = payload
				mutex.Unlock()
			}
		})
	}
	writers.Wait()
	j.Seal()
	for segment, ok := j.Oldest(); ok; segment, ok = j.Oldest() {
		if _, err := Read(segment.Path, func(_ []byte, entry Entry) {
			if seen[entry.Number] != string(entry.Payload) {
				t.Errorf("entry %d reads %q", entry.Number, entry.Payload)
			}
			delete(seen, entry.Number)
		}); err != nil {
			t.Fatal(err)
		}
		if err := j.Remove(segment); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 0 {
		t.Errorf("%d entries are missing", len(seen))
	}
}

// A segment is sealed once nothing comes any more, or when it is old.
func TestSealDue(t *testing.T) {
	j := open(t, t.TempDir(), options())
	appendTo(t, j, 1, 1)
	j.SealDue(time.Hour, time.Hour)
	if _, ok := j.Oldest(); ok {
		t.Error("it was sealed too early")
	}
	j.SealDue(0, time.Hour)
	if segment, ok := j.Oldest(); !ok || segment.Entries != 1 {
		t.Error("it was not sealed when idle")
	}
	appendTo(t, j, 2, 2)
	j.SealDue(time.Hour, 0)
	if numbers, _ := take(t, j); len(numbers) != 2 {
		t.Errorf("%v", numbers)
	}
}

func TestGaps(t *testing.T) {
	var known gaps
	for _, step := range []struct{ first, last, added int64 }{{5, 9, 5}, {1, 2, 2}, {3, 6, 2}, {1, 9, 0}, {8, 12, 3}} {
		var added int64
		if known, added = known.add(step.first, step.last, ReasonFull); added != step.added {
			t.Errorf("%+v added %d", step, added)
		}
	}
	known, _ = known.add(10, 20, ReasonWrite)
	if fmt.Sprint(known) != "[{1 12 log_full} {13 20 log_write}]" || known.total() != 20 {
		t.Errorf("%v", known)
	}
}

// Whatever stands in a segment, reading it ends, and what is read was written whole.
func FuzzSegment(f *testing.F) {
	one := frame("payload")
	fillFrame(one, 0, 1, 7)
	f.Add([]byte(""))
	f.Add(one)
	f.Add(append(append([]byte("nonsense"), one...), one[:20]...))
	f.Add(append(append(append(bytes.Clone(one), make([]byte, 70)...), 'x'), one...))
	f.Add(append([]byte("LMJ1LMJ1\x00\x00\x00\x00\x40\x00\x00\x00"), append(make([]byte, 60), one...)...))
	f.Fuzz(func(t *testing.T, content []byte) {
		before := bytes.Clone(content)
		read := func(window int) (damaged, total int64) {
			reader := Reader{window: make([]byte, window)}
			damaged, err := reader.read(bytes.NewReader(content), int64(len(content)), func(entry Entry) {
				total += FrameRoom + int64(len(entry.Payload))
			})
			if err != nil {
				t.Fatal(err)
			}
			return damaged, total
		}
		damaged, total := read(windowBytes)
		if damaged < 0 || damaged+total > int64(len(content)) || !bytes.Equal(before, content) {
			t.Errorf("%d bytes damaged, %d read, of %d", damaged, total, len(content))
		}
		if inParts, again := read(2 * FrameRoom); inParts != damaged || again != total {
			t.Errorf("in parts %d bytes damaged, %d read; at once %d, %d", inParts, again, damaged, total)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	lock, err := TryLock(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	o := options()
	o.SegmentBytes, o.Limit, o.SyncInterval = 4<<20, 256<<20, 50*time.Millisecond
	j, err := Open(lock, o)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	entry := frame(strings.Repeat("x", 1200))
	b.SetBytes(1200)
	for b.Loop() {
		if _, err := j.Append(context.Background(), 1, entry); err != nil {
			b.Fatal(err)
		}
	}
}
