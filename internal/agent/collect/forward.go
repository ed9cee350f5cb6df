package collect

import (
	"context"
	"errors"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/http1"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/sockets"
)

// plain says whether a request may be forwarded in a lane: what is the collector's own is not.
func (c *Collector) plain(r *http1.Request) bool {
	own := len(r.Path) >= len(ownPaths) && string(r.Path[:len(ownPaths)]) == ownPaths
	return !own && c.ready.Load() && (c.options.FeedbackPath == "" || string(r.Path) != c.options.FeedbackPath)
}

// passing is one request on its way to the model and back. It goes on whenever one of its two sockets can.
type passing struct {
	client   *client
	began    time.Time
	admitted admitted // of one for scoring
	scoring  bool
	request  half
	reserved int64              // of the budget of captures
	leave    context.CancelFunc // ends what waits elsewhere on its behalf
	model    *model             // nil until there is a connection
	lent     []byte             // of which toModel is the rest that the model has not taken yet
	toModel  []byte
	answer   answer
	out      []byte // for the client
	sent     int    // of out
	safe     int    // how much of out may go
	started  bool   // something of the answer has gone
	ended    bool   // out ends with the end of the answer
	finished bool   // its record was made
}

// begin passes a request on.
func (p *passing) begin() {
	c := p.client
	collector, r := c.lane.collector, &c.request
	*p = passing{client: c, began: time.Now(), answer: answer{head: p.answer.head}}
	collector.metrics.requests.Inc()
	if p.scoring = scoring(collector.options.ScorePath, r.Method, r.Path); p.scoring {
		p.admit()
	} else {
		collector.skipped.notScoring.Inc()
	}
	if c.socket.Ended() {
		p.lookAt(p.began.Add(unwatched))
	}
	if one := c.lane.models.take(); one != nil {
		p.carry(one)
		return
	}
	ctx, leave := context.WithCancel(context.Background())
	p.leave = leave
	c.lane.models.dial(ctx, func(one *model, err error) {
		leave()
		switch {
		case c.phase == closed && err == nil:
			c.lane.models.put(one)
		case c.phase == closed:
		default:
			c.guard(func() {
				if err != nil {
					p.refuse(err)
					p.advance()
				} else {
					p.carry(one)
				}
				c.read()
			})
		}
	})
}

// admit decides what is kept of the request. Its body stays where it was read.
func (p *passing) admit() {
	c, r := p.client, &p.client.request
	id := givenCorrelationID(func(name string) string { return string(r.Get(name)) })
	if id == "" {
		id = c.lane.random.next()
	}
	path := c.lane.collector.options.ScorePath
	if path == "" {
		path = string(r.Path)
	}
	if p.admitted = c.lane.collector.admit(id, path); p.admitted.recorded {
		p.request = p.hold(c.buffer[r.Size:r.Size+int(r.ContentLength)], string(r.Get("content-encoding")))
	}
}

// carry begins with a connection to the model.
func (p *passing) carry(one *model) {
	p.model, one.passing = one, p
	p.lent = p.head(p.client.lane.lend())
	p.toModel = p.lent
	p.advance()
}

// advance goes on as far as it can without waiting.
func (p *passing) advance() {
	for p.client.phase == answering && p.step() {
		continue
	}
}

// step does one thing; false where it has to wait.
func (p *passing) step() bool {
	if p.sent < p.safe && !p.flush() {
		return false
	}
	if p.ended {
		if p.sent == len(p.out) {
			p.over()
		}
		return false
	}
	if p.model == nil {
		return false
	}
	if len(p.toModel) > 0 {
		n, err := p.model.socket.Write(p.toModel)
		p.toModel = p.toModel[n:]
		switch {
		case err == nil, errors.Is(err, sockets.ErrWait):
		case p.answer.headed: // it has heard enough
			p.toModel, p.answer.head.Close = nil, true
		default:
			p.refuse(err)
			return true
		}
		if len(p.toModel) == 0 {
			p.client.lane.takeBack(p.lent)
			p.lent, p.toModel = nil, nil
		}
	}
	return p.receive()
}

// flush sends what may go; false where the client takes no more now, or nothing ever.
func (p *passing) flush() bool {
	n, err := p.client.socket.Write(p.out[p.sent:p.safe])
	p.sent += n
	p.started = p.started || n > 0
	switch {
	case errors.Is(err, sockets.ErrWait):
		return false
	case err != nil:
		p.gone()
		return false
	}
	if p.sent == len(p.out) && !p.ended {
		p.out, p.sent, p.safe = p.out[:0], 0, 0
	}
	return true
}

// clientReady is called when something happens on the client's side: it takes more, or it leaves.
func (p *passing) clientReady() {
	socket := p.client.socket
	switch {
	case socket.Broken():
		p.gone()
		return
	case socket.Ended():
		p.lookAt(p.began.Add(unwatched))
	}
	p.advance()
}

// lookAt has late called then, or before.
func (p *passing) lookAt(then time.Time) {
	if due := p.client.due; due.IsZero() || then.Before(due) {
		p.client.at(then)
	}
}

// late is called when the answer takes its time: the client may have left, and what waits for more goes out.
func (p *passing) late(now time.Time) {
	if p.client.socket.Ended() {
		if now.Sub(p.began) >= unwatched {
			p.gone()
			return
		}
		p.lookAt(p.began.Add(unwatched))
	}
	if !p.ended {
		p.letGo()
	}
	p.advance()
}
