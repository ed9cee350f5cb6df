//go:build linux || darwin

package local

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func TestKilledRunnerIsSucceededByOneThatAdopts(t *testing.T) {
	b := newBench(t)
	ran, release := filepath.Join(b.dir, "ran"), filepath.Join(b.dir, "release")
	b.start()
	b.apply(service("model", 2, 1))
	b.apply(job("train", time.Minute, "count", ran, release))
	b.apply(job("quick", time.Minute, "count", ran+"-quick"))
	before := b.awaitRolledOut("model")
	b.awaitPhase("train", workload.PhaseRunning)
	b.awaitPhase("quick", workload.PhaseSucceeded)
	b.await("the trainer trains", func() bool { return lines(ran) == 1 })

	b.kill()
	if running, message := b.client.Running(t.Context()); running || message == "" {
		t.Errorf("running %t %q after a kill, want not", running, message)
	}
	for pid := range pids(before) {
		if session, err := unix.Getsid(int(pid)); err != nil || session != int(pid) || gone(int(pid)) {
			t.Errorf("replica %d lives in session %d (%v), want it to live in its own", pid, session, err)
		}
	}
	b.start()
	b.awaitPage("", `"ready":2`)
	after := b.awaitRolledOut("model")
	if !maps.Equal(pids(before), pids(after)) {
		t.Errorf("replicas are %v, want those of before, %v", pids(after), pids(before))
	}

	b.kill()
	if err := os.RemoveAll(string(b.client.folder.pod(b.podsNamed("quick")[0].Name))); err != nil { // somebody tidies up
		t.Fatal(err)
	}
	if err := os.WriteFile(release, nil, 0o600); err != nil { // the job ends while nobody looks
		t.Fatal(err)
	}
	b.start()
	b.awaitPhase("train", workload.PhaseSucceeded)
	b.apply(job("last", time.Minute, "exit", "0")) // whatever would start again has by then
	b.awaitPhase("last", workload.PhaseSucceeded)
	if lines(ran) != 1 || lines(ran+"-quick") != 1 {
		t.Errorf("the jobs ran %d and %d times, want once each", lines(ran), lines(ran+"-quick"))
	}
}

func (b *bench) awaitPhase(job string, phase workload.Phase) workload.Status {
	b.Helper()
	return b.awaitLive(workload.KindJob, job, "job "+job+" is "+string(phase), func(l workload.Live) bool {
		return l.Status.Phase == phase
	}).Status
}

func lines(path string) int {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	return strings.Count(string(content), "\n")
}

func TestKilledPodProcessLeavesNothingBehind(t *testing.T) {
	b := newBench(t)
	note := filepath.Join(b.dir, "child")
	b.start()
	b.apply(service("model", 1, 1))
	b.apply(job("train", time.Minute, "family", note))
	before := b.awaitRolledOut("model")
	b.awaitPhase("train", workload.PhaseRunning)
	var child int
	b.await("the trainer has a child", func() bool {
		content, _ := os.ReadFile(note)
		child, _ = strconv.Atoi(string(content))
		return child > 0
	})
	server, trainer := b.container("model", "serve"), b.container("train", "main")

	killProcess(t, before.Status.Replicas[0].PID)
	killProcess(t, int64(b.podStatus("train").Process.PID))
	for _, pid := range []int{server, trainer, child} {
		b.await("process "+strconv.Itoa(pid)+" has ended", func() bool { return gone(pid) })
	}
	status := b.awaitPhase("train", workload.PhaseFailed)
	if status.ExitCode != -1 || !strings.Contains(status.Message, "lost") || status.TimedOut {
		t.Errorf("status is %+v, want lost with exit code -1", status)
	}
	b.awaitLive(workload.KindService, "model", "another replica serves", func(l workload.Live) bool {
		return l.RolledOut() && l.Status.Replicas[0].PID != before.Status.Replicas[0].PID
	})
	b.kill()
	b.start() // a job that was lost stays lost, also for the next runner
	b.awaitRolledOut("model")
	if got := b.podsNamed("train"); len(got) != 1 {
		t.Errorf("the job has %d pods, want 1", len(got))
	}
}

