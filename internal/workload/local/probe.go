package local

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	startupProbeInterval = 100 * time.Millisecond
	probeInterval        = time.Second
	probeTimeout         = 5 * time.Second
	livenessFailures     = 3 // in a row
)

// health is what probes have found of one replica.
type health struct {
	mu       sync.Mutex
	ready    bool
	failures int
	reason   string // of the last failure
	stop     context.CancelFunc
}

// state is whether the replica is ready, whether it is dead (ready once, and failing since), and why it is not ready.
func (h *health) state() (ready, dead bool, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ready, h.failures >= livenessFailures, h.reason
}

// startProbing probes a replica until its process is known to have ended; changed is called whenever the verdict changes.
func startProbing(url string, changed func()) *health {
	ctx, cancel := context.WithCancel(context.Background())
	h := &health{stop: cancel, reason: "not probed yet"}
	if url == "" { // there is nothing to ask: it is ready once it runs
		h.ready = true
		return h
	}
	go h.probe(ctx, url, changed)
	return h
}

func (h *health) probe(ctx context.Context, url string, changed func()) {
	// A connection for each probe: a kept one would say that the server lives when it takes no new ones.
	client := &http.Client{Timeout: probeTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		err := get(ctx, client, url)
		if ctx.Err() != nil {
			return
		}
		wait := h.learn(err, changed)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// learn takes in the outcome of one probe and says how long to wait for the next.
func (h *health) learn(err error, changed func()) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		if !h.ready {
			h.ready = true
			defer changed()
		}
		h.failures, h.reason = 0, ""
	case h.ready:
		h.reason = err.Error()
		if h.failures++; h.failures == livenessFailures {
			defer changed()
		}
	default:
		h.reason = err.Error()
		return startupProbeInterval
	}
	return probeInterval
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
