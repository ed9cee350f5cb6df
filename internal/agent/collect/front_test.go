package collect

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

// over is a header with which a request is not plain: net/http forwards it.
const over = "TE"

// Whichever way a request takes, model and client see the same, and the record says the same.
func TestBothWaysAreTheSame(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"small": score,
		"chunks": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Trailer", "X-Sum")
			for _, part := range []string{`[0.25`, `,0.5]`} {
				_, _ = io.WriteString(w, part)
				_ = http.NewResponseController(w).Flush()
			}
			w.Header().Set("X-Sum", "9")
		},
		"large": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "3000001")
			_, _ = io.WriteString(w, "["+strings.Repeat("0,", 1500000))
		},
		"large chunks": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "["+strings.Repeat("1,", 100000)+"1]")
		},
		"nothing": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusNoContent)
		},
		"an error": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Error(w, "no", http.StatusTeapot)
		},
		"compressed": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(gzipped(`[0.5]`))
		},
		"the end of the connection": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(connection, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n[0.5,0.75]")
				connection.Close()
			}
		},
	}
	for name, model := range answers {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, model, nil)
			var seen []string
			for _, headers := range [][]string{{"X-Request-Id", "c-1"}, {"X-Request-Id", "c-1", over, "trailers"}} {
				for range 2 { // the second on a connection that was used
					response, body := s.post("/score?q=1", oneRow, headers...)
					response.Header.Del("Date")
					seen = append(seen, fmt.Sprint(response.StatusCode, response.ContentLength, response.Header, response.Trailer, len(body), body[:min(len(body), 40)]))
				}
			}
			records := s.records()
			for i := range seen {
				r := records[i]
				got := fmt.Sprint(seen[i], r.Status, r.Complete, r.Error, string(r.Data), string(r.Response[:min(len(r.Response), 40)]), r.Body, r.ResponseBody, r.RequestBytes, r.ResponseBytes, r.CorrelationID, r.Path)
				want := fmt.Sprint(seen[0], records[0].Status, records[0].Complete, records[0].Error, string(records[0].Data), string(records[0].Response[:min(len(records[0].Response), 40)]), records[0].Body, records[0].ResponseBody, records[0].RequestBytes, records[0].ResponseBytes, records[0].CorrelationID, records[0].Path)
				if got != want {
					t.Errorf("request %d:\n%s\nwant\n%s", i, got, want)
				}
			}
			if used := s.collector.budget.used.Load(); used != 0 || len(records) != 4 {
				t.Errorf("%d bytes of the budget are not given back, %d records", used, len(records))
			}
		})
	}
}

