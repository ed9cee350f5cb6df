// Package ingestion is the endpoint of Application Insights that takes telemetry (track API, version 2.1), as a fake for
// tests. It checks every item strictly against the documented shape and limits, and refuses items on demand; whatever befalls
// whole requests is package badnetwork's. It must not know who sends, nor why.
package ingestion

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Key is the instrumentation key of the component.
const Key = "00000000-0000-0000-0000-00000000feed"

// Item is one item that was taken.
type Item struct {
	Kind       string // "Metric" or "Event"
	Name       string
	Time       string
	Value      float64 // of a metric
	Properties map[string]string
	Tags       map[string]string
}

// Server is a running endpoint.
type Server struct {
	URL string
	// Item answers for one item by its number over all requests, from 1, with a status; 200 takes it. nil takes all.
	Item func(number int) int
	// Tokens are those that are taken; nil: none is needed.
	Tokens []string
	// RedirectTo answers 308 in place of taking, "" takes.
	RedirectTo string
	// RetryAfter is sent with every reply that does not take all.
	RetryAfter string

	t       testing.TB
	mutex   sync.Mutex
	items   []Item
	seen    int
	batches int
	bearer  string
}

// Start runs an endpoint until the test ends. An item that is not as documented fails the test, and is refused with 400.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t}
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	s.URL = listening.URL
	return s
}

// ConnectionString is what the component shows.
func (s *Server) ConnectionString() string {
	return "InstrumentationKey=" + Key + ";IngestionEndpoint=" + s.URL + "/;LiveEndpoint=https://live.example.com/"
}

// Set changes how the endpoint answers, while it runs.
func (s *Server) Set(change func(*Server)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	change(s)
}

// Items are all that were taken, in order.
func (s *Server) Items() []Item {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.items)
}

// Batches is how many requests were judged item by item.
func (s *Server) Batches() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.batches
}

// Bearer is the token of the last request, "" where it had none.
func (s *Server) Bearer() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.bearer
}

type failure struct {
	Index   int    `json:"index"`
	Status  int    `json:"statusCode"`
	Message string `json:"message"`
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.bearer = strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	if s.Tokens != nil && !slices.ContainsFunc(s.Tokens, func(token string) bool { return request.Header.Get("Authorization") == "Bearer "+token }) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.RedirectTo != "" {
		w.Header().Set("Location", s.RedirectTo)
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	lines, err := read(request)
	if err != nil {
		s.t.Errorf("ingestion: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.batches++
	failures := []failure{}
	for index, line := range lines {
		s.seen++
		item, err := check(line)
		status := http.StatusOK
		if s.Item != nil {
			status = s.Item(s.seen)
		}
		switch {
		case err != nil:
			s.t.Errorf("ingestion: item %d: %v: %s", index, err, line)
			failures = append(failures, failure{index, http.StatusBadRequest, err.Error()})
		case status != http.StatusOK:
			failures = append(failures, failure{index, status, "as told"})
		default:
			s.items = append(s.items, item)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if len(failures) > 0 {
		w.Header().Set("Retry-After", s.RetryAfter)
		w.WriteHeader(http.StatusPartialContent)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"itemsReceived": len(lines), "itemsAccepted": len(lines) - len(failures), "errors": failures})
}

// read unpacks a request.
func read(request *http.Request) ([][]byte, error) {
	if request.Method != http.MethodPost || request.URL.Path != "/v2.1/track" {
		return nil, fmt.Errorf("%s %s: want POST /v2.1/track", request.Method, request.URL.Path)
	}
	if kind, packed := request.Header.Get("Content-Type"), request.Header.Get("Content-Encoding"); kind != "application/x-json-stream" || packed != "gzip" {
		return nil, fmt.Errorf("content type %q, encoding %q", kind, packed)
	}
	unpacked, err := gzip.NewReader(request.Body)
	if err != nil {
		return nil, err
	}
	var lines [][]byte
	scanner := bufio.NewScanner(unpacked)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, slices.Clone(scanner.Bytes()))
	}
	if len(lines) == 0 || len(lines) > 64_000 {
		return nil, fmt.Errorf("%d items in a batch", len(lines))
	}
	return lines, scanner.Err()
}
