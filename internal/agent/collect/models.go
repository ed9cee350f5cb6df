package collect

import (
	"context"
	"net"
	"sync"
	"time"
)

// models keeps connections to the model that wait for their next request, the last one used first.
type models struct {
	address string
	keep    time.Duration
	dialer  net.Dialer

	mutex  sync.Mutex
	idle   []*model
	closed bool
}

// model is one connection to the model.
type model struct {
	net.Conn
	buffer []byte // what was read of an answer
	used   time.Time
	fresh  bool // it has not carried a request yet
}

const (
	mostIdle = 1024
	// trusted is how long a connection may have been idle without being looked at before it is used again.
	trusted = time.Millisecond
)

func newModels(address string, keep time.Duration) *models {
	return &models{address: address, keep: keep, dialer: net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}}
}

// get takes an idle connection, or makes one.
func (m *models) get(ctx context.Context) (*model, error) {
	for {
		one := m.take()
		if one == nil {
			connection, err := m.dialer.DialContext(ctx, "tcp", m.address)
			if err != nil {
				return nil, err
			}
			return &model{Conn: connection, buffer: make([]byte, 8<<10), fresh: true}, nil
		}
		if age := time.Since(one.used); age <= trusted || age <= m.keep && open(one.Conn) {
			return one, nil
		}
		_ = one.Close()
	}
}

func (m *models) take() *model {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	last := len(m.idle) - 1
	if last < 0 {
		return nil
	}
	one := m.idle[last]
	m.idle[last] = nil
	m.idle = m.idle[:last]
	return one
}

// put keeps a connection on which an answer has ended, and closes those that nobody has needed for long.
func (m *models) put(one *model) {
	one.used, one.fresh = time.Now(), false
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.closed || len(m.idle) >= mostIdle {
		_ = one.Close()
		return
	}
	m.idle = append(m.idle, one)
	if oldest := m.idle[0]; one.used.Sub(oldest.used) > m.keep {
		_ = oldest.Close()
		m.idle = append(m.idle[:0], m.idle[1:]...)
	}
}

func (m *models) close() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.closed = true
	for _, one := range m.idle {
		_ = one.Close()
	}
	m.idle = nil
}
