package collect

import (
	"context"
	"net"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
)

// models keeps a lane's connections to the model that wait for their next request, the last one used first.
type models struct {
	lane    *lane
	address string
	keep    time.Duration
	dialer  net.Dialer
	idle    []*model
}

// model is one connection to the model.
type model struct {
	lane    *lane
	socket  *sockets.Socket
	passing *passing // that it serves; nil where it waits
	used    time.Time
}

const (
	mostIdle = 1024
	// trusted is how long a connection may have been idle without being looked at before it is used again.
	trusted = time.Millisecond
)

func newModels(l *lane, address string, keep time.Duration) *models {
	return &models{lane: l, address: address, keep: keep, dialer: net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}}
}

// take is an idle connection; nil where there is none.
func (m *models) take() *model {
	for len(m.idle) > 0 {
		last := len(m.idle) - 1
		one := m.idle[last]
		m.idle[last] = nil
		m.idle = m.idle[:last]
		if age := time.Since(one.used); age <= trusted || age <= m.keep && one.socket.Quiet() {
			return one
		}
		_ = one.socket.Close()
	}
	return nil
}

// dial makes a connection and calls back on the lane's thread.
func (m *models) dial(ctx context.Context, then func(*model, error)) {
	go func() {
		var socket *sockets.Socket
		connection, err := m.dialer.DialContext(ctx, "tcp", m.address)
		if err == nil {
			socket, err = sockets.Detach(connection)
		}
		called := m.lane.loop.Post(func() {
			if err != nil {
				then(nil, err)
				return
			}
			one := &model{lane: m.lane, socket: socket}
			if err := m.lane.loop.Add(socket, one); err != nil {
				_ = socket.Close()
				then(nil, err)
				return
			}
			then(one, nil)
		})
		if !called && err == nil {
			_ = socket.Close()
		}
	}()
}

// put keeps a connection on which an answer has ended.
func (m *models) put(one *model) {
	one.passing, one.used = nil, time.Now()
	if len(m.idle) >= mostIdle {
		_ = one.socket.Close()
		return
	}
	m.idle = append(m.idle, one)
}

// drop forgets one that waits.
func (m *models) drop(one *model) {
	_ = one.socket.Close()
	for i, other := range m.idle {
		if other == one {
			m.idle = append(m.idle[:i], m.idle[i+1:]...)
			return
		}
	}
}

// look closes those that nobody has needed for long.
func (m *models) look(now time.Time) {
	for len(m.idle) > 0 && now.Sub(m.idle[0].used) > m.keep {
		m.drop(m.idle[0])
	}
}

func (m *models) close() {
	for _, one := range m.idle {
		_ = one.socket.Close()
	}
	m.idle = nil
}

// Ready implements sockets.Handler.
func (m *model) Ready() {
	if m.passing == nil {
		if m.socket.Ended() || !m.socket.Quiet() {
			m.lane.models.drop(m) // it ends, or says what nobody has asked for
		}
		return
	}
	c := m.passing.client
	c.guard(func() {
		m.passing.advance()
		c.read()
	})
}