// raw sends bytes as they are and reads what comes back until the connection ends, or nothing comes for a while.
func raw(t *testing.T, url, message string) string {
	t.Helper()
	conn, _ := dial(t, url)
	_, _ = io.WriteString(conn, message)
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// No message carries a second one past the collector: whatever is ambiguous is refused, or read by the model as it was read
// here.
func TestSmuggling(t *testing.T) {
	var mutex sync.Mutex
	seen := map[string][]string{} // by the number of the case, with which each path ends
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it was no whole message: the model has not taken it
		}
		mutex.Lock()
		_, number, _ := strings.Cut(r.URL.Path, "-")
		seen[number] = append(seen[number], r.Method+" "+r.URL.Path+" "+string(body))
		mutex.Unlock()
		_, _ = io.WriteString(w, `[0.5]`)
	}, nil)
	number := 0 // of one digit
	const smuggled = "GET /admin HTTP/1.1\r\nHost: m\r\n\r\n"
	for name, message := range map[string]string{
		"both lengths":          "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"both, the other way":   "POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\nContent-Length: " + strconv.Itoa(5+len(smuggled)+2) + "\r\n\r\n0\r\n\r\n" + smuggled,
		"two lengths":           "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 3\r\nContent-Length: " + strconv.Itoa(3+len(smuggled)+2) + "\r\n\r\n[1]" + smuggled,
		"a list of lengths":     "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 3, 3\r\n\r\n[1]" + smuggled,
		"a blank before colon":  "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length : 3\r\n\r\n[1]" + smuggled,
		"a signed length":       "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: +3\r\n\r\n[1]" + smuggled,
		"an odd encoding":       "POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\n[1]" + smuggled,
		"an encoding twice":     "POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + smuggled,
		"a folded header":       "POST /score HTTP/1.1\r\nHost: m\r\nX: y\r\n Content-Length: 3\r\n\r\n[1]" + smuggled,
		"a bare line feed":      "POST /score HTTP/1.1\r\nHost: m\r\nX: y\nContent-Length: 3\r\n\r\n[1]",
		"a bare return":         "POST /score HTTP/1.1\r\nHost: m\r\nX: y\rContent-Length: 3\r\n\r\n[1]",
		"broken chunks":         "POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n3x\r\n[1]\r\n0\r\n\r\n" + smuggled,
		"a chunk of no measure": "POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n[1]\r\n0\r\n\r\n" + smuggled,
		"no host":               "POST /score HTTP/1.1\r\nContent-Length: 3\r\n\r\n[1]",
		"nonsense":              "\x16\x03\x01\x02\x00\x01\x00",
	} {
		number++
		own := strconv.FormatInt(int64(number), 36)
		answer := raw(t, s.url, strings.NewReplacer("/score", "/score-"+own, "/admin", "/admin-"+own).Replace(message))
		mutex.Lock()
		passed := strings.Join(seen[own], "; ")
		mutex.Unlock()
		// What follows a message that could be read in one way only is a request of its own, and answered as one.
		if strings.Contains(passed, "/admin") && strings.Count(answer, "HTTP/1.1 200") != 2 {
			t.Errorf("%s: the model saw %q, the client %q", name, passed, answer)
		}
		if strings.Count(answer, "HTTP/1.1 200") != strings.Count(passed, "/") {
			t.Errorf("%s: the model saw %q, the client %q", name, passed, answer)
		}
	}
	s.post("/score", oneRow) // and the collector is well
}

// Requests that were sent at once are answered one after another.
func TestPipelining(t *testing.T) {
	s := newStage(t, score, nil)
	one := fmt.Sprintf("POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow)
	if answer := raw(t, s.url, strings.Repeat(one, 5)); strings.Count(answer, "HTTP/1.1 200") != 5 {
		t.Errorf("answered %q", answer)
	}
	if records := s.records(); len(records) != 5 {
		t.Errorf("%d records", len(records))
	}
}

// Headers without end are refused, and their memory is bounded.
func TestHeaderFlood(t *testing.T) {
	s := newStage(t, score, nil)
	for name, flood := range map[string]string{
		"many":     strings.Repeat("X-Flood: y\r\n", 100_000),
		"long":     "X-Flood: " + strings.Repeat("y", 1<<20) + "\r\n",
		"no colon": strings.Repeat("y", 1<<20),
	} {
		conn, lines := dial(t, s.url)
		go func() { _, _ = io.WriteString(conn, "POST /score HTTP/1.1\r\nHost: m\r\n"+flood) }()
		if line, _ := lines.ReadString('\n'); !strings.Contains(line, "431") && !strings.Contains(line, "400") && line != "" {
			t.Errorf("%s: answered %q", name, line)
		}
		conn.Close()
	}
	s.post("/score", oneRow)
}

// A client that sends byte by byte, or reads byte by byte, has its answer and its record, and holds nobody up.
func TestSlowClients(t *testing.T) {
	s := newStage(t, score, nil)
	conn, lines := dial(t, s.url)
	message := fmt.Sprintf("POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow)
	for i := range len(message) {
		_, _ = io.WriteString(conn, message[i:i+1])
		if i%30 == 0 {
			s.post("/score", oneRow) // meanwhile
		}
	}
	if line := readLineOf(t, lines); line != "HTTP/1.1 200 OK" {
		t.Errorf("answered %q", line)
	}
	if r := s.records(); r[len(r)-1].Rows != 1 {
		t.Errorf("%+v", r)
	}
}

// A client that leaves while its body is on the way leaves a record or none, and no harm.
func TestClientLeavesInTheMiddleOfItsRequest(t *testing.T) {
	s := newStage(t, score, nil)
	for _, part := range []string{"PO", "POST /score HTTP/1.1\r\nHost", "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 100\r\n\r\n[[1,2"} {
		conn, _ := dial(t, s.url)
		_, _ = io.WriteString(conn, part)
		conn.Close()
	}
	s.post("/score", oneRow)
	for _, r := range s.records() {
		if r.Complete && r.Rows != 1 {
			t.Errorf("%+v", r)
		}
	}
}

// A WebSocket passes through in both directions, and is counted.
func TestWebSocketPasses(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			t.Errorf("the model saw %v", r.Header)
		}
		connection, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(connection, io.LimitReader(buffered, 5))
	}, nil)
	conn, lines := dial(t, s.url)
	_, _ = io.WriteString(conn, "GET /score HTTP/1.1\r\nHost: m\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	for line := readLineOf(t, lines); line != ""; line = readLineOf(t, lines) {
		continue
	}
	_, _ = io.WriteString(conn, "hello")
	echo := make([]byte, 5)
	if _, err := io.ReadFull(lines, echo); err != nil || string(echo) != "hello" {
		t.Errorf("came back %q, %v", echo, err)
	}
	conn.Close()
	if got := s.counted("skipped_total", skipUpgrade); got != 1 || len(s.records()) != 0 {
		t.Errorf("%v were counted", got)
	}
}

