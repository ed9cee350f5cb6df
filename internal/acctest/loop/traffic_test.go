//go:build linux

package loop

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// score sends one scoring request to the stable address and returns the answer's status, 0 where there is none.
func (s *scene) score(body string) (status int, answer string) {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(fmt.Sprintf("http://127.0.0.1:%d/%s/score", s.port, modelName), "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(content)
}

// rowsOfOne is a request that every version answers.
const rowsOfOne = `{"data": [{"at": "2001-06-01T00:00:00Z", "x": 0.7}]}`

// awaitAnswer waits until the service answers at its stable address.
func (s *scene) awaitAnswer() {
	s.t.Helper()
	s.await("an answer", func() (bool, string) {
		status, answer := s.score(rowsOfOne)
		return status == http.StatusOK, fmt.Sprintf("%d %s", status, answer)
	})
}

// traffic is steady scoring.
type traffic struct {
	answered, failed atomic.Int64
	last             atomic.Value // how one failed, as text
	stop             func()
}

// senders is how many requests of a traffic can be under way at once.
const senders = 4

// startTraffic scores until it is stopped, at the latest by the end of the test.
func (s *scene) startTraffic() *traffic {
	t, done := &traffic{}, make(chan struct{})
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
				if status, answer := s.score(rowsOfOne); status == http.StatusOK {
					t.answered.Add(1)
				} else {
					t.failed.Add(1)
					t.last.Store(fmt.Sprintf("%d %s", status, answer))
				}
			}
		})
	}
	t.stop = sync.OnceFunc(func() {
		close(done)
		sending.Wait()
	})
	s.t.Cleanup(t.stop)
	return t
}

// awaitMore waits until so many further requests were answered.
func (s *scene) awaitMore(t *traffic, requests int64) {
	s.t.Helper()
	until := t.answered.Load() + requests
	s.await("more answers", func() (bool, string) {
		return t.answered.Load() >= until, fmt.Sprintf("%d answered, %d failed, %v", t.answered.Load(), t.failed.Load(), t.last.Load())
	})
}
