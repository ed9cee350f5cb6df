//go:build linux || darwin

package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// running is a container that was started.
type running struct {
	name   string
	cmd    *exec.Cmd
	digest string
	exited chan struct{} // closed once code is set
	code   int64
}

// launch starts processes from one thread that never ends while this process lives: a kernel that kills children with
// their parent means the parent's thread.
func launch(cmd *exec.Cmd) error {
	launched := make(chan error)
	launcher() <- func() { launched <- cmd.Start() }
	return <-launched
}

var launcher = sync.OnceValue(func() chan<- func() {
	requests := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range requests {
			start()
		}
	}()
	return requests
})

// startContainer starts one container of a pod; what it says goes straight into its log file.
func startContainer(container workload.Container, record podRecord, dir podDir, ports map[string]int) (*running, error) {
	expand := expander(record, dir, ports, container.Agent)
	args := arguments(container, expand)
	program, digest := record.Executable, ""
	if !container.Agent {
		var err error
		if program, digest, err = resolve(args[0], record.Path); err != nil {
			return nil, err
		}
		args = args[1:]
	}
	log, err := os.OpenFile(dir.log(container.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := exec.Command(program, args...)
	if !container.Agent {
		cmd.Args[0] = container.Command[0] // the name it was called by, as a shell does
	}
	cmd.Env = environment(container, record, dir, expand, os.Environ())
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir.home(), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	if err := launch(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	started := &running{name: container.Name, cmd: cmd, digest: digest, exited: make(chan struct{})}
	go started.wait()
	return started, nil
}

// wait collects the process and ends whatever its group has left behind.
func (r *running) wait() {
	err := r.cmd.Wait()
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
	r.code = exitCode(r.cmd.ProcessState, err)
	close(r.exited)
}

// exitCode is -1 for a process that somebody has stopped or killed: its work was lost, which is nobody's error. One that
// crashed reads as in a shell, 128 and the signal.
func exitCode(state *os.ProcessState, err error) int64 {
	if state == nil || (err != nil && !errors.As(err, new(*exec.ExitError))) {
		return -1
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return int64(state.ExitCode())
	}
	switch signal := status.Signal(); signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
		return -1
	default:
		return 128 + int64(signal)
	}
}

// stop asks the container's whole group to end, and kills it at the deadline.
func (r *running) stop(deadline time.Time) {
	select {
	case <-r.exited:
		return
	default:
	}
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-r.exited:
		return
	case <-time.After(time.Until(deadline)):
	}
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
	<-r.exited
}

// resolve finds a user's program on the given PATH and names its content.
func resolve(command, path string) (program, digest string, err error) {
	program, err = lookUp(command, path)
	if err != nil {
		return "", "", err
	}
	file, err := os.Open(program)
	if err != nil {
		return "", "", fmt.Errorf("program %q: %w", command, err)
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", "", fmt.Errorf("program %q: %w", command, err)
	}
	return program, "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

func lookUp(command, path string) (string, error) {
	if strings.ContainsRune(command, filepath.Separator) {
		if !filepath.IsAbs(command) {
			return "", fmt.Errorf("%w: program %q: give an absolute path, or a name on the PATH of `mlops local`", mlops.ErrInvalid, command)
		}
		return exec.LookPath(command)
	}
	for _, dir := range filepath.SplitList(path) {
		if dir == "" || !filepath.IsAbs(dir) {
			continue // a folder that depends on where the runner was started names another program tomorrow
		}
		if program, err := exec.LookPath(filepath.Join(dir, command)); err == nil {
			return program, nil
		}
	}
	return "", fmt.Errorf("%w: program %q is not on the PATH that `mlops local` was given (%s)", mlops.ErrNotFound, command, path)
}
