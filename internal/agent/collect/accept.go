package collect

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
)

// front takes connections and gives each to a lane, which forwards plain requests: a head that can be read in one way only,
// and a small body that comes with it. As soon as a connection brings anything else (a long or slow body, chunks, an upgrade,
// HTTP/2, something malformed), it goes over to net/http with what was read of it, and stays there: patience and strictness
// are kept in one place, and what most requests are is fast. Where a system has no lanes, net/http does it all.
type front struct {
	collector *Collector
	listener  net.Listener
	others    chan net.Conn // for net/http
	lanes     []*lane

	stopping atomic.Bool
	running  sync.WaitGroup // lanes
	mutex    sync.Mutex     // between entering and stopping
	active   sync.WaitGroup // connections in lanes
}

// acceptAgain is how long to wait where a connection could not be taken.
const acceptAgain = 5 * time.Millisecond

func newFront(c *Collector, listener net.Listener, target string) *front {
	f := &front{collector: c, listener: listener, others: make(chan net.Conn)}
	// A lane is a thread that does nothing but forward: one keeps more than half of a processor busy.
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		one, err := newLane(f, target)
		if err != nil {
			if !errors.Is(err, sockets.ErrUnsupported) {
				c.options.Logger.Warn("requests take the slow path", "error", err.Error())
			}
			break
		}
		f.lanes = append(f.lanes, one)
		f.running.Go(one.run)
	}
	return f
}

// last says that an answer ends its connection.
func (f *front) last() bool { return f.stopping.Load() || f.collector.leaving.Load() }

// serve takes connections until the listener is closed.
func (f *front) serve() error {
	for next := 0; ; next++ {
		connection, err := f.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			time.Sleep(acceptAgain) // no file descriptors left, for example
			continue
		}
		if len(f.lanes) == 0 {
			go f.giveOver(connection, nil)
			continue
		}
		f.enter(f.lanes[next%len(f.lanes)], connection)
	}
}

// enter gives a connection to a lane.
func (f *front) enter(to *lane, connection net.Conn) {
	address, _, _ := net.SplitHostPort(connection.RemoteAddr().String()) // "" where it has none
	socket, err := sockets.Detach(connection)
	if err != nil {
		go f.giveOver(connection, nil)
		return
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.stopping.Load() {
		_ = socket.Close()
		return
	}
	f.active.Add(1)
	to.loop.Post(func() { to.add(socket, address) })
}

// stop takes no more, and waits until what is under way has been answered, or ctx ends; then that is cut off.
func (f *front) stop(ctx context.Context) error {
	_ = f.listener.Close()
	f.mutex.Lock()
	f.stopping.Store(true)
	f.mutex.Unlock()
	f.each((*lane).closeIdle)
	ended := make(chan struct{})
	go func() { f.active.Wait(); close(ended) }()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = ctx.Err()
		f.each((*lane).cutOff)
	}
	for _, one := range f.lanes {
		one.loop.Stop()
	}
	f.running.Wait()
	return err
}

func (f *front) each(do func(*lane)) {
	for _, one := range f.lanes {
		one.loop.Post(func() { do(one) })
	}
}

// giveOver gives a connection to net/http, with what was read of it.
func (f *front) giveOver(connection net.Conn, read []byte) {
	select {
	case f.others <- &resumed{Conn: connection, read: read}:
	case <-f.collector.finished:
		_ = connection.Close()
	}
}

// Accept gives net/http the connections that are not plain.
func (f *front) Accept() (net.Conn, error) {
	select {
	case connection := <-f.others:
		return connection, nil
	case <-f.collector.finished:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener for net/http, which has nothing to close here.
func (f *front) Close() error { return nil }

// Addr implements net.Listener.
func (f *front) Addr() net.Addr { return f.listener.Addr() }

// resumed is a connection of which something was read before.
type resumed struct {
	net.Conn
	read []byte
}

// Read implements io.Reader.
func (r *resumed) Read(p []byte) (int, error) {
	if len(r.read) > 0 {
		n := copy(p, r.read)
		if r.read = r.read[n:]; len(r.read) == 0 {
			r.read = nil
		}
		return n, nil
	}
	return r.Conn.Read(p)
}
