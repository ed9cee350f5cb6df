package kubernetes

import "syscall"

// endsWithParent ends a component with the test that started it, also where that was killed.
func endsWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
