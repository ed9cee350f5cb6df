package kubernetes

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// stopWithin is how long a component may take to end after SIGTERM.
const stopWithin = 10 * time.Second

// process is one component.
type process struct {
	name    string
	log     string // file
	command *exec.Cmd
	ended   chan struct{}
}

func startProcess(binary string, dir files, name string, arguments ...string) (*process, error) {
	log, err := os.Create(dir.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	started := &process{name: name, log: log.Name(), ended: make(chan struct{})}
	started.command = exec.Command(binary, append([]string{name}, arguments...)...)
	started.command.Stdout, started.command.Stderr, started.command.Dir = log, log, string(dir)
	started.command.SysProcAttr = endsWithParent()
	if err := started.command.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = started.command.Wait() // it is stopped by a signal: that is no fault
		close(started.ended)
	}()
	return started, nil
}

func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopWithin):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// last is the end of what it said.
func (p *process) last() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	content = bytes.TrimSpace(content)
	return string(content[max(len(content)-2000, 0):])
}

// freePorts finds ports that nobody listens on; all are held until the last was found, so that they differ.
func freePorts(count int) ([]int, error) {
	var ports []int
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return nil, fmt.Errorf("%v is no TCP address", listener.Addr())
		}
		ports = append(ports, address.Port)
	}
	return ports, nil
}
