package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// peer is one way to the model.
type peer struct {
	name       string
	address    string
	process    *exec.Cmd
	throughput []float64
	median     []time.Duration
	tail       []time.Duration
	processor  []time.Duration // of the process, for each request
	memory     int64           // kilobytes, at most
}

// begin starts a process and waits until it answers.
func (p *peer) begin() error {
	p.process.Stderr = nil
	if err := p.process.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var c *connection
		if c, err = connect(p.address); err != nil {
			continue
		}
		err = c.ask(message(p.name + "-0"))
		_ = c.Close()
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s does not answer on %s: %w", p.name, p.address, err)
}

// end stops a process in order and waits for it.
func (p *peer) end() error {
	if p.process.Process == nil || p.process.ProcessState != nil {
		return nil
	}
	if p.name == nameDirect {
		_ = p.process.Process.Kill()
		_ = p.process.Wait()
		return nil
	}
	_ = p.process.Process.Signal(syscall.SIGTERM)
	if err := p.process.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

func stop(peers []*peer) {
	for _, p := range peers {
		_ = p.end()
	}
}

// tick is the unit in which Linux counts the time of processors.
const tick = 10 * time.Millisecond

// processorTime is what a process and its children have used of the processors; 0 where nobody knows.
func processorTime(pid int) time.Duration {
	total := time.Duration(0)
	for _, of := range append(childrenOf(pid), pid) {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", of))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(content), ") ")
		var user, system int64
		if fields := strings.Fields(rest); len(fields) > 12 {
			_, _ = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
		}
		total += time.Duration(user+system) * tick
	}
	return total
}

func childrenOf(pid int) []int {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	var all []int
	for text := range strings.FieldsSeq(string(content)) {
		var child int
		_, _ = fmt.Sscan(text, &child)
		all = append(all, child)
	}
	return all
}

// resident is the memory of a process in kilobytes, as the system counts it now (VmRSS) or at most (VmHWM); 0 where nobody
// knows.
func resident(pid int, what string) int64 {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kilobytes int64
	for line := range strings.Lines(string(content)) {
		if _, err := fmt.Sscanf(line, what+": %d kB", &kilobytes); err == nil {
			return kilobytes
		}
	}
	return 0
}
