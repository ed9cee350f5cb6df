package sockets

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Socket is a connection without a goroutine. It belongs to the thread of its loop.
type Socket struct {
	fd         int
	loop       *Loop // nil where nobody looks after it
	place      int32
	generation int32
	handler    Handler
	full       bool // nothing can be read until the next event
	ended      bool // the other side has nothing more to say
	broken     bool // and hears nothing more
	closed     bool
}

// generations tell a socket from an earlier one in the same place.
var generations atomic.Int32

// Detach takes a connection out of package net; it is closed there.
func Detach(connection net.Conn) (*Socket, error) {
	holder, ok := connection.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("detach a %T: %w", connection, ErrUnsupported)
	}
	raw, err := holder.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("detach a connection: %w", err)
	}
	s := &Socket{fd: -1, generation: generations.Add(1)}
	var failed error
	err = raw.Control(func(fd uintptr) { s.fd, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, failed); err != nil {
		return nil, fmt.Errorf("detach a connection: %w", err)
	}
	_ = connection.Close() // it goes on under the other descriptor
	return s, nil
}

// Attach gives the connection back to package net; the socket is closed.
func (s *Socket) Attach() (net.Conn, error) {
	if s.loop != nil {
		s.loop.remove(s)
	}
	s.closed = true
	file := os.NewFile(uintptr(s.fd), "connection")
	defer file.Close()
	connection, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("attach a connection: %w", err)
	}
	return connection, nil
}

// note takes in what the system says of the socket.
func (s *Socket) note(events uint32) {
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.full = false
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.ended = true
	}
	if events&(unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.broken = true
	}
}

// Ended says that the other side will say nothing after what it has said.
func (s *Socket) Ended() bool { return s.ended }

// Broken says that the other side is not there any more.
func (s *Socket) Broken() bool { return s.broken }

// Quiet says whether the other side has neither closed the connection nor said anything that was not read.
func (s *Socket) Quiet() bool {
	var one [1]byte
	_, _, failed := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&one[0])), 1, unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
	return failed == unix.EAGAIN
}

// Read reads what is there; ErrWait where nothing is, io.EOF where nothing will be.
func (s *Socket) Read(p []byte) (int, error) {
	if s.full && !s.ended {
		return 0, ErrWait
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, _, failed := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	switch {
	case failed == unix.EAGAIN:
		s.full = true
		return 0, ErrWait
	case failed != 0:
		return 0, os.NewSyscallError("recv", failed)
	case n == 0:
		return 0, io.EOF
	}
	s.full = int(n) < len(p) // the next that comes is an event
	return int(n), nil
}

// Write writes as much as there is room for; with less than all comes ErrWait.
func (s *Socket) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, _, failed := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	switch {
	case failed == unix.EAGAIN:
		return 0, ErrWait
	case failed != 0:
		return 0, os.NewSyscallError("send", failed)
	case int(n) < len(p):
		return int(n), ErrWait
	}
	return int(n), nil
}

// Close closes the connection.
func (s *Socket) Close() error {
	if s.closed {
		return nil
	}
	if s.loop != nil {
		s.loop.remove(s)
	}
	s.closed = true
	return os.NewSyscallError("close", unix.Close(s.fd))
}
