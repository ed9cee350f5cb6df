package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// only lets one container behave so, and all others well.
func only(name string, outcome kubernetes.Outcome) kubernetes.Behaviour {
	return func(_ *corev1.Pod, container string) kubernetes.Outcome {
		if container == name {
			return outcome
		}
		return kubernetes.Outcome{}
	}
}

func TestJobSucceeds(t *testing.T) {
	c := newCluster(t)
	c.behave(t, nil)
	job := testJob("train")
	c.apply(t, job, "")
	live := c.await(t, workload.KindJob, job.Name, "its end", func(live workload.Live) bool { return live.Status.Phase.Done() })
	if live.Status.Phase != workload.PhaseSucceeded || live.Status.Finished.IsZero() || !strings.HasPrefix(live.Status.Digests["train"], "sha256:") {
		t.Errorf("%+v", live.Status)
	}
	if err := c.Delete(t.Context(), workload.KindJob, job.Name, ""); err != nil {
		t.Fatal(err)
	}
	c.awaitNothing(t)
}

func TestJobThatFailsSaysWhichContainerAndHow(t *testing.T) {
	log := strings.Repeat("a line that is cut away\n", 4000) + "singular matrix\n"
	for name, test := range map[string]struct {
		outcome kubernetes.Outcome
		code    int64
		says    string
	}{
		"an error":      {kubernetes.Outcome{Failed: true, ExitCode: 3, Log: log}, 3, "exit code 3"},
		"out of memory": {kubernetes.Outcome{Failed: true, ExitCode: 137, Reason: "OOMKilled", Log: log}, -1, "OOMKilled"},
		"killed":        {kubernetes.Outcome{Failed: true, ExitCode: 143, Log: log}, -1, "signal 15"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.behave(t, only("train", test.outcome))
			job := testJob("train")
			c.apply(t, job, "")
			live := c.await(t, workload.KindJob, job.Name, "its end", func(live workload.Live) bool { return live.Status.Phase.Done() })
			status := live.Status
			if status.Phase != workload.PhaseFailed || status.Failed != "train" || status.ExitCode != test.code || !strings.Contains(status.Message, test.says) {
				t.Errorf("phase %s, failed %q, code %d, %q", status.Phase, status.Failed, status.ExitCode, status.Message)
			}
			if !strings.HasSuffix(status.LogTail, "singular matrix\n") || len(status.LogTail) > tailBytes || strings.HasPrefix(status.LogTail, "line") {
				t.Errorf("a tail of %d bytes that ends with %q", len(status.LogTail), status.LogTail[max(len(status.LogTail)-30, 0):])
			}
			listed, err := c.List(t.Context(), workload.KindJob)
			if err != nil || len(listed) != 1 || listed[0].Status.ExitCode != test.code || listed[0].Status.LogTail != status.LogTail {
				t.Errorf("a list says otherwise: %v", err)
			}
		})
	}
}

func TestJobThatIsLateHasTimedOut(t *testing.T) {
	c := newCluster(t)
	c.behave(t, only("train", kubernetes.Outcome{Runs: true}))
	job := testJob("train")
	c.apply(t, job, "")
	c.await(t, workload.KindJob, job.Name, "its start", func(live workload.Live) bool { return live.Status.Phase == workload.PhaseRunning })
	// What a kubelet does to a pod whose deadline has passed.
	c.behave(t, func(pod *corev1.Pod, container string) kubernetes.Outcome {
		if container == "train" {
			return kubernetes.Outcome{Failed: true, ExitCode: 137, Reason: "Error"}
		}
		return kubernetes.Outcome{}
	})
	c.edit(t, Jobs, c.placement.objectName(workload.KindJob, job.Name), `{"spec":{"activeDeadlineSeconds":1}}`, "test")
	live := c.await(t, workload.KindJob, job.Name, "its end", func(live workload.Live) bool { return live.Status.Phase.Done() })
	if live.Status.Phase != workload.PhaseFailed || live.Status.ExitCode != -1 {
		t.Errorf("%+v", live.Status)
	}
}

func TestServiceThatDoesNotStartSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		container string
		outcome   kubernetes.Outcome
		says, log string
	}{
		"no image":  {"serve", kubernetes.Outcome{Waiting: "ImagePullBackOff"}, `"serve": ImagePullBackOff`, ""},
		"crashes":   {"serve", kubernetes.Outcome{Failed: true, ExitCode: 2, Log: "no model\n"}, "exit code 2, started 3 times (CrashLoopBackOff)", "no model\n"},
		"fetch":     {"fetch", kubernetes.Outcome{Failed: true, ExitCode: 1, Log: "403\n"}, `"fetch" ended with exit code 1`, "403\n"},
		"unhealthy": {"serve", kubernetes.Outcome{NotReady: true, Log: "loading\n"}, "health check", "loading\n"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.behave(t, only(test.container, test.outcome))
			c.apply(t, testService(), "")
			live := c.await(t, workload.KindService, "delay", test.says, func(live workload.Live) bool {
				return strings.Contains(live.Status.Message, test.says)
			})
			if live.Status.LogTail != test.log || live.RolledOut() || live.Status.Ready != 0 {
				t.Errorf("log %q, want %q; %d ready", live.Status.LogTail, test.log, live.Status.Ready)
			}
		})
	}
}

