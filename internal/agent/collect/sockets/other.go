//go:build !linux

package sockets

import "net"

// Loop does not exist here.
type Loop struct{}

// Socket does not exist here.
type Socket struct{}

// Open is ErrUnsupported.
func Open() (*Loop, error) { return nil, ErrUnsupported }

// Run implements a loop that there is none of.
func (*Loop) Run(Tick) {}

// Post implements a loop that there is none of.
func (*Loop) Post(func()) bool { return false }

// Stop implements a loop that there is none of.
func (*Loop) Stop() {}

// Add implements a loop that there is none of.
func (*Loop) Add(*Socket, Handler) error { return ErrUnsupported }

// Detach is ErrUnsupported.
func Detach(net.Conn) (*Socket, error) { return nil, ErrUnsupported }

// Attach implements a socket that there is none of.
func (*Socket) Attach() (net.Conn, error) { return nil, ErrUnsupported }

// Read implements io.Reader.
func (*Socket) Read([]byte) (int, error) { return 0, ErrUnsupported }

// Write implements io.Writer.
func (*Socket) Write([]byte) (int, error) { return 0, ErrUnsupported }

// Ended implements a socket that there is none of.
func (*Socket) Ended() bool { return false }

// Broken implements a socket that there is none of.
func (*Socket) Broken() bool { return false }

// Quiet implements a socket that there is none of.
func (*Socket) Quiet() bool { return false }

// Close implements io.Closer.
func (*Socket) Close() error { return nil }
