// Package sockets lets one thread look after many connections, as an operating system does it best: it asks which of them
// have something to say, and reads and writes those without ever waiting for one. It is what makes a proxy as cheap as one
// written in C: no goroutine has to be woken for a message, and what has come at once is handled at once.
//
// Connections come from package net and can be given back to it. Where a system has no such way (only Linux has, here),
// Open says so, and the caller does without.
//
// It must not know what is said on a connection.
package sockets

import (
	"errors"
	"time"
)

// ErrWait says that a socket has nothing to read, or no room to write, until its handler is called again.
var ErrWait = errors.New("the socket is not ready")

// ErrUnsupported says that this system has no sockets of this kind.
var ErrUnsupported = errors.New("this system has no such sockets")

// Handler is told, on the loop's thread, that its socket has become ready for something. It reads until ErrWait.
type Handler interface{ Ready() }

// Tick is called on the loop's thread after every round of events and says when at the latest it wants to be called again.
type Tick func(now time.Time) time.Duration
