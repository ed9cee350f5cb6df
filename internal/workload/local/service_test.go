//go:build linux || darwin

package local

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// score sends one request through the gateway; a failed one has an error.
func (b *bench) score(service, body string) (string, error) {
	response, err := http.Post(b.url(service+"/score?q=1%2F2"), "application/json", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, content)
	}
	return string(content), nil
}

func TestServiceIsBalancedOverItsReplicas(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(service("model", 2, 1))
	live := b.awaitRolledOut("model")
	if len(live.Status.Versions) != 1 || live.Status.Versions[0] != 1 || live.Status.Ready != 2 || live.Status.Message != "" {
		t.Errorf("status is %+v, want two ready replicas of version 1 and no message", live.Status)
	}
	seen := map[string]bool{}
	for range 10 {
		answer, err := b.score("model", "[1]")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(answer, "[1] q=1%2F2") {
			t.Fatalf("the model saw %q, want body and query as they were sent", answer)
		}
		seen[answer] = true
	}
	if len(seen) != 2 {
		t.Errorf("%d replicas answered, want 2", len(seen))
	}
	b.awaitPage("", `"ready":2`)
	b.awaitPage("nobody/score", "no such service")
}

// awaitPage waits until a page of the gateway holds a text.
func (b *bench) awaitPage(path, text string) {
	b.Helper()
	b.await(path+" says "+text, func() bool {
		response, err := http.Get(b.url(path))
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		return err == nil && strings.Contains(string(content), text)
	})
}

// load sends requests until it is stopped, and counts.
func (b *bench) load(service string) (stop func() (sent int64, failures []string)) {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	var sent atomic.Int64
	var mu sync.Mutex
	var failures []string
	for _, body := range []string{`{"row": 1}`, `{"row": 2}`, "slow", "slow"} {
		wait.Go(func() {
			for ctx.Err() == nil {
				_, err := b.score(service, body)
				sent.Add(1)
				if err != nil {
					mu.Lock()
					failures = append(failures, err.Error())
					mu.Unlock()
				}
			}
		})
	}
	return func() (int64, []string) {
		cancel()
		wait.Wait()
		return sent.Load(), failures
	}
}

func TestRollingReplacementFailsNoRequest(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(service("model", 2, 1))
	b.awaitRolledOut("model")
	stop := b.load("model")
	for _, manifest := range []workload.Manifest{service("model", 2, 2), service("model", 3, 2), service("model", 1, 3)} {
		b.apply(manifest)
		b.awaitRolledOut("model")
	}
	sent, failures := stop()
	if len(failures) > 0 || sent == 0 {
		t.Errorf("%d of %d requests failed, want none; the first: %s", len(failures), sent, failures)
	}
	if answer, err := b.score("model", ""); err != nil || !strings.HasPrefix(answer, "v3 ") {
		t.Errorf("after the roll-out %q (%v) answers, want v3", answer, err)
	}
}

func TestBadVersionKeepsTheOldOneServing(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(service("model", 2, 1))
	old := b.awaitRolledOut("model")
	stop := b.load("model")
	bad := service("model", 2, 2, "sick")
	bad.Service.ReadyTimeout = mlops.Duration(time.Second)
	b.apply(bad)
	live := b.awaitLive(workload.KindService, "model", "the failed roll-out shows", func(l workload.Live) bool {
		return l.Status.ObservedHash == l.Manifest.Hash() && strings.Contains(l.Status.Message, "not ready within 1s: GET")
	})
	if !strings.Contains(live.Status.Message, "500") || !strings.Contains(live.Status.LogTail, "this model is sick") {
		t.Errorf("message %q with log %q, want the failed probe and what the program said", live.Status.Message, live.Status.LogTail)
	}
	if live.Status.Ready != 2 || live.Status.UpdatedReady != 0 || live.RolledOut() {
		t.Errorf("status is %+v, want the 2 old replicas ready and the roll-out not done", live.Status)
	}
	if _, failures := stop(); len(failures) > 0 {
		t.Errorf("%d requests failed, want none; the first: %s", len(failures), failures[0])
	}
	// An old replica that dies meanwhile comes back as what it was.
	for pid := range pids(old) {
		killProcess(t, pid)
		break
	}
	b.awaitLive(workload.KindService, "model", "two replicas of version 1 are ready again", func(l workload.Live) bool {
		now := pids(l)
		lost := 0
		for pid := range pids(old) {
			if !now[pid] {
				lost++
			}
		}
		return lost == 1 && l.Status.Ready == 2 && l.Status.UpdatedReady == 0
	})
	b.apply(service("model", 2, 3))
	b.awaitRolledOut("model")
}

func TestCrashedReplicaIsStartedAgain(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(service("model", 1, 1))
	before := b.awaitRolledOut("model")
	_, _ = http.Get(b.url("model/crash")) //nolint:bodyclose // there is no answer
	after := b.awaitLive(workload.KindService, "model", "another replica is ready", func(l workload.Live) bool {
		return l.RolledOut() && l.Status.Replicas[0].Name != before.Status.Replicas[0].Name
	})
	if after.Status.Replicas[0].Restarts != 1 {
		t.Errorf("the replica counts %d restarts, want 1", after.Status.Replicas[0].Restarts)
	}
	if !strings.Contains(b.output.String(), "ended with exit code 3") {
		t.Errorf("nobody was told why it was started again; the runner said %s", b.output)
	}
}

func TestDeletedServiceStops(t *testing.T) {
	b := newBench(t)
	b.start()
	first := service("model", 2, 1)
	first.Incarnation = "first"
	b.apply(first)
	live := b.awaitRolledOut("model")
	if err := b.client.Delete(t.Context(), workload.KindService, "model", "another"); err != nil {
		t.Fatal(err)
	}
	b.get(workload.KindService, "model") // still there
	if err := b.client.Delete(t.Context(), workload.KindService, "model", "first"); err != nil {
		t.Fatal(err)
	}
	for pid := range pids(live) {
		b.await("replicas have ended", func() bool { return gone(int(pid)) })
	}
	b.awaitPage("model/score", "no such service")
}
