package collect

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// smallDisk says in the environment of a test's second life where its disk is to be.
const smallDisk = "MLOPS_TEST_DISK"

// onSmallDisk runs a test once more, in a process that may mount a file system of so many bytes at a folder, and nowhere else.
// It is skipped where the system lets nobody do that.
func onSmallDisk(t *testing.T, bytes int, test func(t *testing.T, folder string)) {
	t.Helper()
	if folder := os.Getenv(smallDisk); folder != "" {
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
			t.Skipf("a small disk cannot be mounted: %v", err)
		}
		test(t, folder)
		return
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), smallDisk+"="+t.TempDir())
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := command.CombinedOutput()
	var ended *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &ended):
		t.Skipf("a process with a disk of its own cannot be started: %v", err)
	case err != nil:
		t.Errorf("%v: %s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	}
}

// A full disk costs no request; what it costs of records is counted to the record, and all that was kept arrives.
func TestDiskFull(t *testing.T) {
	onSmallDisk(t, 1<<20, func(t *testing.T, folder string) {
		var away atomic.Bool
		away.Store(true)
		store := memstore.New()
		store.Before = func(_, key string) error {
			if away.Load() && strings.HasPrefix(key, "records/") {
				return errors.New("the store is away")
			}
			return nil
		}
		model := httptest.NewServer(http.HandlerFunc(score))
		t.Cleanup(model.Close)
		options := optionsFor(t, store, model.URL)
		options.WAL, options.SegmentBytes = folder, 64<<10
		s := start(t, store, options)
		body := `[{"text":"` + strings.Repeat("x", 4000) + `"}]`
		asked := 0
		ask := func() {
			response, _ := s.post("/score", body, CorrelationHeader, fmt.Sprintf("request-%d", asked))
			if response.StatusCode != http.StatusOK {
				t.Fatalf("request %d is answered %s", asked, response.Status)
			}
			asked++
		}
		for range 600 { // 2.4 MB
			ask()
		}
		if response, _ := s.do(get(t, s.url+HealthPath)); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("with a full disk health answers %s", response.Status)
		}
		away.Store(false)
		await(t, "room", func() bool { return s.counted("backlog_records", "") == 0 })
		await(t, "the log to be well", func() bool { // what has failed is not tried again with each request
			ask()
			return s.collector.log.healthy() == nil
		})
		records := s.records()
		lost := int64(s.counted("lost_records_total", string(journal.ReasonWrite)))
		if lost == 0 || int64(len(records))+lost != int64(asked) {
			t.Errorf("%d records and %d lost of %d", len(records), lost, asked)
		}
		if last := records[len(records)-1]; last.CorrelationID != fmt.Sprintf("request-%d", asked-1) {
			t.Errorf("the last record is that of %s: the disk has room again", last.CorrelationID)
		}
		known, err := record.Lost(t.Context(), store, "delay")
		if found := audit(t, store); err != nil || known != lost || found.Lost != lost || found.Records != int64(len(records)) {
			t.Errorf("%d are known to be lost, %v, and the audit says %+v", known, err, found)
		}
	})
}

// A disk that cannot be written at the start is an error at once, which names the folder; one that turns so under a collector
// costs no request, and every record is counted.
func TestReadOnlyDisk(t *testing.T) {
	onSmallDisk(t, 64<<20, func(t *testing.T, folder string) {
		s := newStage(t, score, func(o *Options) { o.WAL, o.FlushInterval = folder, time.Hour })
		s.post("/score", oneRow)
		s.stop()
		if err := unix.Mount("", folder, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		_, err := New(optionsFor(t, s.store, "http://127.0.0.1:1"))
		if err != nil {
			t.Errorf("elsewhere: %v", err)
		}
		options := optionsFor(t, s.store, "http://127.0.0.1:1")
		options.WAL = folder
		if _, err = New(options); !errors.Is(err, unix.EROFS) || !strings.Contains(err.Error(), folder) {
			t.Errorf("the error is %v, want one that names the folder", err)
		}
	})
}

// The disk fails under a collector that serves.
func TestDiskThatFailsLater(t *testing.T) {
	onSmallDisk(t, 64<<20, func(t *testing.T, folder string) {
		s := newStage(t, score, func(o *Options) { o.WAL, o.FlushInterval = folder, time.Hour })
		s.post("/score", oneRow)
		// What is open stays writable in a file system that is mounted anew as read-only; so the folder is hidden by one.
		s.collector.log.Seal()
		if err := unix.Mount("tmpfs", s.collector.home.lock.Folder, "tmpfs", unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		const requests = 30
		for range requests {
			if response, _ := s.post("/score", oneRow); response.StatusCode != http.StatusOK {
				t.Fatalf("answered %s", response.Status)
			}
			s.collector.log.Seal()
		}
		lost := s.counted("lost_records_total", string(journal.ReasonWrite))
		if logged := s.counted("records_total", ""); lost == 0 || logged+lost != requests+1 {
			t.Errorf("%v records and %v lost of %d", logged, lost, requests+1)
		}
		if err := unix.Unmount(s.collector.home.lock.Folder, unix.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
		var ill error
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			s.post("/score", oneRow)
			if ill = s.collector.log.healthy(); ill == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the log does not get well: %v", ill)
			}
		}
	})
}
