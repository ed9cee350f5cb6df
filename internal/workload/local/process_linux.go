package local

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// bootID changes whenever the machine starts.
var bootID = sync.OnceValues(func() (string, error) {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("boot id: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
})

// inspect reads /proc/<pid>/stat; see proc_pid_stat(5).
func inspect(pid int) (inspected, error) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return inspected{}, err
	}
	// The name, in brackets, may hold anything; what follows its last bracket does not.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	if len(fields) < 20 {
		return inspected{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return inspected{}, fmt.Errorf("/proc/%d/stat: start time: %w", pid, err)
	}
	return inspected{zombie: fields[0] == "Z" || fields[0] == "X", start: start}, nil
}

// dieWithParent makes the kernel kill a child whose parent thread ends: the thread must be locked and live on.
func dieWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }

// killStrays ends what a pod whose process is gone has left behind: every process whose temporary folder is the pod's.
// They are known by that and not by a number, since numbers are given away again.
func killStrays(_ identity, temporary string) {
	boot, err := bootID()
	if err != nil {
		return
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	mark := []byte("\x00TMPDIR=" + temporary + "\x00")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		process, err := inspect(pid)
		if err != nil {
			continue
		}
		environ, err := os.ReadFile("/proc/" + entry.Name() + "/environ")
		if err != nil || !bytes.Contains(append([]byte{0}, environ...), mark) {
			continue // another's, which may not be read, or not of this pod
		}
		_ = identity{PID: pid, Start: process.start, Boot: boot}.signal(syscall.SIGKILL)
	}
}
