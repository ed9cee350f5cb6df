package local

import (
	"fmt"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// bootID is when the machine was started.
var bootID = sync.OnceValues(func() (string, error) {
	started, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return "", fmt.Errorf("boot time: %w", err)
	}
	return strconv.FormatInt(started.Sec, 10), nil
})

// inspect asks the kernel for one process.
func inspect(pid int) (inspected, error) {
	process, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return inspected{}, err
	}
	const zombie = 5 // SZOMB of sys/proc.h
	started := process.Proc.P_starttime
	return inspected{
		zombie: process.Proc.P_stat == zombie,
		start:  uint64(started.Sec)*1_000_000 + uint64(started.Usec),
	}, nil
}

// dieWithParent does nothing: this kernel has no such signal, so killStrays has to find what was left.
func dieWithParent(*syscall.SysProcAttr) {}

// killStrays ends what a pod whose process is gone has left behind: the session that it led.
func killStrays(leader identity, _ string) {
	if boot, err := bootID(); err != nil || boot != leader.Boot || leader.PID <= 1 || leader.alive() {
		return
	}
	processes, err := unix.SysctlKinfoProcSlice("kern.proc.session", leader.PID)
	if err != nil {
		return
	}
	for _, process := range processes {
		_ = unix.Kill(int(process.Proc.P_pid), unix.SIGKILL)
	}
}
