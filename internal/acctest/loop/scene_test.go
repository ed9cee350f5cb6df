//go:build linux

package loop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// modelName is also the name of the deployment, as it is by default.
const modelName = "delay"

// scene is a project in a folder of its own, and what runs for it. The path of root stands in the environment or the
// arguments of every process of the scene, so that none can hide.
type scene struct {
	t      *testing.T
	root   string
	folder string // the store
	port   int
	in     *project.Project

	runner *exec.Cmd
	ended  chan struct{} // closed when the runner has
}

// newScene waits for its turn and makes an empty scene. When the test ends, everything is stopped as a user would stop
// it, and what is left after that is a fault.
func newScene(t *testing.T) *scene {
	t.Helper()
	if testing.Short() {
		t.Skip("starts dozens of processes")
	}
	t.Parallel()
	atOnce <- struct{}{}
	s := &scene{t: t, root: t.TempDir(), port: freePort(t)}
	s.folder = filepath.Join(s.root, "project")
	t.Cleanup(func() {
		s.strike()
		<-atOnce
	})
	s.release()
	return s
}

// open opens the project from this process, as the provider does.
func (s *scene) open() *project.Project {
	s.t.Helper()
	if s.in == nil {
		on, err := local.Open(s.folder)
		if err != nil {
			s.t.Fatal(err)
		}
		s.in = project.Open(on, "0.1.0")
	}
	return s.in
}

// strike ends the scene: `mlops local stop`, and no orphan.
func (s *scene) strike() {
	if output, err := s.command("mlops", "local", "stop", "--project", s.folder).CombinedOutput(); err != nil {
		s.t.Errorf("mlops local stop: %v\n%s", err, output)
	}
	s.awaitRunnerEnded()
	var left []process
	deadline := time.Now().Add(5 * time.Second) // a process that was killed takes a moment to vanish
	for left = s.processes(); len(left) > 0 && time.Now().Before(deadline); left = s.processes() {
		time.Sleep(pollEvery)
	}
	for _, orphan := range left {
		s.t.Errorf("left behind: %s", orphan)
		_ = syscall.Kill(orphan.pid, syscall.SIGKILL)
	}
	if s.t.Failed() {
		s.t.Log(s.circumstances())
	}
}

// awaitRunnerEnded waits for the end of the runner, if one was started, and kills one that does not come to it.
func (s *scene) awaitRunnerEnded() {
	s.t.Helper()
	if s.ended == nil {
		return
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Errorf("mlops local has not ended")
		s.killRunner()
	}
}

// command is one of our binaries in the environment of the scene.
func (s *scene) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(binDir, name), arguments...)
	command.Dir = s.root
	command.Env = append(os.Environ(), "PATH="+binDir+string(os.PathListSeparator)+os.Getenv("PATH"), "LOOP_SCENE="+s.root)
	return command
}

// mlops runs a command for people and returns what it printed.
func (s *scene) mlops(arguments ...string) (string, error) {
	command := s.command("mlops", append(arguments, "--project", s.folder)...)
	var output, errput bytes.Buffer
	command.Stdout, command.Stderr = &output, &errput
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("mlops %s: %w: %s%s", strings.Join(arguments, " "), err, output.String(), errput.String())
	}
	return output.String(), nil
}

// must is mlops that has to work.
func (s *scene) must(arguments ...string) string {
	s.t.Helper()
	output, err := s.mlops(arguments...)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.circumstances())
	}
	return output
}

// start starts an mlops command whose output goes to a file of the scene.
func (s *scene) start(logName string, arguments ...string) *exec.Cmd {
	s.t.Helper()
	log, err := os.OpenFile(s.path(logName), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() // the process has its own
	command := s.command("mlops", arguments...)
	command.Stdout, command.Stderr = log, log
	// Ctrl-C is for the test, which ends it in order. A test that is killed takes with it what it can.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	return command
}

// end kills -9 a process that was started.
func end(command *exec.Cmd) {
	_ = command.Process.Kill()
	_ = command.Wait()
}

// startRunner starts `mlops local`.
func (s *scene) startRunner() {
	s.t.Helper()
	s.runner, s.ended = s.start("local.log", "local", "--project", s.folder), make(chan struct{})
	go func(runner *exec.Cmd, ended chan struct{}) {
		_ = runner.Wait()
		close(ended)
	}(s.runner, s.ended)
}

// killRunner kills -9 `mlops local` and nothing that it runs.
func (s *scene) killRunner() {
	_ = s.runner.Process.Kill()
	<-s.ended
}

// kill9 ends one process at once; one that has gone meanwhile, with another, is no fault.
func (s *scene) kill9(p process) {
	s.t.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.t.Errorf("kill %s: %v", p, err)
	}
}

// circumstances are the ends of all logs, for whoever reads a failure.
func (s *scene) circumstances() string {
	var text strings.Builder
	for _, e := range s.events() {
		fmt.Fprintf(&text, "event %d %s run=%s attempt=%d %s\n", e.Sequence, e.Type, e.RunID, e.Attempt, e.Reason)
	}
	own, _ := filepath.Glob(s.path("*.log"))
	pods, _ := filepath.Glob(filepath.Join(s.folder+".runner", "pods", "*", "*", "*.log"))
	for _, path := range append(own, pods...) {
		content, err := os.ReadFile(path)
		if err == nil && len(content) > 0 {
			fmt.Fprintf(&text, "--- %s\n%s\n", strings.TrimPrefix(path, s.root), content[max(0, len(content)-2000):])
		}
	}
	for _, p := range s.processes() {
		fmt.Fprintf(&text, "process %s\n", p)
	}
	return text.String()
}

// freePort is a port below those that the kernel gives away by itself, so that no outgoing connection takes it meanwhile.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(10_000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// decode reads a JSON document into a value.
func decode[T any](t *testing.T, data []byte) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%v: %.300s", err, data)
	}
	return value
}
