//go:build linux || darwin

package local

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func TestJobsEndAsTheirContainersDo(t *testing.T) {
	b := newBench(t)
	b.start()
	withInit := job("badinit", time.Minute, "exit", "0")
	withInit.Job.Pod.Init = []workload.Container{
		{Name: "fetch", Command: []string{"program", "exit", "0"}},
		{Name: "train", Command: []string{"program", "exit", "4"}},
	}
	missing := job("missing", time.Minute, "exit")
	missing.Job.Pod.Containers[0].Command[0] = "no-such-program"
	cases := []struct {
		manifest workload.Manifest
		want     workload.Status
		message  string
		log      string
	}{
		{job("good", time.Minute, "exit", "0"), workload.Status{Phase: workload.PhaseSucceeded}, "", ""},
		{job("bad", time.Minute, "exit", "7"), workload.Status{Phase: workload.PhaseFailed, Failed: "main", ExitCode: 7}, "exit code 7", "about to exit with 7\n"},
		{withInit, workload.Status{Phase: workload.PhaseFailed, Failed: "train", ExitCode: 4}, "exit code 4", "about to exit with 4\n"},
		{job("slow", 300*time.Millisecond, "sleep"), workload.Status{Phase: workload.PhaseFailed, Failed: "main", ExitCode: -1, TimedOut: true}, "timeout of 300ms", "asleep\n"},
		{job("stubborn", 300*time.Millisecond, "stubborn"), workload.Status{Phase: workload.PhaseFailed, Failed: "main", ExitCode: -1, TimedOut: true}, "timeout", ""},
		{missing, workload.Status{Phase: workload.PhaseFailed, Failed: "main", ExitCode: 127}, "not on the PATH", ""},
	}
	for _, c := range cases {
		b.apply(c.manifest)
	}
	for _, c := range cases {
		name := c.manifest.Name
		got := b.awaitLive(workload.KindJob, name, name+" is done", func(l workload.Live) bool { return l.Status.Phase.Done() }).Status
		if got.Phase != c.want.Phase || got.Failed != c.want.Failed || got.ExitCode != c.want.ExitCode || got.TimedOut != c.want.TimedOut {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if !strings.Contains(got.Message, c.message) || got.LogTail != c.log {
			t.Errorf("%s: message %q, log %q; want %q and %q", name, got.Message, got.LogTail, c.message, c.log)
		}
		if got.Started.IsZero() || got.Finished.Before(got.Started) || got.ObservedHash != c.manifest.Hash() {
			t.Errorf("%s: started %s, finished %s of %s", name, got.Started, got.Finished, got.ObservedHash)
		}
	}
}

func TestContainersSeeWhatTheContractPromises(t *testing.T) {
	b := newBench(t)
	user, agent := filepath.Join(b.dir, "user.json"), filepath.Join(b.dir, "agent.json")
	manifest := job("look", time.Minute, "environment", user, workload.Place, workload.Instance)
	manifest.Job.Pod.Containers[0].Env = map[string]string{"DATA": workload.SharedDir + "/data", "P": workload.PortOf("p"), "TMPDIR": "/mine"}
	manifest.Job.Pod.Containers[0].Ports = []string{"p"}
	manifest.Job.Pod.Init = []workload.Container{{Name: "fetch", Agent: true, Command: []string{"agent", "environment", agent, "--project", workload.Place}}}
	b.start()
	b.apply(manifest)
	b.awaitPhase("look", workload.PhaseSucceeded)

	var seen struct{ Env, Args []string }
	readTestJSON(t, user, &seen)
	pod := b.podsNamed("look")[0].Name
	dir := b.client.folder.pod(pod)
	for _, want := range []string{"DATA=" + dir.shared() + "/data", "HOME=" + dir.home(), "TMPDIR=" + dir.tmp(), "PATH=" + filepath.Join(b.dir, "bin")} {
		if !slices.Contains(seen.Env, want) {
			t.Errorf("a user's container sees %q, want %s among it", seen.Env, want)
		}
	}
	if len(seen.Env) != 6 { // and LANG, P
		t.Errorf("a user's container sees %q, want nothing but what is promised", seen.Env)
	}
	if !slices.Equal(seen.Args[3:], []string{workload.Place, pod}) {
		t.Errorf("a user's arguments are %q, want the place unknown and the instance known", seen.Args)
	}
	readTestJSON(t, agent, &seen)
	if !slices.Contains(seen.Args, "file:/the/store") || !slices.Contains(seen.Env, "MLOPS_SECRET=x") {
		t.Errorf("an agent container sees %q and %q, want the place and its owner's environment", seen.Args, seen.Env)
	}
	if digest := b.podStatus("look").Containers["main"].Digest; !strings.HasPrefix(digest, "sha256:") || len(digest) != 71 {
		t.Errorf("digest %q, want the program's SHA-256", digest)
	}
	for _, scratch := range dir.scratch() {
		if _, err := os.Stat(scratch); err == nil {
			t.Errorf("%s is left behind", scratch)
		}
	}
}

func readTestJSON(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestLogsOutliveTheJob(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(job("train", time.Minute, "exit", "0"))
	b.awaitPhase("train", workload.PhaseSucceeded)
	if err := b.client.Delete(t.Context(), workload.KindJob, "train", ""); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := b.client.Logs(t.Context(), workload.KindJob, "train", false, &log); err != nil {
		t.Fatal(err)
	}
	want := b.podsNamed("train")[0].Name + " main | about to exit with 0\n"
	if log.String() != want {
		t.Errorf("log %q, want %q", log.String(), want)
	}
	// The same name again is another job.
	b.apply(job("train", time.Minute, "exit", "2"))
	b.awaitPhase("train", workload.PhaseFailed)
	if err := b.client.Logs(t.Context(), workload.KindJob, "nobody", false, &log); err == nil {
		t.Error("the log of what never was is no error")
	}
}

func TestLogsAreFollowed(t *testing.T) {
	b := newBench(t)
	b.start()
	b.apply(service("model", 1, 1, "sick"))
	ctx, cancel := context.WithCancel(t.Context())
	log, done := &lockedBuffer{}, make(chan error, 1)
	go func() { done <- b.client.Logs(ctx, workload.KindService, "model", true, log) }()
	b.await("the log is followed", func() bool { return strings.Contains(log.String(), " serve | this model is sick\n") })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The clock is stepped by hand; the pods are real.
func TestSchedule(t *testing.T) {
	b := newBench(t)
	ran, release := filepath.Join(b.dir, "ran"), filepath.Join(b.dir, "release")
	now := time.Date(2026, 1, 2, 3, 4, 30, 0, time.UTC)
	b.client.now = func() time.Time { return now }
	b.apply(workload.Manifest{
		Kind: workload.KindSchedule, Name: "look", Owner: "drift_monitors/look",
		Schedule: &workload.Schedule{Cron: "*/5 * * * *", Job: *job("x", time.Minute, "count", ran, release).Job},
	})
	newTestRunner := func() *runner {
		own, _ := os.Executable()
		r, err := newRunner(Options{
			Dir: b.dir, Executable: own, Path: filepath.Join(b.dir, "bin"), Port: func() int { return 0 },
			Clock: func() time.Time { return now }, Progress: b.output,
		})
		if err == nil {
			err = r.adopt()
		}
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := newTestRunner()
	step := func(at string) workload.Status {
		t.Helper()
		clock, err := time.Parse("15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		now = time.Date(2026, 1, 2, clock.Hour(), clock.Minute(), 30, 0, time.UTC)
		r.reconcile()
		return b.get(workload.KindSchedule, "look").Status
	}
	await := func(phase workload.Phase) {
		t.Helper()
		b.awaitLive(workload.KindSchedule, "look", "the slot's job is "+string(phase), func(l workload.Live) bool {
			r.reconcile()
			return l.Status.Phase == phase
		})
	}
	if status := step("03:04"); !status.LastSlot.IsZero() {
		t.Errorf("slot %s was started before it was due", status.LastSlot)
	}
	if status := step("03:05"); status.LastSlot.Format("15:04:05") != "03:05:00" {
		t.Errorf("last slot %s, want 03:05", status.LastSlot)
	}
	await(workload.PhaseRunning)
	b.await("the job runs", func() bool { return lines(ran) == 1 })
	if status := step("03:10"); status.LastSlot.Format("15:04:05") != "03:05:00" {
		t.Errorf("last slot %s, want the second left out while the first runs", status.LastSlot)
	}
	exitOnError(os.WriteFile(release, nil, 0o600))
	await(workload.PhaseSucceeded)
	if step("03:11"); lines(ran) != 1 {
		t.Error("a slot that was left out was made up for")
	}
	r = newTestRunner() // the old one was killed, and a long time passes
	if status := step("05:02"); status.LastSlot.Format("15:04:05") != "05:00:00" {
		t.Errorf("last slot %s, want the latest of those that were missed", status.LastSlot)
	}
	await(workload.PhaseSucceeded)
	r = newTestRunner()
	for range 3 {
		step("05:03")
	}
	if lines(ran) != 2 {
		t.Errorf("the job ran %d times, want twice", lines(ran))
	}
	if pods := b.client.podsOf(workload.KindSchedule, "look"); len(pods) != 2 || pods[0].Name != "look-20260102t030500z" {
		t.Errorf("pods are %+v, want one for each slot", pods)
	}
}

func TestBackOffIsBounded(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var b backOff
	if !b.passed(start) {
		t.Error("a first start waits")
	}
	var last time.Duration
	for range 50 {
		b.failed(start)
		wait := time.Duration(0)
		for !b.passed(start.Add(wait)) {
			wait += 100 * time.Millisecond
		}
		if wait < last || wait > maximumBackOff {
			t.Fatalf("after %d failures the wait is %s, after one less %s; want it to grow to %s", b.failures, wait, last, maximumBackOff)
		}
		last = wait
	}
	if b.settled(start.Add(time.Minute)); b.failures != 0 {
		t.Error("failures of a service that runs well are not forgotten")
	}
}
