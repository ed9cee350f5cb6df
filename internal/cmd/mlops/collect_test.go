package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

const collectPatience = 30 * time.Second

// collectorProcess is a real `mlops collect`.
type collectorProcess struct {
	command *exec.Cmd
	url     string
	drained chan struct{}
}

func startCollector(t *testing.T, folder, target string, flags ...string) *collectorProcess {
	t.Helper()
	arguments := append([]string{
		"collect", "--project", "file:" + folder, "--deployment", "delay", "--listen", "127.0.0.1:0", "--target", target, "--flush", "5ms",
	}, flags...)
	command := exec.CommandContext(t.Context(), os.Args[0], arguments...)
	command.Env = append(os.Environ(), asCommand+"=1")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &collectorProcess{command: command, drained: make(chan struct{})}
	lines := bufio.NewScanner(stderr)
	for p.url == "" && lines.Scan() {
		var line struct {
			Message string `json:"@message"`
			Listen  string `json:"listen"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Message == "collecting" {
			p.url = "http://" + line.Listen
		}
	}
	if p.url == "" {
		t.Fatalf("the collector did not start: %s", lines.Text())
	}
	go func() {
		for lines.Scan() {
			continue
		}
		close(p.drained)
	}()
	return p
}

// end sends a signal and waits for the end.
func (p *collectorProcess) end(signal syscall.Signal) error {
	_ = p.command.Process.Signal(signal)
	<-p.drained
	return p.command.Wait()
}

// load sends requests to whatever address stands in url, each with an id of its own, and notes those whose answer it has read
// whole.
type load struct {
	url    atomic.Pointer[string]
	next   atomic.Int64
	done   atomic.Bool
	mutex  sync.Mutex
	acked  map[string]bool
	client http.Client
}

func (l *load) run() {
	for !l.done.Load() {
		id := fmt.Sprint("request-", l.next.Add(1))
		request, err := http.NewRequest(http.MethodPost, *l.url.Load()+"/score", strings.NewReader(`[{"x":1}]`)) //nolint:noctx // a test
		if err != nil {
			return
		}
		request.Header.Set("X-Correlation-Id", id)
		response, err := l.client.Do(request)
		if err != nil {
			time.Sleep(time.Millisecond) // the collector is being started again
			continue
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err == nil && response.StatusCode == http.StatusOK {
			l.mutex.Lock()
			l.acked[id] = true
			l.mutex.Unlock()
		}
	}
}

func (l *load) count() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.acked)
}

// await waits for so many answers more.
func (l *load) await(t *testing.T, more int) {
	t.Helper()
	enough := l.count() + more
	for deadline := time.Now().Add(collectPatience); l.count() < enough; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no request was answered")
		}
	}
}

// newAbsentable is a folder that leads to another, so that its store can go and come back at once.
func newAbsentable(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "project")
	if err := errors.Join(os.Mkdir(folder+".there", 0o700), os.WriteFile(folder+".away", nil, 0o600), os.Symlink(folder+".there", folder)); err != nil {
		t.Fatal(err)
	}
	return folder
}

// lead makes such a folder lead to its store (".there") or to nothing (".away").
func lead(t *testing.T, folder, to string) {
	t.Helper()
	if err := errors.Join(os.Symlink(folder+to, folder+".next"), os.Rename(folder+".next", folder)); err != nil {
		t.Fatal(err)
	}
}

// soakKills is how often `make soak` kills collectors.
const soakKills = "MLOPS_SOAK_KILLS"

// However often the collector is killed, every request whose answer a client has read is in the store, once.
func TestKilledCollectorLosesNothing(t *testing.T) {
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `[0.5]`)
	}))
	t.Cleanup(model.Close)
	folder := newAbsentable(t)
	clients := &load{acked: map[string]bool{}}
	var running sync.WaitGroup
	kills, _ := strconv.Atoi(os.Getenv(soakKills))
	kills = max(kills, 8)
	for kill := range kills {
		process := startCollector(t, folder, model.URL)
		clients.url.Store(&process.url)
		if kill == 0 {
			for range 3 {
				running.Go(clients.run)
			}
		}
		// Killed after so many more answers: at another moment of a flush each time.
		clients.await(t, 20+13*(kill%16))
		if kill == kills/2 { // this one serves, and dies, without a store
			lead(t, folder, ".away")
			clients.await(t, 300)
		}
		var exit *exec.ExitError
		if err := process.end(syscall.SIGKILL); !errors.As(err, &exit) {
			t.Fatalf("the collector ended with %v", err)
		}
		lead(t, folder, ".there")
	}
	clients.done.Store(true)
	running.Wait()
	if err := startCollector(t, folder, model.URL).end(syscall.SIGTERM); err != nil {
		t.Fatalf("a collector that is told to stop ends with %v", err)
	}
	// That one had no time for all that the others have left.
	if out, err := runCommand(t, "collect", "recover", "--project", folder, "--deployment", "delay"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	times := map[string]int{}
	sequences := map[string]bool{}
	for _, r := range cat(t, folder) {
		times[r.CorrelationID]++
		number := fmt.Sprint(r.Instance, r.Sequence)
		if sequences[number] {
			t.Errorf("number %s is there twice", number)
		}
		sequences[number] = true
	}
	for id, count := range times {
		if count != 1 {
			t.Errorf("%s is there %d times", id, count)
		}
	}
	lost := 0
	for id := range clients.acked {
		if times[id] == 0 {
			lost++
		}
	}
	t.Logf("%d kills, %d acknowledged records, %d in the store, %d lost", kills, len(clients.acked), len(sequences), lost)
	if lost > 0 || len(sequences) != len(times) {
		t.Errorf("%d of %d acknowledged records are lost", lost, len(clients.acked))
	}
	out, err := runCommand(t, "records", "verify", "--project", folder, "--deployment", "delay", "--read")
	if want := fmt.Sprintf("%d records of %d collectors are accounted for, 0 are lost\n", len(sequences), kills+1); err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("%v: verify says %s, want %s", err, out, want)
	}
	if entries, err := os.ReadDir(folder + ".collect/delay"); err != nil || len(entries) != 0 {
		t.Errorf("the log folder holds %v, %v", entries, err)
	}
}

func cat(t *testing.T, folder string, flags ...string) []record.Record {
	t.Helper()
	out, err := runCommand(t, append([]string{"records", "cat", "--project", folder, "--deployment", "delay"}, flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	var records []record.Record
	for line := range strings.Lines(out) {
		r, err := record.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func runCommand(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(arguments)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestRecordsOfAWindow(t *testing.T) {
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `[0.5,0.25]`)
	}))
	t.Cleanup(model.Close)
	folder := filepath.Join(t.TempDir(), "project")
	process := startCollector(t, folder, model.URL, "--timestamp-column", "at", "--redact", "name", "--model-version", "2")
	for _, body := range []string{
		`{"data":[{"at":"2001-01-08T12:00:00Z","name":"HIDDEN"},{"at":"2001-01-08T12:01:00Z"}]}`,
		`{"data":[{"at":"2001-01-09T12:00:00Z","name":"HIDDEN"}]}`,
		`not JSON`,
	} {
		response, err := http.Post(process.url+"/score", "application/json", strings.NewReader(body)) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if err := process.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if records := cat(t, folder, "--from", "2001-01-08", "--to", "2001-01-09"); len(records) != 1 || records[0].Rows != 2 || bytes.Contains(records[0].Data, []byte("HIDDEN")) {
		t.Errorf("the records of the day are %+v", records)
	}
	out, err := runCommand(t, "records", "count", "--project", folder, "--deployment", "delay")
	if err != nil || !strings.HasPrefix(out, "records       3\nrows          3\nfailed        0\nnot captured  1 (it is not JSON in UTF-8)\nfirst         2001-01-08T12:00:00Z\n") {
		t.Errorf("the count is %q, %v", out, err)
	}
	out, err = runCommand(t, "records", "count", "--project", folder, "--deployment", "delay", "--to", "2002-01-01", "--json")
	if err != nil || !strings.Contains(out, `"records":2,"rows":3`) || !strings.Contains(out, `"model_versions":{"2":2}`) {
		t.Errorf("the count is %q, %v", out, err)
	}
}

func TestRecordsOfBadInput(t *testing.T) {
	folder := t.TempDir()
	for flags, want := range map[string]string{
		"--deployment delay --from yesterday":                            "is no time",
		"--deployment delay --from 2001-01-02 --to 2001-01-01":           "is not before",
		"--deployment Delay":                                             "lower-case",
		"--deployment delay --project " + filepath.Join(folder, "none"):  "no project at",
		"--deployment delay --project /subscriptions/s/resourceGroups/g": "a Microsoft.Storage/storageAccounts",
		"": `required flag(s) "deployment" not set`,
	} {
		_, err := runCommand(t, append([]string{"records", "cat", "--project", folder}, strings.Fields(flags)...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", flags, err, want)
		}
	}
	for flags, want := range map[string]string{
		"--target localhost:1":                           "http://HOST:PORT",
		"--target http://127.0.0.1:1/path":               "http://HOST:PORT",
		"--target http://127.0.0.1:1 --sampling 101":     "between 0 and 100",
		"--target http://127.0.0.1:1 --score-path score": "begins with a slash",
		"--target http://127.0.0.1:1 --deployment D":     "lower-case",
		"--target http://127.0.0.1:1 --listen nowhere":   "listen on",
	} {
		arguments := append([]string{"collect", "--project", filepath.Join(folder, "p"), "--deployment", "delay", "--listen", "127.0.0.1:0"}, strings.Fields(flags)...)
		_, err := runCommand(t, arguments...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", flags, err, want)
		}
	}
}
