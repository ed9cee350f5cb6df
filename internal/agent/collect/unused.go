package collect

import (
	"net"
	"net/http"
	"sync"
)

// unused are connections on which no request has come yet: clients open some to spare. A server that is told to stop waits
// five seconds for each of them, which a stop does not have.
type unused struct {
	mutex       sync.Mutex
	connections map[net.Conn]bool
}

// note is a server's ConnState.
func (u *unused) note(connection net.Conn, state http.ConnState) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if state == http.StateNew {
		u.connections[connection] = true
	} else {
		delete(u.connections, connection)
	}
}

func (u *unused) close() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	for connection := range u.connections {
		_ = connection.Close() // nobody has asked anything on it
	}
}
