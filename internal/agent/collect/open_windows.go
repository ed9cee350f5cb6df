package collect

import (
	"errors"
	"net"
	"os"
	"time"
)

// open says whether the other side has neither closed a connection nor said anything that nobody has asked for.
func open(connection net.Conn) bool {
	_ = connection.SetReadDeadline(time.Now().Add(time.Millisecond))
	var one [1]byte
	n, err := connection.Read(one[:])
	_ = connection.SetReadDeadline(time.Time{})
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}
