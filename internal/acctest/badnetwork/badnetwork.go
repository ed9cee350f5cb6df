// Package badnetwork is a way to a server that misbehaves on demand, for tests: it refuses, throttles, hangs, loses the reply
// of what was done, or breaks in the middle of a body. It must not know who calls, nor what.
package badnetwork

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
)

// Fault is what happens to one request; the zero value is none.
type Fault struct {
	// Status answers in place of the server, with Headers; the request is not sent.
	Status  int
	Headers map[string]string
	Body    string
	// Refuse breaks the connection before the request is sent.
	Refuse bool
	// Lose sends the request and breaks the connection before the reply.
	Lose bool
	// Hang answers nothing until the request is given up; with Lose after it was sent.
	Hang bool
	// BreakBody ends the reply's body with a reset after that many bytes.
	BreakBody int64
}

// Transport sends requests on, with a fault where Choose says so. It is a http.RoundTripper and an azcore policy.Transporter.
type Transport struct {
	Next interface {
		Do(*http.Request) (*http.Response, error)
	}
	// Choose is asked before each request, with its number from 1; nil is no fault. It is never called twice at once.
	Choose func(number int, request *http.Request) Fault

	mutex    sync.Mutex
	requests []string
}

// Requests are the method and path of all requests so far, also of those that were not sent.
func (t *Transport) Requests() []string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return append([]string(nil), t.requests...)
}

// Forget begins the numbers and the list of requests anew.
func (t *Transport) Forget() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.requests = nil
}

func (t *Transport) choose(request *http.Request) Fault {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.requests = append(t.requests, request.Method+" "+request.URL.RequestURI())
	if t.Choose == nil {
		return Fault{}
	}
	return t.Choose(len(t.requests), request)
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) { return t.Do(request) }

// Do implements policy.Transporter.
func (t *Transport) Do(request *http.Request) (*http.Response, error) {
	fault := t.choose(request)
	switch {
	case fault.Refuse:
		return nil, fmt.Errorf("dial %s: %w", request.URL.Host, syscall.ECONNREFUSED)
	case fault.Hang && !fault.Lose:
		<-request.Context().Done()
		return nil, request.Context().Err()
	case fault.Status != 0:
		return answer(request, fault), nil
	}
	response, err := t.Next.Do(request)
	if err != nil {
		return nil, err
	}
	if fault.Lose {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if fault.Hang {
			<-request.Context().Done()
			return nil, request.Context().Err()
		}
		return nil, fmt.Errorf("read %s: %w", request.URL.Host, syscall.ECONNRESET)
	}
	if fault.BreakBody > 0 {
		response.Body = &breaking{ReadCloser: response.Body, left: fault.BreakBody}
	}
	return response, nil
}

func answer(request *http.Request, fault Fault) *http.Response {
	response := &http.Response{
		StatusCode: fault.Status, Status: fmt.Sprintf("%d %s", fault.Status, http.StatusText(fault.Status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(fault.Body)), ContentLength: int64(len(fault.Body)), Request: request,
	}
	for name, value := range fault.Headers {
		response.Header.Set(name, value)
	}
	return response
}

// breaking is a body whose connection is reset.
type breaking struct {
	io.ReadCloser
	left int64
}

// reset is what net/http says of a body whose connection was reset: it is a net.Error.
type reset struct{ error }

func (reset) Timeout() bool   { return false }
func (reset) Temporary() bool { return true }

var errReset = errors.New("connection reset by peer in the middle of a body")

func (b *breaking) Read(buffer []byte) (int, error) {
	if b.left <= 0 {
		return 0, reset{errReset}
	}
	n, err := b.ReadCloser.Read(buffer[:min(int64(len(buffer)), b.left)])
	b.left -= int64(n)
	return n, err
}