func TestNextVersionThatFailsLeavesTheOldOneServing(t *testing.T) {
	c := newCluster(t)
	c.behave(t, func(pod *corev1.Pod, container string) kubernetes.Outcome {
		if pod.Labels[labelVersion] == "4" && container == "serve" {
			return kubernetes.Outcome{Failed: true, ExitCode: 1}
		}
		return kubernetes.Outcome{}
	})
	c.apply(t, testService(), "")
	live := c.await(t, workload.KindService, "delay", "version 3", workload.Live.RolledOut)
	next := workload.Deployment(testDeployment(), testVersion(4), "", workload.Seen{LogSequence: 9, SpecSequence: 2, Incarnation: "i1"})
	c.apply(t, next, live.Revision)
	live = c.await(t, workload.KindService, "delay", "a message", func(live workload.Live) bool { return live.Status.Message != "" })
	if live.RolledOut() || live.Status.UpdatedReady != 0 || live.Status.Ready != 2 || fmt.Sprint(live.Status.Versions) != "[3]" {
		t.Errorf("%+v", live.Status)
	}
}

// A namespace that takes no pods, as with a quota or a policy, says so.
func TestPodsThatAreNotMadeSayWhy(t *testing.T) {
	c := newCluster(t) // without service accounts
	c.apply(t, testService(), "")
	c.await(t, workload.KindService, "delay", "a message", func(live workload.Live) bool {
		return strings.Contains(live.Status.Message, "serviceaccount")
	})
}

// buffer may be written and read at once.
type buffer struct {
	lock sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.Buffer.String()
}

func TestLogsAreMarkedAndFollowed(t *testing.T) {
	c := newCluster(t)
	c.behave(t, func(_ *corev1.Pod, container string) kubernetes.Outcome {
		return kubernetes.Outcome{Log: "hello from " + container + "\n"}
	})
	c.apply(t, testService(), "")
	live := c.await(t, workload.KindService, "delay", "roll-out", workload.Live.RolledOut)
	var whole buffer
	if err := c.Logs(t.Context(), workload.KindService, "delay", false, &whole); err != nil {
		t.Fatal(err)
	}
	for _, container := range []string{"fetch", "collect", "serve"} {
		if want := live.Status.Replicas[0].Name + " " + container + " | hello from " + container + "\n"; !strings.Contains(whole.String(), want) {
			t.Errorf("%q lacks %q", whole.String(), want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var followed buffer
	ended := make(chan error)
	go func() { ended <- c.Logs(ctx, workload.KindService, "delay", true, &followed) }()
	eventually.Holds(t, func() error {
		if strings.Count(followed.String(), "\n") < 6 {
			return fmt.Errorf("followed so far: %q", followed.String())
		}
		return nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("following ended with %v", err)
	}
	if got := strings.Count(followed.String(), "\n"); got != 6 {
		t.Errorf("%d lines, want 3 of each of 2 pods: %q", got, followed.String())
	}
	if err := c.Logs(t.Context(), workload.KindService, "nobody", false, &whole); err == nil {
		t.Error("no error for a name that nobody has")
	}
}

func TestScheduleTellsItsLastSlot(t *testing.T) {
	c := newCluster(t)
	c.behave(t, nil)
	c.apply(t, testSchedule(), "")
	name := c.placement.objectName(workload.KindSchedule, "delay")
	request := c.api.rest.Patch("application/merge-patch+json").AbsPath(c.api.path(CronJobs, name) + "/status").
		Body([]byte(`{"status":{"lastScheduleTime":"2026-01-02T03:04:00Z"}}`))
	if err := request.Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	live, err := c.Get(t.Context(), workload.KindSchedule, "delay")
	if err != nil || !live.Status.LastSlot.Equal(time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)) || !live.InSync() {
		t.Errorf("%+v (%v)", live, err)
	}
}

func TestRunningSaysWhatIsMissing(t *testing.T) {
	c := newCluster(t)
	if runs, text := c.Running(t.Context()); runs || !strings.Contains(text, "no controller") {
		t.Errorf("%t %q", runs, text)
	}
	c.apply(t, workload.Control(mlops.Project{Name: "flights"}, workload.Seen{}), "")
	if runs, text := c.Running(t.Context()); runs || !strings.Contains(text, "no ready pod") {
		t.Errorf("%t %q", runs, text)
	}
	c.behave(t, nil)
	c.await(t, workload.KindService, workload.ControlService, "roll-out", workload.Live.RolledOut)
	eventually.Holds(t, func() error {
		if runs, text := c.Running(t.Context()); !runs {
			return errors.New(text)
		}
		return nil
	})
	gone := newClient(t, &kubernetes.Plane{Host: "https://127.0.0.1:1"}, c.placement, "admin")
	if runs, text := gone.Running(t.Context()); runs || !strings.Contains(text, "cannot be reached") {
		t.Errorf("%t %q", runs, text)
	}
}

func TestMissingRightsAreNamed(t *testing.T) {
	c := newCluster(t)
	stranger := newClient(t, c.plane, c.placement, "other")
	_, err := stranger.Apply(t.Context(), testService(), "")
	if err == nil || !strings.Contains(err.Error(), `User "other" cannot get resource "deployments"`) || !strings.Contains(err.Error(), "Bind") {
		t.Errorf("%v, want who may not what, and what to do", err)
	}
	unknown := newClient(t, c.plane, c.placement, "nobody")
	if _, err := unknown.Get(t.Context(), workload.KindService, "delay"); err == nil || !strings.Contains(err.Error(), "does not take this token") {
		t.Errorf("%v", err)
	}
	nowhere := c.placement
	nowhere.Namespace = "nowhere"
	if _, err := newClient(t, c.plane, nowhere, "admin").Apply(t.Context(), testService(), ""); err == nil || !strings.Contains(err.Error(), "create_namespace") {
		t.Errorf("%v", err)
	}
}
