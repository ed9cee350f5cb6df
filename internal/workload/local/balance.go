package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// backend is one replica as the gateway sees it.
type backend struct {
	name     string
	address  string // host:port of its entry
	inFlight atomic.Int64
}

func (b *backend) end() { b.inFlight.Add(-1) }

// route is one service as the gateway sees it.
type route struct {
	backends []*backend // ready ones
	wanted   int64
	version  int64
	message  string // what stands in the way
	next     int
}

// routes are all services. A replica that was taken out of its route gets no further request: choosing and counting are
// one step, so once its count is zero it stays zero.
type routes struct {
	mu  sync.Mutex
	all map[string]*route
}

func newRoutes() *routes { return &routes{all: map[string]*route{}} }

// set replaces what is known of a service.
func (r *routes) set(service string, backends []*backend, wanted, version int64, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.all[service]
	if !ok {
		known = &route{}
		r.all[service] = known
	}
	known.backends, known.wanted, known.version, known.message = backends, wanted, version, message
}

// keep forgets all services but those named.
func (r *routes) keep(services map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.all {
		if !services[name] {
			delete(r.all, name)
		}
	}
}

// pick chooses the next ready replica, leaving out those tried, and counts the request as under way there. Where there is
// none, reason says why.
func (r *routes) pick(service string, tried []*backend) (chosen *backend, declared bool, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.all[service]
	if !ok {
		return nil, false, ""
	}
	for range known.backends {
		known.next = (known.next + 1) % len(known.backends)
		candidate := known.backends[known.next]
		if !slices.Contains(tried, candidate) {
			candidate.inFlight.Add(1)
			return candidate, true, ""
		}
	}
	reason = fmt.Sprintf("0 of %d replicas are ready", known.wanted)
	if known.message != "" {
		reason += ": " + known.message
	}
	return nil, true, reason
}

// serviceLine is one line of the gateway's own page.
type serviceLine struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Ready   int    `json:"ready"`
	Wanted  int64  `json:"wanted"`
	Version int64  `json:"version,omitempty"`
	Message string `json:"message,omitempty"`
}

func (r *routes) list(port int) []serviceLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := []serviceLine{}
	for name, known := range r.all {
		lines = append(lines, serviceLine{
			Name: name, URL: fmt.Sprintf("http://127.0.0.1:%d/%s/", port, name),
			Ready: len(known.backends), Wanted: known.wanted, Version: known.version, Message: known.message,
		})
	}
	slices.SortFunc(lines, func(a, b serviceLine) int { return cmp.Compare(a.Name, b.Name) })
	return lines
}

// choice is where a request goes; it changes when a replica refuses the connection.
type choice struct {
	service string
	backend *backend
}

type choiceKey struct{}

func chosen(ctx context.Context) *choice {
	found, _ := ctx.Value(choiceKey{}).(*choice)
	return found
}

// balancer sends a request to the replica that was chosen, and to another when that one cannot be connected to: nothing
// has been sent then, so nothing can happen twice.
type balancer struct {
	routes    *routes
	transport http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b balancer) RoundTrip(request *http.Request) (*http.Response, error) {
	choice := chosen(request.Context())
	var tried []*backend
	for {
		attempt, err := attemptAt(request, choice.backend.address)
		if err != nil {
			return nil, err
		}
		response, err := b.transport.RoundTrip(attempt)
		if err == nil || !unconnected(err) || request.Context().Err() != nil {
			return response, err
		}
		tried = append(tried, choice.backend)
		other, _, _ := b.routes.pick(choice.service, tried)
		if other == nil {
			return nil, err
		}
		choice.backend.end()
		choice.backend = other
	}
}

// attemptAt is the request for one replica. Its body is not closed with the attempt: another may need it.
func attemptAt(request *http.Request, address string) (*http.Request, error) {
	attempt := request.WithContext(request.Context())
	url := *request.URL
	url.Host = address
	attempt.URL = &url
	switch {
	case request.GetBody != nil:
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		attempt.Body = body
	case request.Body != nil:
		attempt.Body = io.NopCloser(request.Body)
	}
	return attempt, nil
}

// unconnected says that a request failed before there was a connection to send it on.
func unconnected(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}
