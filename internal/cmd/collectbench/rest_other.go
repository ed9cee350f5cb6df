//go:build !linux

package main

import "time"

// punctual does nothing where only Go's own timers are there.
func punctual() (leave func()) { return func() {} }

// rest sleeps for a while.
func rest(span time.Duration) { time.Sleep(span) }
