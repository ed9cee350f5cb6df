//go:build linux || darwin

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	defaultGracePeriod = 10 * time.Second
	logCheckInterval   = 10 * time.Second
	maximumLogSize     = 64 << 20 // bytes of one container's log before it is moved aside; one older piece is kept
)

// RunPod runs the pod of a folder to its end, in a process of its own: `mlops pod`. However often it is called, and by
// whomever, a pod runs at most once. When ctx ends the containers are stopped in order, last to first. The outcome stands
// in the pod's status; an error says only that there could be no status.
func RunPod(ctx context.Context, path string) error {
	dir := podDir(path)
	lock, err := tryLock(dir.lock())
	if errors.Is(err, errLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.release()
	if _, begun, err := dir.readStatus(); begun || err != nil {
		return err
	}
	pod := podProcess{dir: dir}
	if err := readJSON(dir.record(), &pod.record); err != nil {
		return fmt.Errorf("pod %s: %w", path, err)
	}
	process, err := identify(os.Getpid())
	if err != nil {
		return err
	}
	pod.status = podStatus{
		Process: process, Phase: podStarting, Started: time.Now().UTC(), Containers: map[string]containerStatus{},
	}
	if err := pod.save(); err != nil { // nothing starts before it is on record that it was started
		return err
	}
	return pod.run(ctx)
}

// podProcess is the one process that holds a pod.
type podProcess struct {
	dir    podDir
	record podRecord
	status podStatus
	ports  *heldPorts
	up     []*running // in the order in which they were started
}

func (p *podProcess) save() error { return replaceJSON(p.dir.status(), p.status) }

// outcome is why a pod ends.
type outcome struct {
	stopped   bool // by whoever runs us
	timedOut  bool
	container string
	code      int64
	err       error
}

func (p *podProcess) run(ctx context.Context) error {
	if p.record.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, p.record.Timeout, errTimeout)
		defer cancel()
	}
	result := p.live(ctx)
	if ctx.Err() != nil && result.stopped {
		result.timedOut = errors.Is(context.Cause(ctx), errTimeout)
	}
	if len(p.up) > 0 {
		p.status.Phase = podStopping
		_ = p.save() // worth knowing, but the end counts
		p.stopAll()
	}
	p.conclude(result)
	for _, scratch := range p.dir.scratch() {
		_ = os.RemoveAll(scratch)
	}
	return p.save()
}

var errTimeout = errors.New("timeout")

// live runs init containers one after another and then the others together, until one ends that should not, all have
// ended that should, or ctx ends.
func (p *podProcess) live(ctx context.Context) outcome {
	for _, path := range append(p.dir.scratch(), p.dir.logs()) {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return outcome{err: err}
		}
	}
	var err error
	if p.ports, err = holdPorts(p.record.Pod.PortNames()); err != nil {
		return outcome{err: err}
	}
	defer p.ports.release()
	p.status.Ports = p.ports.ports
	for i := range p.record.Pod.Init {
		if end := p.runInit(ctx, i); end != nil {
			return *end
		}
	}
	p.ports.release()
	for _, container := range p.record.Pod.Containers {
		started, err := startContainer(container, p.record, p.dir, p.status.Ports)
		if err != nil {
			return outcome{container: container.Name, code: 127, err: err}
		}
		p.up = append(p.up, started)
		p.note(started)
	}
	p.status.Phase = podRunning
	if err := p.save(); err != nil {
		return outcome{err: err}
	}
	return p.watch(ctx)
}

// runInit runs one init container; nil when it did its work.
func (p *podProcess) runInit(ctx context.Context, index int) *outcome {
	container := p.record.Pod.Init[index]
	started, err := startContainer(container, p.record, p.dir, p.status.Ports)
	if err != nil {
		return &outcome{container: container.Name, code: 127, err: err}
	}
	p.up = []*running{started}
	p.note(started)
	if err := p.save(); err != nil {
		return &outcome{err: err}
	}
	end := p.watch(ctx)
	if end.stopped || end.container != "" {
		return &end
	}
	p.up = nil
	return nil
}

// watch waits for the containers that are up: for all of them to end well, or for the first thing that goes another way.
func (p *podProcess) watch(ctx context.Context) outcome {
	ended := make(chan *running, len(p.up))
	for _, container := range p.up {
		go func() { <-container.exited; ended <- container }()
	}
	check := time.NewTicker(logCheckInterval)
	defer check.Stop()
	forEver := p.record.service() && p.status.Phase == podRunning
	for left := len(p.up); left > 0; {
		select {
		case <-ctx.Done():
			return outcome{stopped: true}
		case <-check.C:
			p.rotateLogs()
		case container := <-ended:
			left--
			p.note(container)
			if forEver || container.code != 0 {
				return outcome{container: container.name, code: container.code}
			}
			_ = p.save()
		}
	}
	return outcome{}
}

// note puts what is known of a container into the status.
func (p *podProcess) note(container *running) {
	status := containerStatus{PID: container.cmd.Process.Pid, Digest: container.digest}
	select {
	case <-container.exited:
		status.ExitCode = &container.code
	default:
	}
	p.status.Containers[container.name] = status
}

// stopAll ends the containers one by one, last to first, within one grace period.
func (p *podProcess) stopAll() {
	grace := p.record.Pod.GracePeriod.Std()
	if grace <= 0 {
		grace = defaultGracePeriod
	}
	deadline := time.Now().Add(grace)
	for _, container := range slices.Backward(p.up) {
		container.stop(deadline)
		p.note(container)
	}
}

// conclude writes the outcome into the status.
func (p *podProcess) conclude(result outcome) {
	p.status.Finished = time.Now().UTC()
	p.status.Phase = podFailed
	p.status.Failed, p.status.ExitCode, p.status.TimedOut = result.container, result.code, result.timedOut
	switch {
	case result.timedOut:
		p.status.Failed, p.status.ExitCode = p.lastUp(), -1
		p.status.Message = fmt.Sprintf("stopped: it was not done after its timeout of %s", p.record.Timeout)
	case result.stopped && p.record.service():
		p.status.Phase, p.status.Message = podSucceeded, "stopped"
	case result.stopped:
		p.status.Failed, p.status.ExitCode, p.status.Message = p.lastUp(), -1, "stopped before it was done"
	case result.err != nil:
		p.status.Message = result.err.Error()
		if result.container == "" {
			p.status.ExitCode = -1
		}
	case result.container != "" && result.code == -1:
		p.status.Message = fmt.Sprintf("container %s was killed", result.container)
	case result.container != "":
		p.status.Message = fmt.Sprintf("container %s ended with exit code %d", result.container, result.code)
	default:
		p.status.Phase = podSucceeded
	}
}

func (p *podProcess) lastUp() string {
	if len(p.up) == 0 {
		return ""
	}
	return p.up[len(p.up)-1].name
}

// rotateLogs moves the log of a container that says too much aside, so that it never fills the disk. The container keeps
// its open file; what it writes in between the copy and the cut is lost.
func (p *podProcess) rotateLogs() {
	for _, container := range p.up {
		path := p.dir.log(container.name)
		if info, err := os.Stat(path); err != nil || info.Size() < maximumLogSize {
			continue
		}
		content, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(p.dir.rotatedLog(container.name), content, 0o644)
		}
		if err == nil {
			_ = os.Truncate(path, 0)
		}
	}
}
