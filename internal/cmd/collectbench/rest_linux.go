package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// punctual keeps the caller on a thread of its own that the system wakes when it is time, and not a while later.
func punctual() (leave func()) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // a nanosecond; where it fails it wakes later
	return runtime.UnlockOSThread
}

// rest sleeps for a while.
func rest(span time.Duration) {
	wait := unix.NsecToTimespec(int64(span))
	_ = unix.Nanosleep(&wait, nil) // who is woken early looks at the clock
}
