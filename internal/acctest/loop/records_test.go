//go:build linux

package loop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// scorers send requests, each with an id of its own, and note those whose answer they have read whole.
type scorers struct {
	mutex        sync.Mutex
	sent         int
	acknowledged map[string]bool
	stop         func()
}

func (s *scene) startScorers() *scorers {
	l, done := &scorers{acknowledged: map[string]bool{}}, make(chan struct{})
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				l.mutex.Lock()
				l.sent++
				id := fmt.Sprintf("request-%d", l.sent)
				l.mutex.Unlock()
				if s.scoreAs(id) != nil {
					time.Sleep(5 * time.Millisecond) // nobody is there for a moment
					continue
				}
				l.mutex.Lock()
				l.acknowledged[id] = true
				l.mutex.Unlock()
			}
		})
	}
	l.stop = sync.OnceFunc(func() {
		close(done)
		sending.Wait()
	})
	s.t.Cleanup(l.stop)
	return l
}

func (s *scene) scoreAs(id string) error {
	request, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/%s/score", s.port, modelName), strings.NewReader(rowsOfOne)) //nolint:noctx // a test
	if err != nil {
		return err
	}
	request.Header.Set("X-Correlation-Id", id)
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err = io.Copy(io.Discard, response.Body); err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	return err
}

func (l *scorers) count() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.acknowledged)
}

// Whole pods are killed under load, again and again: every record whose answer a client has read is in the store in the end,
// once, and the manifests say so.
func TestNoRecordIsLostWithItsPod(t *testing.T) {
	s := newScene(t)
	s.guard()
	s.begin(mlops.ApprovalAutomatic)
	s.publish(1)
	s.awaitServed(1)
	load := s.startScorers()
	for kill := range 5 {
		enough := load.count() + 150
		s.await("more answers", func() (bool, string) { return load.count() >= enough, strconv.Itoa(load.count()) })
		serving := s.some(2, "two collectors", collector)[kill%2]
		s.kill9(s.holder(serving))
		s.awaitReplaced(serving.pod)
	}
	load.stop()
	s.must("local", "stop")
	s.must("collect", "recover", "--deployment", modelName, "--wal", filepath.Join(s.folder+".runner", "state", modelName, "wal"))
	times := map[string]int{}
	for line := range strings.Lines(s.must("records", "cat", "--deployment", modelName)) {
		r, err := record.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		times[r.CorrelationID]++
	}
	lost := 0
	for id := range load.acknowledged {
		if times[id] == 0 {
			lost++
		}
	}
	for id, count := range times {
		if count != 1 {
			t.Errorf("%s is there %d times", id, count)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged records are lost", lost, len(load.acknowledged))
	}
	var audit record.Audit
	if err := json.Unmarshal([]byte(s.must("records", "verify", "--deployment", modelName, "--read", "--json")), &audit); err != nil {
		t.Fatal(err)
	}
	if !audit.Complete || audit.Records != int64(len(times)) || len(audit.Instances) != 7 {
		t.Errorf("%d records are there, and the audit says %+v", len(times), audit)
	}
	t.Logf("%d acknowledged, %d records of %d instances", len(load.acknowledged), audit.Records, len(audit.Instances))
}

// What a deployment samples and redacts changes while it serves, and no process is replaced for it.
func TestCollectionChangesWithoutARestart(t *testing.T) {
	s := newScene(t)
	s.begin(mlops.ApprovalAutomatic)
	s.publish(1)
	s.awaitServed(1)
	before := pids(s.some(2, "two servers", server))
	var declared mlops.Deployment
	if _, err := s.open().Spec(t.Context(), mlops.KindDeployment, modelName, &declared); err != nil {
		t.Fatal(err)
	}
	declared.DataCollection.Redact = []string{"x"}
	s.put(declared)
	s.await("redaction", func() (bool, string) {
		newest := ""
		s.awaitAnswer()
		for line := range strings.Lines(s.must("records", "cat", "--deployment", modelName)) {
			newest = line
		}
		return newest != "" && !strings.Contains(newest, `"x":`), newest
	})
	if after := pids(s.some(2, "two servers", server)); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the servers were %v and are %v", before, after)
	}
	if _, err := os.Stat(filepath.Join(s.folder+".runner", "state", modelName, "wal")); err != nil {
		t.Error(err)
	}
}
