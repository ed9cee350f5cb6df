package collect

import (
	"errors"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/http1"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
)

// client is one connection of a client in a lane. It reads a request, has it passed on, and reads the next one when that is
// answered.
type client struct {
	lane    *lane
	socket  *sockets.Socket
	address string // of the other side, without its port
	phase   phase
	buffer  []byte // what was read and is not used yet; nil where that is nothing
	request http1.Request
	passing passing
	since   time.Time // when the phase began, as far as anybody asks for it
	due     time.Time // when to look again; zero where nothing is due
}

type phase int

const (
	reading phase = iota
	answering
	closed
)

const (
	// mostPlain bounds head and body of a request that is forwarded in a lane, in bytes.
	mostPlain = 64 << 10
	// promptly is how long the rest of a request may take that has begun.
	promptly = 5 * time.Millisecond
	// idleLimit is how long a connection may bring nothing.
	idleLimit = 2 * time.Minute
	// unwatched is how long an answer may take before anybody minds that the client has closed its side: some do so as soon as
	// they have asked.
	unwatched = 10 * time.Millisecond
)

// Ready implements sockets.Handler.
func (c *client) Ready() {
	c.guard(func() {
		if c.phase == answering {
			c.passing.clientReady()
		}
		c.read()
	})
}

// read takes requests as long as some are there.
func (c *client) read() {
	for c.phase == reading {
		verdict, err := c.next()
		switch {
		case errors.Is(err, sockets.ErrWait):
			return
		case err != nil:
			c.close()
		case verdict != http1.Plain || !c.lane.collector.plain(&c.request):
			c.goOver()
		default:
			c.at(time.Time{})
			c.phase = answering
			c.passing.begin()
		}
	}
}

// next reads one request. It waits for its first byte for long, and for the rest hardly: a request that does not come at once
// is not plain.
func (c *client) next() (http1.Verdict, error) {
	for {
		if len(c.buffer) > 0 {
			verdict := c.request.Parse(c.buffer)
			size := int64(c.request.Size) + c.request.ContentLength
			switch {
			case verdict == http1.Plain && size <= int64(len(c.buffer)):
				return http1.Plain, nil
			case verdict == http1.Plain && size > mostPlain, verdict == http1.Other, verdict == http1.Incomplete && len(c.buffer) >= mostPlain/2:
				return http1.Other, nil
			}
			c.grow(max(len(c.buffer)+1, int(size)))
		} else if c.buffer == nil {
			c.buffer = c.lane.lend()
		}
		n, err := c.socket.Read(c.buffer[len(c.buffer):cap(c.buffer)])
		c.buffer = c.buffer[:len(c.buffer)+n]
		switch {
		case err == nil:
		case errors.Is(err, sockets.ErrWait):
			c.await()
			return http1.Incomplete, err
		case len(c.buffer) > 0:
			return http1.Other, nil // whoever has patience decides
		default:
			return http1.Incomplete, err
		}
	}
}

// await waits for a request, or for the rest of one.
func (c *client) await() {
	switch {
	case len(c.buffer) == 0:
		c.lane.takeBack(c.buffer)
		c.buffer = nil
	case c.due.IsZero():
		c.at(time.Now().Add(promptly))
	}
}

func (c *client) grow(size int) {
	if size > cap(c.buffer) {
		larger := append(make([]byte, 0, max(size, 2*cap(c.buffer))), c.buffer...)
		c.lane.takeBack(c.buffer)
		c.buffer = larger
	}
}

// at asks to be looked at then; never, where it is zero.
func (c *client) at(then time.Time) {
	if c.due.IsZero() != then.IsZero() {
		if then.IsZero() {
			c.lane.due--
		} else {
			c.lane.due++
		}
	}
	c.due = then
}

// look is what time does to a connection.
func (c *client) look(now time.Time) {
	switch {
	case c.phase == closed, !c.due.IsZero() && now.Before(c.due):
	case c.phase == answering:
		if !c.due.IsZero() {
			c.at(time.Time{})
			c.passing.late(now)
			c.read()
		}
	case len(c.buffer) > 0:
		c.goOver()
	case now.Sub(c.since) > idleLimit:
		c.close()
	}
}

// answered ends a request: the next one may follow where the connection goes on.
func (c *client) answered(again bool) {
	if c.phase == closed {
		return
	}
	if !again {
		c.close()
		return
	}
	c.at(time.Time{})
	used := c.request.Size + int(c.request.ContentLength)
	if left := copy(c.buffer, c.buffer[used:]); left > 0 || cap(c.buffer) <= 4*bufferSize {
		c.buffer = c.buffer[:left]
	} else {
		c.buffer = nil // a large one is not kept for requests that may not come
	}
	c.phase, c.since = reading, c.passing.began
}

// closeIdle closes the connection once no request is under way. What has come already is answered.
func (c *client) closeIdle() {
	c.read()
	if c.phase == reading && len(c.buffer) == 0 {
		c.close()
	} else if c.phase == reading {
		c.goOver()
	}
}

// cutOff ends it now.
func (c *client) cutOff() {
	if c.phase == answering {
		c.passing.gone()
	}
	c.close()
}

// close ends the connection, and whatever is under way on it.
func (c *client) close() {
	if c.phase == closed {
		return
	}
	c.leave()
	_ = c.socket.Close()
}

// goOver gives the connection to net/http.
func (c *client) goOver() {
	read := append([]byte(nil), c.buffer...)
	c.leave()
	connection, err := c.socket.Attach()
	if err != nil {
		c.lane.collector.options.Logger.Warn("a connection could not go over", "error", err.Error())
		return
	}
	go c.lane.front.giveOver(connection, read)
}

// leave takes the connection out of the lane.
func (c *client) leave() {
	c.at(time.Time{})
	c.phase = closed
	c.passing.abandon()
	c.lane.takeBack(c.buffer)
	c.buffer = nil
	c.lane.remove(c)
}
