//go:build linux || darwin

package local

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	killAfterGrace = 5 * time.Second // what a pod's process may take beyond the grace period of its containers
	drainLimit     = 30 * time.Second
	respawnAfter   = time.Second
	logTailSize    = 64 << 10 // bytes
)

// pod is the runner's hold on one pod, whether this runner or an earlier one has started it.
type pod struct {
	record podRecord
	dir    podDir
	status podStatus
	begun  bool // there is a status
	stamp  stamp

	child    chan error // ends with the process that this runner started; nil where it started none
	spawned  time.Time
	seen     time.Time // since when this runner has watched it
	draining time.Time // out of its route since
	stopping time.Time // told to stop
	killed   bool
	reported bool // its end has been taken note of

	swept     bool
	finalTail *string // the end of its log once it has failed
	looked    time.Time
	soFar     string // the end of its log when it was looked at, while it is not ready

	health  *health
	backend *backend
}

// refresh reads what has become of the pod, starts it where nobody has, and settles it where its process is lost.
func (p *pod) refresh(now time.Time, changed func()) error {
	if p.status.Phase.done() {
		p.sweep()
		return nil
	}
	if err := p.reread(); err != nil {
		return err
	}
	if !p.begun {
		return p.spawn(now, changed)
	}
	if p.status.Phase.done() || p.status.Process.alive() {
		return nil
	}
	// It may have written its last word between our two looks.
	if err := p.reread(); err != nil || p.status.Phase.done() {
		return err
	}
	p.sweep()
	p.status.Phase, p.status.Finished = podFailed, now.UTC()
	p.status.ExitCode, p.status.Message = -1, "lost: the process that held the pod was killed"
	return p.settle()
}

// sweep ends, once, what containers have started and left behind.
func (p *pod) sweep() {
	if p.swept || p.status.Process.PID == 0 || p.status.Process.alive() {
		return
	}
	p.swept = true
	killStrays(p.status.Process, p.dir.tmp())
}

func (p *pod) reread() error {
	current := stampOf(p.dir.status())
	if current.same(p.stamp) {
		return nil
	}
	status, begun, err := p.dir.readStatus()
	if err != nil {
		return fmt.Errorf("pod %s: %w", p.record.Name, err)
	}
	p.stamp = current
	if begun || !p.begun { // a status that somebody has removed is known all the same
		p.status, p.begun = status, begun
	}
	return nil
}

// settle writes a status for a pod whose own process cannot.
func (p *pod) settle() error {
	p.begun = true
	for _, scratch := range p.dir.scratch() {
		_ = os.RemoveAll(scratch)
	}
	return replaceJSON(p.dir.status(), p.status)
}

// spawn starts the process of a pod that has none. To do so twice is harmless: the second finds the first and ends.
func (p *pod) spawn(now time.Time, changed func()) error {
	if p.child != nil {
		select {
		case err := <-p.child:
			p.child = nil
			if err != nil {
				return p.neverBegan(now, fmt.Errorf("%w: %s", err, tail(p.dir.ownLog(), 1<<10)))
			}
		default: // it is about to write its status
		}
		return nil
	}
	if now.Sub(p.spawned) < respawnAfter && now.After(p.spawned) {
		return nil
	}
	p.spawned = now
	child, err := startPodProcess(p.record.Executable, p.dir, changed)
	if err != nil {
		return p.neverBegan(now, err)
	}
	p.child = child
	return nil
}