func (b *bench) podsNamed(name string) []podRecord {
	return append(b.client.podsOf(workload.KindJob, name), b.client.podsOf(workload.KindService, name)...)
}

func (b *bench) podStatus(name string) podStatus {
	b.Helper()
	pods := b.podsNamed(name)
	if len(pods) == 0 {
		b.Fatalf("%s has no pod", name)
	}
	status, _, err := b.client.folder.pod(pods[len(pods)-1].Name).readStatus()
	if err != nil {
		b.Fatal(err)
	}
	return status
}

// container is the process of a container of a workload's latest pod.
func (b *bench) container(name, container string) int {
	b.Helper()
	var pid int
	b.await("container "+container+" runs", func() bool {
		pid = b.podStatus(name).Containers[container].PID
		return pid > 0
	})
	return pid
}

func TestStopEndsEverything(t *testing.T) {
	for name, killed := range map[string]bool{"in order": false, "after a kill": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.start()
			b.apply(service("model", 1, 1))
			b.apply(job("train", time.Minute, "sleep"))
			b.awaitRolledOut("model")
			b.awaitPhase("train", workload.PhaseRunning)
			processes := []int{b.container("model", "serve"), b.container("train", "main"), b.podStatus("model").Process.PID}
			if killed {
				b.kill()
			} else {
				go func(runner *exec.Cmd) { _ = runner.Wait() }(b.runner)
			}
			if err := Stop(t.Context(), b.dir, b.output); err != nil {
				t.Fatal(err)
			}
			b.runner = nil
			for _, pid := range processes {
				if !gone(pid) {
					t.Errorf("process %d runs on", pid)
				}
			}
			// What is declared comes back with the next runner; a job that was stopped was lost, and does not.
			b.start()
			b.awaitRolledOut("model")
			if status := b.awaitPhase("train", workload.PhaseFailed); status.ExitCode != -1 {
				t.Errorf("exit code %d, want -1", status.ExitCode)
			}
		})
	}
}

func TestSecondRunnerSaysWhoIsFirst(t *testing.T) {
	b := newBench(t)
	b.start()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := Run(ctx, Options{Dir: b.dir, Port: func() int { return 0 }})
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(b.runner.Process.Pid)) {
		t.Errorf("%v, want an error that names process %d", err, b.runner.Process.Pid)
	}
}

func TestRunnerWhoseFolderIsRemovedLeavesNothingBehind(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(service("model", 1, 1))
	b.awaitRolledOut("model")
	pod, server := b.podStatus("model").Process.PID, b.container("model", "serve")
	b.await("the folder is removed", func() bool { return os.RemoveAll(b.dir) == nil })
	if err := b.runner.Wait(); err == nil || !strings.Contains(b.output.String(), "removed the runner's folder") {
		t.Errorf("%v, want it to end and say why", err)
	}
	b.runner = nil
	for _, pid := range []int{pod, server} {
		b.await("its processes have ended", func() bool { return gone(pid) })
	}
	if _, err := os.Stat(b.dir); err == nil {
		t.Error("the folder came back")
	}
}

func TestHandEditReachesWhatRuns(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(service("model", 1, 1))
	b.awaitRolledOut("model")
	path := b.client.folder.workload(workload.KindService, "model")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range []struct{ text, what string }{
		{"{ broken", "was edited by hand"},
		{strings.Replace(string(content), `"replicas": 1`, `"replicas": 2`, 1), ""},
	} {
		if err := os.WriteFile(path, []byte(edit.text), 0o600); err != nil {
			t.Fatal(err)
		}
		live := b.get(workload.KindService, "model")
		if live.InSync() || !strings.Contains(live.Status.Message, edit.what) {
			t.Errorf("in sync %t, message %q, want a hand edit", live.InSync(), live.Status.Message)
		}
		if edit.what != "" {
			b.await("the runner has seen it", func() bool { return strings.Contains(b.output.String(), edit.what) })
		}
		if _, err := b.score("model", ""); err != nil {
			t.Errorf("what was spoilt by hand stopped serving: %v", err)
		}
	}
	if live := b.awaitRolledOut("model"); live.Status.Ready != 2 || live.InSync() {
		t.Errorf("%d ready, in sync %t, want the edit to run and to show", live.Status.Ready, live.InSync())
	}
}
