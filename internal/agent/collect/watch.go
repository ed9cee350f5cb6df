package collect

import (
	"context"
	"sync"
	"time"
)

// watch looks whether the client leaves while its model takes its time. It reads from the client's connection, and what it
// reads is a part of the next request. Most answers come before anybody looks.
type watch struct {
	client *client
	model  *model
	leave  context.CancelFunc
	begun  time.Time

	mutex   sync.Mutex
	reading chan struct{} // closed when the watcher has ended; nil where none has begun
	over    bool
	gone    bool
}

// unwatched is how long a model may take before anybody looks.
const unwatched = 10 * time.Millisecond

func (w *watch) start() {
	w.begun = time.Now()
	w.client.watch.Store(w)
}

// look waits for the client to leave, once.
func (w *watch) look() {
	w.mutex.Lock()
	if w.over || w.reading != nil {
		w.mutex.Unlock()
		return
	}
	w.reading = make(chan struct{})
	defer close(w.reading)
	c := w.client
	c.armed = time.Time{}
	_ = c.SetReadDeadline(time.Time{})
	w.mutex.Unlock()
	c.grow(c.filled + 1)
	n, err := c.Read(c.buffer[c.filled:])
	w.mutex.Lock()
	defer w.mutex.Unlock()
	c.filled += n
	if n == 0 && err != nil && !w.over {
		w.gone = true
		w.leave()
		_ = w.model.Close() // it has nobody to answer
	}
}

// release takes the connection to the model out of the watcher's hands; false where it has closed it.
func (w *watch) release() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.over = true
	return !w.gone
}

// left says whether the client has left.
func (w *watch) left() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.gone
}

// stop ends the watch and waits for it; false where the client has left.
func (w *watch) stop() bool {
	w.client.watch.Store(nil)
	w.mutex.Lock()
	w.over = true
	reading := w.reading
	if reading != nil {
		_ = w.client.SetReadDeadline(time.Unix(1, 0))
	}
	w.mutex.Unlock()
	if reading != nil {
		<-reading
	}
	return !w.left()
}

// watchAll looks after requests whose model takes its time, until the front has stopped. One ticker for all: a timer for each
// request would wake a thread for each.
func (f *front) watchAll(stopped <-chan struct{}) {
	ticker := time.NewTicker(unwatched)
	defer ticker.Stop()
	for {
		select {
		case <-stopped:
			return
		case now := <-ticker.C:
			f.mutex.Lock()
			for c, idle := range f.idle {
				if w := c.watch.Load(); !idle && w != nil && now.Sub(w.begun) >= unwatched {
					go w.look()
				}
			}
			f.mutex.Unlock()
		}
	}
}
