//go:build unix

package collect

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// open says whether the other side has neither closed a connection nor said anything that nobody has asked for.
func open(connection net.Conn) bool {
	socket, ok := connection.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = errors.Is(err, unix.EAGAIN)
		return true
	})
	return err == nil && quiet
}
