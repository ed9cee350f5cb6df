package collect

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

func TestModelGone(t *testing.T) {
	s := newStage(t, score, func(o *Options) { o.Target = "http://" + unusedAddress(t) })
	response, body := s.post("/score", oneRow)
	if response.StatusCode != http.StatusBadGateway || response.Header.Get("Content-Type") != "application/json" || !strings.Contains(body, `"code":"model_unavailable"`) ||
		response.Header.Get(CorrelationHeader) == "" {
		t.Errorf("the client saw %d %v %s", response.StatusCode, response.Header, body)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/healthz", nil)
	if response, _ := s.do(request); response.StatusCode != http.StatusBadGateway {
		t.Errorf("another path answers %d", response.StatusCode)
	}
	if r := s.one(); r.Status != 502 || r.Complete || !r.Failed() || !strings.Contains(r.Error, "refused the connection") {
		t.Errorf("the record says %+v", r)
	}
}

// A model that answers nonsense, or dies in the middle, leaves a record, and no byte of what it sent is in our words.
func TestModelBreaksOff(t *testing.T) {
	for name, behaviour := range map[string]struct {
		sends  string
		status int
		error  string
	}{
		"before its answer":         {"", 502, "closed the connection"},
		"with nonsense":             {"SECRET nonsense\r\n\r\n", 502, "no valid HTTP answer"},
		"in the middle of its body": {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[0.5", 200, errorModelBroke},
		"in the middle of a chunk":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[0.", 200, errorModelBroke},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, score, func(o *Options) { o.Target = "http://" + rawModel(t, behaviour.sends) })
			conn, lines := dial(t, s.url)
			fmt.Fprintf(conn, "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow)
			// Where the model broke off in the middle, so does the client's answer, with or without its beginning.
			if line, err := lines.ReadString('\n'); err == nil && !strings.Contains(line, strconv.Itoa(behaviour.status)) || err != nil && behaviour.status == 502 {
				t.Errorf("the answer is %q, %v", line, err)
			}
			await(t, "a record", func() bool { return s.counted("records_total", "") == 1 })
			r := s.one()
			if r.Status != behaviour.status || r.Complete || !strings.Contains(r.Error, behaviour.error) || strings.Contains(r.Error, "SECRET") || r.Response != nil || r.Rows == 0 {
				t.Errorf("the record says %+v", r)
			}
		})
	}
}

// A client that leaves a slow model leaves a record.
func TestClientGoneBeforeTheAnswer(t *testing.T) {
	arrived := make(chan struct{})
	s := newStage(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done() // it ends when nobody waits any more
	}, nil)
	conn, _ := dial(t, s.url)
	fmt.Fprintf(conn, "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow)
	<-arrived
	conn.Close()
	await(t, "a record", func() bool { return s.counted("records_total", "") == 1 })
	if r := s.one(); r.Status != record.StatusClientGone || r.Complete || r.Error != errorClientGone || r.Rows != 1 {
		t.Errorf("the record says %+v", r)
	}
}

func TestClientGoneInTheMiddle(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `[0.5,`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, nil)
	conn, lines := dial(t, s.url)
	fmt.Fprintf(conn, "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow)
	for line := readLineOf(t, lines); !strings.HasPrefix(line, "[0.5"); {
		line = readLineOf(t, lines)
	}
	conn.Close()
	await(t, "a record", func() bool { return s.counted("records_total", "") == 1 })
	if r := s.one(); r.Status != 200 || r.Complete || r.Error != errorClientGone || r.Response != nil || r.ResponseBytes == 0 {
		t.Errorf("the record says %+v", r)
	}
}

// A request that breaks off is the client's fault, and half a body is not stored.
func TestRequestBreaksOff(t *testing.T) {
	s := newStage(t, score, nil)
	conn, lines := dial(t, s.url)
	_, _ = io.WriteString(conn, "POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[[1,2\r\nnonsense\r\n")
	if line := readLineOf(t, lines); !strings.Contains(line, "400") {
		t.Errorf("the answer is %q", line)
	}
	if r := s.one(); r.Status != 400 || r.Complete || r.Data != nil || r.Body != record.NotCaptured+string(record.ReasonIncomplete) {
		t.Errorf("the record says %+v", r)
	}
}

// What is in flight when the collector is told to stop is finished and recorded.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	arrived, goOn := make(chan struct{}), make(chan struct{})
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-goOn
		_, _ = io.WriteString(w, `[0.5]`)
	}, nil)
	answer := make(chan string, 1)
	go func() {
		_, body := s.post("/score", oneRow)
		answer <- body
	}()
	<-arrived
	ended := make(chan struct{})
	go func() { s.stop(); close(ended) }()
	await(t, "the end of listening", func() bool {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.url, "http://"), time.Second)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	close(goOn)
	if body := <-answer; body != `[0.5]` {
		t.Errorf("the answer is %q", body)
	}
	<-ended
	if r := s.one(); !r.Complete {
		t.Errorf("the record says %+v", r)
	}
}

// A request that outlasts the grace period is cut off, and recorded as that.
func TestStopCutsOffAtTheEndOfTheGracePeriod(t *testing.T) {
	arrived := make(chan struct{})
	s := newStage(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
	}, func(o *Options) { o.Grace = 100 * time.Millisecond })
	go func() {
		if response, err := http.Post(s.url+"/score", "", strings.NewReader(oneRow)); err == nil { //nolint:noctx // a test
			response.Body.Close()
		}
	}()
	<-arrived
	s.stop()
	if s.counted("records_total", "") != 1 {
		t.Error("the request that was cut off left no record")
	}
}

// A connection that was opened to spare does not hold up a stop.
func TestStopDoesNotWaitForUnusedConnections(t *testing.T) {
	s := newStage(t, score, func(o *Options) { o.Grace = time.Hour })
	dial(t, s.url)
	s.post("/score", oneRow) // it was opened later, so the first was accepted
	if records := s.records(); len(records) != 1 {
		t.Errorf("there are %d records", len(records))
	}
}
