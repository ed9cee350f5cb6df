//go:build !linux

package kubernetes

import "syscall"

func endsWithParent() *syscall.SysProcAttr { return nil }