// neverBegan settles a pod that could not be started. The lock keeps a process that is late after all from starting it.
func (p *pod) neverBegan(now time.Time, cause error) error {
	lock, err := tryLock(p.dir.lock())
	if errors.Is(err, errLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.release()
	if err := p.reread(); err != nil || p.begun {
		return err
	}
	p.status = podStatus{
		Phase: podFailed, Started: now.UTC(), Finished: now.UTC(), ExitCode: -1, Message: "the pod could not be started: " + cause.Error(),
	}
	return p.settle()
}

// startPodProcess starts `mlops pod` in a session of its own, so that it outlives the runner and no terminal reaches it.
func startPodProcess(executable string, dir podDir, ended func()) (chan error, error) {
	log, err := os.OpenFile(dir.ownLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := exec.Command(executable, "pod", string(dir))
	cmd.Dir, cmd.Stdout, cmd.Stderr = string(dir), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	child := make(chan error, 1)
	go func() {
		child <- cmd.Wait()
		ended()
	}()
	return child, nil
}

// present says that the pod has not come to its end, or that its process has yet to leave.
func (p *pod) present() bool { return p.live() || p.status.Process.alive() }

// live says that the pod has not come to its end.
func (p *pod) live() bool { return !p.status.Phase.done() }

// leaving says that the pod is on its way out.
func (p *pod) leaving() bool { return !p.draining.IsZero() || !p.stopping.IsZero() }

// tend starts probing a replica that runs.
func (p *pod) tend(changed func()) {
	if p.record.Service == nil || p.health != nil || p.status.Phase != podRunning {
		return
	}
	url := ""
	if path := p.record.Service.HealthPath; path != "" {
		url = "http://" + p.address(p.record.Service.HealthPort) + path
	}
	p.health = startProbing(url, changed)
	if p.record.Service.Port != "" {
		p.backend = &backend{name: p.record.Name, address: p.address(p.record.Service.Port)}
	}
}

func (p *pod) address(port string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.status.Ports[port]))
}

// ready says that the replica takes traffic.
func (p *pod) ready() bool {
	if p.health == nil || p.leaving() || p.status.Phase != podRunning {
		return false
	}
	ready, _, _ := p.health.state()
	return ready
}

// stop tells the pod to end, and ends it after its grace period. It is called again until the pod is done.
func (p *pod) stop(now time.Time) error {
	if !p.begun && p.child != nil { // it has not got as far as hearing a signal; wait until it has
		return nil
	}
	if !p.begun {
		return p.neverBegan(now, errors.New("it was stopped first"))
	}
	if p.stopping.IsZero() {
		p.stopping = now
		return p.status.Process.signal(syscall.SIGTERM)
	}
	grace := p.record.Pod.GracePeriod.Std()
	if grace <= 0 {
		grace = defaultGracePeriod
	}
	if !p.killed && now.Sub(p.stopping) > grace+killAfterGrace {
		p.killed = true
		return p.status.Process.signal(syscall.SIGKILL)
	}
	return nil
}

// retire takes a replica out of service: no new requests, then, when those under way have been answered, the signal.
// The gateway must have been told before.
func (p *pod) retire(now time.Time) error {
	if p.draining.IsZero() {
		p.draining = now
		return nil // the routes are set once more before the count is believed
	}
	if p.stopping.IsZero() && p.backend != nil && p.backend.inFlight.Load() > 0 && now.Sub(p.draining) < drainLimit {
		return nil
	}
	return p.stop(now)
}

// logTail is the end of the log of the container that is to blame, else of all. One of ours is to blame for what the
// user's program left it to do ("no model"), so that its log stands behind the user's own.
func (p *pod) logTail() string {
	var text strings.Builder
	blamed, own := p.status.Failed, false
	for _, container := range slices.Concat(p.record.Pod.Init, p.record.Pod.Containers) {
		if container.Name == blamed {
			own = container.Agent
		}
	}
	for _, container := range slices.Concat(p.record.Pod.Init, p.record.Pod.Containers) {
		switch {
		case blamed == "" || own && !container.Agent:
			text.WriteString(tail(p.dir.log(container.Name), logTailSize/8))
		case container.Name == blamed && !own:
			return tail(p.dir.log(blamed), logTailSize)
		}
	}
	if own {
		text.WriteString(tail(p.dir.log(blamed), logTailSize/8))
	}
	return text.String()
}
