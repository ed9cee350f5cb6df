//go:build linux || darwin

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const patience = 20 * time.Second

// bench is a runner's folder, its client, and runner processes that may be killed.
type bench struct {
	*testing.T
	dir    string
	port   int
	client *Client
	runner *exec.Cmd
	output *lockedBuffer
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// newBench prepares a folder; whatever still runs of it at the end of the test is stopped.
func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "project.runner")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err == nil {
		err = os.Symlink(own, filepath.Join(dir, "bin", "program"))
	}
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, dir: dir, port: freePort(t), client: client, output: &lockedBuffer{}}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := Stop(ctx, dir, b.output); err != nil {
			t.Error(err)
			_ = b.runner.Process.Kill()
		}
		if b.runner != nil {
			_ = b.runner.Wait()
		}
		if t.Failed() {
			t.Logf("the runner said:\n%s", b.output)
		}
	})
	return b
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// start starts a runner and waits until it holds its lock.
func (b *bench) start() {
	b.Helper()
	own, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	b.runner = exec.Command(own, "runner", b.dir, strconv.Itoa(b.port))
	b.runner.Env, b.runner.Stderr = append(os.Environ(), "MLOPS_SECRET=x"), b.output // of its owner
	if err := b.runner.Start(); err != nil {
		b.Fatal(err)
	}
	b.await("the runner runs", func() bool { running, _ := b.client.Running(b.Context()); return running })
}

// kill ends the runner as a power cut would.
func (b *bench) kill() {
	b.Helper()
	_ = b.runner.Process.Kill()
	_ = b.runner.Wait()
	b.runner = nil
}

// await polls a condition until it holds.
func (b *bench) await(what string, holds func() bool) {
	b.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("this did not come about within %s: %s", patience, what)
		}
	}
}

func (b *bench) apply(manifest workload.Manifest) workload.Live {
	b.Helper()
	revision := ""
	if live, err := b.client.Get(b.Context(), manifest.Kind, manifest.Name); err == nil {
		revision = live.Revision
	} else if !errors.Is(err, mlops.ErrNotFound) {
		b.Fatal(err)
	}
	live, err := b.client.Apply(b.Context(), manifest, revision)
	if err != nil {
		b.Fatal(err)
	}
	return live
}

func (b *bench) get(kind workload.Kind, name string) workload.Live {
	b.Helper()
	live, err := b.client.Get(b.Context(), kind, name)
	if err != nil {
		b.Fatal(err)
	}
	return live
}

// awaitLive polls a workload until it is as wanted, and returns it.
func (b *bench) awaitLive(kind workload.Kind, name, what string, holds func(workload.Live) bool) workload.Live {
	b.Helper()
	var live workload.Live
	b.await(what, func() bool { live = b.get(kind, name); return holds(live) })
	return live
}

func (b *bench) awaitRolledOut(name string) workload.Live {
	b.Helper()
	return b.awaitLive(workload.KindService, name, "service "+name+" is rolled out", func(l workload.Live) bool {
		return l.RolledOut() && len(l.Status.Replicas) == int(l.Manifest.Service.Replicas)
	})
}

func (b *bench) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d/%s", b.port, path) }

// pids lists the processes of a service's replicas.
func pids(live workload.Live) map[int64]bool {
	all := map[int64]bool{}
	for _, replica := range live.Status.Replicas {
		all[replica.PID] = true
	}
	return all
}

// gone says that a process has ended.
func gone(pid int) bool {
	process, err := inspect(pid)
	return err != nil || process.zombie
}

func killProcess(t *testing.T, pid int64) {
	t.Helper()
	if err := syscall.Kill(int(pid), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// service is a model that says its name; more arguments make it sick.
func service(name string, replicas, version int64, args ...string) workload.Manifest {
	return workload.Manifest{
		Kind: workload.KindService, Name: name, Owner: "deployments/" + name,
		Service: &workload.Service{
			Replicas: replicas, Version: version, Port: "serve", HealthPort: "serve", HealthPath: "/healthz",
			ReadyTimeout: mlops.Duration(time.Minute),
			Pod: workload.Pod{
				Containers: []workload.Container{{
					Name: "serve", Image: "model:1", Ports: []string{"serve"},
					Command: append([]string{"program", "serve", fmt.Sprintf("v%d", version)}, args...),
					Env:     map[string]string{"HOST": "127.0.0.1", "PORT": workload.PortOf("serve")},
				}},
				GracePeriod: mlops.Duration(5 * time.Second),
			},
		},
	}
}

// job runs one command of the user's program.
func job(name string, timeout time.Duration, command ...string) workload.Manifest {
	return workload.Manifest{
		Kind: workload.KindJob, Name: name, Owner: "models/m",
		Job: &workload.Job{
			Timeout: mlops.Duration(timeout),
			Pod: workload.Pod{
				Containers:  []workload.Container{{Name: "main", Command: append([]string{"program"}, command...)}},
				GracePeriod: mlops.Duration(time.Second),
			},
		},
	}
}
