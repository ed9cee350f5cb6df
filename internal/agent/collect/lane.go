package collect

import (
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
)

// lane is one thread that forwards the plain requests of many connections. Everything in it belongs to that thread; what has
// to wait (a connection to the model, a log that must not answer yet) waits elsewhere and comes back by Post.
type lane struct {
	front     *front
	collector *Collector
	loop      *sockets.Loop
	models    *models
	clients   map[*client]struct{}
	due       int // clients whose time comes soon
	looked    time.Time
	input     []byte   // where answers are read
	lent      [][]byte // buffers that nobody has
	random    *correlations
}

const (
	// soon is how exactly times are kept, and seldom how often somebody looks at connections that wait for nothing.
	soon   = 5 * time.Millisecond
	seldom = time.Second
	// bufferSize of what is lent, in bytes; mostLent are kept.
	bufferSize = 4 << 10
	mostLent   = 256
)

func newLane(f *front, target string) (*lane, error) {
	loop, err := sockets.Open()
	if err != nil {
		return nil, err
	}
	l := &lane{front: f, collector: f.collector, loop: loop, clients: map[*client]struct{}{}, input: make([]byte, mostPlain), random: newCorrelations()}
	l.models = newModels(l, target, keepIdle)
	return l, nil
}

func (l *lane) run() {
	l.loop.Run(l.tick)
	l.models.close()
}

// add takes a new connection.
func (l *lane) add(socket *sockets.Socket, address string) {
	c := &client{lane: l, socket: socket, address: address, since: time.Now()}
	c.passing.client = c
	l.clients[c] = struct{}{}
	if err := l.loop.Add(socket, c); err != nil {
		l.collector.options.Logger.Warn("a connection could not be served", "error", err.Error())
		c.close()
	} else if l.front.stopping.Load() {
		c.closeIdle()
	}
}

// remove forgets one that was closed, or has gone over.
func (l *lane) remove(c *client) {
	delete(l.clients, c)
	l.front.active.Done()
}

// tick looks after what has to happen at a time.
func (l *lane) tick(now time.Time) time.Duration {
	patience := seldom
	if l.due > 0 {
		patience = soon
	}
	if now.Sub(l.looked) < patience {
		return patience
	}
	l.looked = now
	for c := range l.clients {
		c.guard(func() { c.look(now) })
	}
	l.models.look(now)
	return patience
}

func (l *lane) closeIdle() {
	for c := range l.clients {
		c.guard(c.closeIdle)
	}
}

func (l *lane) cutOff() {
	for c := range l.clients {
		c.guard(c.cutOff)
	}
}

// lend gives an empty buffer, and takeBack takes it when nobody reads from it any more.
func (l *lane) lend() []byte {
	last := len(l.lent) - 1
	if last < 0 {
		return make([]byte, 0, bufferSize)
	}
	buffer := l.lent[last]
	l.lent = l.lent[:last]
	return buffer
}

func (l *lane) takeBack(buffer []byte) {
	if cap(buffer) >= bufferSize && cap(buffer) <= 4*bufferSize && len(l.lent) < mostLent {
		l.lent = append(l.lent, buffer[:0])
	}
}

// guard keeps one connection from ending the others.
func (c *client) guard(do func()) {
	defer func() {
		if problem := recover(); problem != nil {
			c.lane.collector.options.Logger.Error("a request ended in a panic", "panic", fmt.Sprint(problem))
			c.close()
		}
	}()
	do()
}
