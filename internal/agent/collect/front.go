package collect

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/http1"
)

// front takes connections and forwards plain requests itself: a head that can be read in one way only, and a small body that
// comes with it. As soon as a connection brings anything else (a long or slow body, chunks, an upgrade, HTTP/2, something
// malformed), it goes over to net/http with what was read of it, and stays there: patience and strictness are kept in one
// place, and what most requests are is fast.
type front struct {
	collector *Collector
	listener  net.Listener
	others    chan net.Conn // for net/http
	models    *models

	stopping atomic.Bool
	stopped  chan struct{} // closed when nothing is under way any more
	mutex    sync.Mutex
	idle     map[*client]bool // false while a request is under way
	active   sync.WaitGroup
}

const (
	// mostPlain bounds head and body of a request that is forwarded here, in bytes.
	mostPlain = 64 << 10
	// promptly is how long the rest of a request may take that has begun.
	promptly = 5 * time.Millisecond
	// idleLimit is how long a connection may bring nothing.
	idleLimit = 2 * time.Minute
)

func newFront(c *Collector, listener net.Listener, target string) *front {
	return &front{
		collector: c, listener: listener, others: make(chan net.Conn), models: newModels(target, keepIdle), idle: map[*client]bool{}, stopped: make(chan struct{}),
	}
}

// serve takes connections until the listener is closed.
func (f *front) serve() error {
	go f.watchAll(f.stopped)
	for {
		connection, err := f.listener.Accept()
		if err != nil {
			if temporary, ok := errors.AsType[net.Error](err); ok && temporary.Timeout() {
				continue
			}
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			time.Sleep(promptly) // no file descriptors left, for example
			continue
		}
		c := &client{front: f, Conn: connection}
		if !f.enter(c) {
			_ = connection.Close()
			continue
		}
		go c.serve()
	}
}

func (f *front) enter(c *client) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.stopping.Load() {
		return false
	}
	f.idle[c] = true
	f.active.Add(1)
	return true
}

func (f *front) leave(c *client) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	delete(f.idle, c)
	f.active.Done()
}

// await lets a connection wait for its next request; false where none is wanted any more.
func (f *front) await(c *client) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.stopping.Load() {
		return false
	}
	if now := time.Now(); now.Sub(c.armed) > idleLimit/4 { // not with each request
		c.armed = now
		_ = c.SetReadDeadline(now.Add(idleLimit))
	}
	return true
}

// begin marks that a request is under way; false where the connection is being closed.
func (f *front) begin(c *client) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.stopping.Load() {
		return false
	}
	f.idle[c] = false
	return true
}

// end marks that the connection waits for its next request; false where none is wanted.
func (f *front) end(c *client) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.idle[c] = true
	return !f.stopping.Load()
}

// stop takes no more, and waits until what is under way has been answered, or ctx ends; then that is cut off.
func (f *front) stop(ctx context.Context) error {
	_ = f.listener.Close()
	f.mutex.Lock()
	f.stopping.Store(true)
	for c, idle := range f.idle {
		if idle {
			_ = c.SetReadDeadline(time.Unix(1, 0)) // who reads a request by now is done with it first
		}
	}
	f.mutex.Unlock()
	ended := make(chan struct{})
	go func() { f.active.Wait(); close(ended) }()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = ctx.Err()
		f.mutex.Lock()
		for c := range f.idle {
			_ = c.Close()
		}
		f.mutex.Unlock()
	}
	close(f.stopped)
	f.models.close()
	return err
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

// client is one connection of a client.
type client struct {
	net.Conn
	front   *front
	buffer  []byte // what was read and not used yet is buffer[:filled]
	filled  int
	request http1.Request
	out     []byte // what is written
	address string
	armed   time.Time // when the deadline of waiting was last set; zero where another one was
	watch   atomic.Pointer[watch]
}

// serve handles requests one after another until the connection ends or goes over.
func (c *client) serve() {
	defer func() {
		if problem := recover(); problem != nil { // a connection must not end the others
			c.front.collector.options.Logger.Error("a request ended in a panic", "panic", problem)
			_ = c.Close()
		}
		c.front.leave(c)
	}()
	c.buffer = make([]byte, 4<<10)
	for {
		verdict, err := c.next()
		if err != nil {
			_ = c.Close()
			return
		}
		if verdict != http1.Plain || !c.front.begin(c) || !c.front.collector.plain(&c.request) {
			c.goOver()
			return
		}
		again := c.forward()
		used := c.request.Size + int(c.request.ContentLength)
		c.filled = copy(c.buffer, c.buffer[used:c.filled])
		if !c.front.end(c) || !again {
			_ = c.Close()
			return
		}
	}
}

// next reads one request. It waits for its first byte for long, and for the rest not at all: a request that does not come at
// once is not plain.
func (c *client) next() (http1.Verdict, error) {
	begun := c.filled > 0
	for {
		if begun {
			verdict := c.request.Parse(c.buffer[:c.filled])
			if verdict == http1.Plain {
				size := int64(c.request.Size) + c.request.ContentLength
				if size <= int64(c.filled) {
					return http1.Plain, nil
				}
				if size > mostPlain {
					return http1.Other, nil
				}
				c.grow(int(size))
			} else if verdict == http1.Other || c.filled >= mostPlain/2 {
				return http1.Other, nil
			}
		}
		c.grow(c.filled + 1)
		if begun {
			c.armed = time.Time{}
			_ = c.SetReadDeadline(time.Now().Add(promptly))
		} else if !c.front.await(c) {
			return http1.Other, net.ErrClosed
		}
		n, err := c.Read(c.buffer[c.filled:])
		c.filled += n
		if n == 0 && err != nil {
			if begun && (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF)) {
				return http1.Other, nil // whoever has patience decides
			}
			return http1.Other, err
		}
		begun = true
	}
}

func (c *client) grow(size int) {
	if size > len(c.buffer) {
		larger := make([]byte, max(size, 2*len(c.buffer)))
		copy(larger, c.buffer[:c.filled])
		c.buffer = larger
	}
}

// goOver gives the connection to net/http. One that is being closed answers what has come and no more.
func (c *client) goOver() {
	_ = c.SetReadDeadline(time.Time{})
	select {
	case c.front.others <- &resumed{Conn: c.Conn, read: c.buffer[:c.filled]}:
	case <-c.front.collector.finished:
		_ = c.Close()
	}
}

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