// HTTP/2 without TLS, as gRPC speaks it, passes with its streams and trailers, and is counted.
func TestHTTP2Passes(t *testing.T) {
	model := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_ = http.NewResponseController(w).Flush()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() { // a stream in both directions
			_, _ = fmt.Fprintf(w, "%s %s\n", r.Proto, lines.Text())
			_ = http.NewResponseController(w).Flush()
		}
		w.Header().Set("Grpc-Status", "0")
	}))
	model.Config.Protocols = new(http.Protocols)
	model.Config.Protocols.SetUnencryptedHTTP2(true)
	model.Start()
	t.Cleanup(model.Close)
	s := newStage(t, score, func(o *Options) { o.Target = model.URL })
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	reader, writer := io.Pipe()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/score", reader)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answers := bufio.NewScanner(response.Body)
	for _, word := range []string{"one", "two"} {
		_, _ = fmt.Fprintln(writer, word)
		if !answers.Scan() || answers.Text() != "HTTP/2.0 "+word {
			t.Fatalf("came back %q, %v", answers.Text(), answers.Err())
		}
	}
	writer.Close()
	if answers.Scan() || response.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("the end is %q, trailers %v", answers.Text(), response.Trailer)
	}
	if got := s.counted("skipped_total", skipHTTP2); got != 1 {
		t.Errorf("%v were counted", got)
	}
}

// A model that closes connections that were used costs no request.
func TestModelClosesUsedConnections(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(score))
	t.Cleanup(server.Close)
	s := newStage(t, score, func(o *Options) { o.Target = server.URL })
	for range 5 {
		if response, _ := s.post("/score", oneRow); response.StatusCode != http.StatusOK {
			t.Errorf("answered %s", response.Status)
		}
		server.CloseClientConnections()
		time.Sleep(2 * trusted) // what is younger is not looked at
	}
}

// Whatever comes on a connection, the collector goes on.
func FuzzConnection(f *testing.F) {
	f.Add(fmt.Appendf(nil, "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: m\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	f.Add([]byte("POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[[1]]\r\n0\r\n\r\n"))
	model := httptest.NewServer(http.HandlerFunc(score))
	f.Cleanup(model.Close)
	collector := start(f, memstore.New(), Options{Deployment: "delay", Target: model.URL, WAL: f.TempDir(), SamplingPercentage: 100})
	f.Fuzz(func(t *testing.T, message []byte) {
		if bytes.Contains(message, []byte("/-/mlops")) {
			return
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(collector.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write(message)
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
		if response, err := http.Post(collector.url+"/score", "", strings.NewReader(oneRow)); err != nil || response.StatusCode != http.StatusOK { //nolint:noctx // a test
			t.Fatalf("afterwards: %v", err)
		} else {
			response.Body.Close()
		}
	})
}
