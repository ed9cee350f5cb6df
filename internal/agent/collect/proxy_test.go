package collect

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

const oneRow = `{"data":[{"distance":502,"origin":"TXL"}]}`

func TestRequestAndAnswerStandInOneRecord(t *testing.T) {
	s := newStage(t, score, nil)
	response, body := s.post("/score?debug=1", oneRow, "Content-Type", "application/json", "X-Request-Id", "c-7")
	if response.StatusCode != http.StatusOK || body != `{"predictions":[{"probability":0.5}]}` || response.Header.Get(CorrelationHeader) != "c-7" {
		t.Errorf("the answer is %d %q %v", response.StatusCode, body, response.Header)
	}
	r := s.one()
	if string(r.Data) != `[{"distance":502,"origin":"TXL"}]` || string(r.Response) != `[{"probability":0.5}]` || r.Rows != 1 || r.ResponseRows != 1 {
		t.Errorf("rows are %s and %s", r.Data, r.Response)
	}
	if r.Status != 200 || !r.Complete || r.Error != "" || r.Body != "" || r.ResponseBody != "" || r.Failed() {
		t.Errorf("the record says %+v", r)
	}
	if r.CorrelationID != "c-7" || r.Deployment != "delay" || r.Model != "delay" || r.ModelVersion != 3 || r.Instance != "delay-0" || r.Sequence != 1 || r.Path != "/score" {
		t.Errorf("the record says %+v", r)
	}
	if r.RequestBytes != int64(len(oneRow)) || r.ResponseBytes != int64(len(body)) || r.LatencyMS < 0 || r.EventTime != r.Time {
		t.Errorf("the record says %+v", r)
	}
}

// The model sees the request as it was sent, and the client the answer.
func TestHeadersAndStatusPass(t *testing.T) {
	seen := make(chan *http.Request, 1)
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen <- r.Clone(context.Background())
		w.Header().Add("X-Model", "a")
		w.Header().Add("X-Model", "b")
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"detail":"distance 502 is too far"}`)
	}, nil)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/score?a=1;b&c=%zz", strings.NewReader(oneRow))
	request.Host = "model.example.com"
	request.Header.Set("X-Forwarded-For", "192.0.2.1")
	request.Header.Set("X-Forwarded-Proto", "https")
	request.Header.Set("Authorization", "Bearer x")
	request.Header.Set("Connection", "X-Mine")
	request.Header.Set("X-Mine", "1")
	response, body := s.do(request)
	r := <-seen
	if r.Host != "model.example.com" || r.URL.RawQuery != "a=1;b&c=%zz" || r.Header.Get("Authorization") != "Bearer x" || r.Header.Get("X-Forwarded-Proto") != "https" {
		t.Errorf("the model saw %s %s %v", r.Host, r.URL.RawQuery, r.Header)
	}
	if got := r.Header.Get("X-Forwarded-For"); got != "192.0.2.1, 127.0.0.1" {
		t.Errorf("X-Forwarded-For is %q", got)
	}
	if r.Header.Get("X-Mine") != "" || response.Header.Get("X-Hop") != "" {
		t.Error("headers of one hop have passed")
	}
	if id := r.Header.Get(CorrelationHeader); id == "" || id != response.Header.Get(CorrelationHeader) {
		t.Errorf("correlation id: the model saw %q, the client %q", id, response.Header.Get(CorrelationHeader))
	}
	if response.StatusCode != http.StatusUnprocessableEntity || strings.Join(response.Header["X-Model"], "") != "ab" || body != `{"detail":"distance 502 is too far"}` {
		t.Errorf("the client saw %d %v %q", response.StatusCode, response.Header, body)
	}
	if record := s.one(); record.Status != 422 || !record.Failed() || !record.Complete || record.Response != nil || !strings.Contains(record.ResponseBody, "error") {
		t.Errorf("the record says %+v", record)
	}
}

func TestOnlyScoringIsRecorded(t *testing.T) {
	s := newStage(t, score, nil)
	for _, call := range [][2]string{{"GET", "/score"}, {"HEAD", "/score"}, {"POST", "/other"}, {"GET", "/healthz"}, {"PUT", "/score"}} {
		request, _ := http.NewRequestWithContext(t.Context(), call[0], s.url+call[1], nil)
		if response, _ := s.do(request); response.StatusCode != http.StatusOK {
			t.Errorf("%v: %d", call, response.StatusCode)
		}
	}
	if got := s.counted("skipped_total", skipNotScoring); got != 5 {
		t.Errorf("%v requests were passed over, want 5", got)
	}
	if records := s.records(); len(records) != 0 {
		t.Errorf("there are %d records", len(records))
	}
}

func TestWithoutAScorePathEveryPostIsRecorded(t *testing.T) {
	s := newStage(t, score, func(o *Options) { o.ScorePath = "" })
	s.post("/v2/models/m/infer", oneRow)
	if r := s.one(); r.Path != "/v2/models/m/infer" {
		t.Errorf("the path is %q", r.Path)
	}
}

// The parts of a streamed answer arrive as they are sent, with their trailer, and are recorded at the end.
func TestStreamPassesThrough(t *testing.T) {
	step := make(chan struct{})
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum")
		for _, part := range []string{`[0.25`, `,0.5]`} {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
			<-step
		}
		w.Header().Set("X-Sum", "9")
	}, nil)
	response, err := http.Post(s.url+"/score", "application/json", strings.NewReader(oneRow)) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	part := make([]byte, 5)
	if _, err := io.ReadFull(response.Body, part); err != nil || string(part) != `[0.25` {
		t.Fatalf("the first part is %q, %v", part, err)
	}
	if bytes, records := s.collector.log.Backlog(); bytes+records != 0 {
		t.Error("the record was made before the end")
	}
	step <- struct{}{}
	if _, err := io.ReadFull(response.Body, part); err != nil || string(part) != `,0.5]` {
		t.Fatalf("the second part is %q, %v", part, err)
	}
	step <- struct{}{}
	if rest, err := io.ReadAll(response.Body); err != nil || len(rest) != 0 || response.Trailer.Get("X-Sum") != "9" {
		t.Errorf("the end is %q, %v, trailer %v", rest, err, response.Trailer)
	}
	if r := s.one(); string(r.Response) != `[{"prediction":0.25},{"prediction":0.5}]` || !r.Complete {
		t.Errorf("the record says %+v", r)
	}
}

func TestChunkedRequest(t *testing.T) {
	s := newStage(t, score, nil)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/score", io.MultiReader(strings.NewReader(oneRow[:9]), strings.NewReader(oneRow[9:])))
	request.ContentLength = -1
	s.do(request)
	if r := s.one(); r.Rows != 1 {
		t.Errorf("the record says %+v", r)
	}
}

// A large body passes whole; its rows are not captured, and the record says so.
func TestLargeBodies(t *testing.T) {
	const size = 3 << 20
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strings.Repeat("0", size-7)+strconv.FormatInt(n, 10))
	}, nil)
	if _, body := s.post("/score", strings.Repeat(" ", size)); len(body) != size || !strings.HasSuffix(body, strconv.Itoa(size)) {
		t.Errorf("%d bytes came back", len(body))
	}
	r := s.one()
	note := record.NotCaptured + string(record.ReasonTooLarge)
	if r.RequestBytes != size || r.ResponseBytes != size || r.Body != note || r.ResponseBody != note || !r.Complete {
		t.Errorf("the record says %+v", r)
	}
	if used := s.collector.budget.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budget are not given back", used)
	}
}

// Without budget a request is forwarded, and its record says what is missing.
func TestCaptureBudget(t *testing.T) {
	s := newStage(t, score, func(o *Options) { o.CaptureBudget = 2048 })
	s.post("/score", `{"data":[{"x":"`+strings.Repeat("x", 4000)+`"}]}`)
	if r := s.one(); r.Body != record.NotCaptured+string(record.ReasonBudget) || r.Status != 200 || r.ResponseRows != 1 {
		t.Errorf("the record says %+v", r)
	}
	if used := s.collector.budget.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budget are not given back", used)
	}
}

func TestGzipBodiesAreRead(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(gzipped(`[0.5]`))
	}, nil)
	s.post("/score", string(gzipped(oneRow)), "Content-Encoding", "gzip")
	s.post("/score", string(gzipped(strings.Repeat(" ", 2<<20))), "Content-Encoding", "gzip")
	s.post("/score", oneRow, "Content-Encoding", "br")
	s.post("/score", oneRow, "Content-Encoding", "gzip")
	records := s.records()
	if len(records) != 4 || records[0].Rows != 1 || string(records[0].Response) != `[{"prediction":0.5}]` {
		t.Fatalf("the records are %+v", records)
	}
	for i, want := range []record.Reason{"", record.ReasonTooLarge, record.ReasonEncoding, record.ReasonNotJSON} {
		if i > 0 && records[i].Body != record.NotCaptured+string(want) {
			t.Errorf("record %d says %q, want %q", i, records[i].Body, want)
		}
	}
}

// Expect: 100-continue: the model decides before the body is sent.
func TestExpectContinue(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Refuse") != "" {
			http.Error(w, "no", http.StatusExpectationFailed)
			return
		}
		score(w, r)
	}, nil)
	for refuse, want := range map[string][2]string{"": {"HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"}, "X-Refuse: 1\r\n": {"HTTP/1.1 417 Expectation Failed", ""}} {
		conn, lines := dial(t, s.url)
		fmt.Fprintf(conn, "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\nExpect: 100-continue\r\n%s\r\n", len(oneRow), refuse)
		if line := readLineOf(t, lines); line != want[0] {
			t.Fatalf("the first line is %q, want %q", line, want[0])
		}
		if want[1] == "" {
			conn.Close() // else the server waits for the body that it was promised
			continue
		}
		readLineOf(t, lines)
		_, _ = io.WriteString(conn, oneRow)
		if line := readLineOf(t, lines); line != want[1] {
			t.Errorf("the answer is %q", line)
		}
	}
	records := s.records()
	if len(records) != 2 {
		t.Fatalf("there are %d records", len(records))
	}
	for _, r := range records {
		if (r.Status == 417) != (r.Body == record.NotCaptured+string(record.ReasonIncomplete)) || (r.Status == 200) != (r.Rows == 1) {
			t.Errorf("the record says %+v", r)
		}
	}
}

// Another protocol on the same port passes untouched.
func TestUpgradePasses(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(conn, "echo "+line)
	}, nil)
	conn, lines := dial(t, s.url)
	_, _ = io.WriteString(conn, "POST /score HTTP/1.1\r\nHost: m\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	for line := readLineOf(t, lines); line != ""; line = readLineOf(t, lines) {
		if strings.HasPrefix(line, "HTTP/1.1") && !strings.Contains(line, "101") {
			t.Fatalf("the answer is %q", line)
		}
	}
	_, _ = io.WriteString(conn, "hello\n")
	if line := readLineOf(t, lines); line != "echo hello" {
		t.Errorf("the echo is %q", line)
	}
	if records := s.records(); len(records) != 0 || s.counted("skipped_total", skipUpgrade) != 1 {
		t.Errorf("there are %d records, want the upgrade counted", len(records))
	}
}

// The collector's own paths do not reach the model.
func TestOwnPaths(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, ownPaths) {
			t.Errorf("the model was asked for %s", r.URL.Path)
		}
		score(w, r)
	}, nil)
	s.post("/score", oneRow)
	await(t, "shipping", func() bool { return s.counted("shipped_records_total", "") == 1 })
	for path, want := range map[string]string{HealthPath: "ok\n", MetricsPath: "mlops_collect_shipped_records_total 1\n"} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if response, body := s.do(request); response.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d %q", path, response.StatusCode, body)
		}
	}
}

func dial(t *testing.T, url string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn, bufio.NewReader(conn)
}

func readLineOf(t *testing.T, reader *bufio.Reader) string {
	t.Helper()
	line, err := reader.ReadString('\n')
	if err != nil {
		t.Fatalf("read %q: %v", line, err)
	}
	return strings.TrimRight(line, "\r\n")
}

// unusedAddress is one where nobody listens.
func unusedAddress(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	address := server.Listener.Addr().String()
	server.Listener.Close()
	return address
}

// rawModel reads one request and sends some bytes instead of an answer.
func rawModel(t *testing.T, sends string) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	listener := server.Listener
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if request, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				var body bytes.Buffer
				_, _ = body.ReadFrom(request.Body)
				_, _ = io.WriteString(conn, sends)
			}
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

// One client is one connection to the model, however large the answers. (Where the transport reads a request's body after the
// server has closed it, it drops the connection, and with it the rest of an answer.)
func TestConnectionsAreKept(t *testing.T) {
	var connections atomic.Int64
	model := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, strings.Repeat("0", 100000))
	}))
	model.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	model.Start()
	t.Cleanup(model.Close)
	s := newStage(t, score, func(o *Options) { o.Target = model.URL })
	for i := range 200 {
		path := "/score"
		if i%2 == 0 {
			path = "/other"
		}
		if _, body := s.post(path, oneRow); len(body) != 100000 {
			t.Fatalf("%d bytes came back", len(body))
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections to the model, want 1", got)
	}
}

// A model may answer, and be heard, before it has read the request.
func TestModelAnswersEarly(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
	}, nil)
	conn, lines := dial(t, s.url)
	fmt.Fprintf(conn, "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 1000\r\n\r\n[[1,2")
	if line := readLineOf(t, lines); line != "HTTP/1.1 413 Request Entity Too Large" {
		t.Errorf("the answer is %q", line)
	}
	conn.Close()
	await(t, "a record", func() bool { return s.counted("records_total", "") == 1 })
	if r := s.one(); r.Status != 413 || !r.Complete || r.Body != record.NotCaptured+string(record.ReasonIncomplete) {
		t.Errorf("the record says %+v", r)
	}
}

// When a client has read the whole answer, of whatever form, its record is in the log.
func TestRecordComesBeforeTheEndOfTheAnswer(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch form := r.URL.RawQuery; form {
		case "none":
			w.WriteHeader(http.StatusNoContent)
		case "chunked":
			_, _ = io.WriteString(w, `[0.5`)
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, `]`)
		case "large":
			w.Header().Set("Content-Length", "200000")
			_, _ = io.WriteString(w, strings.Repeat("0", 200000))
		default:
			_, _ = io.WriteString(w, `[0.5]`)
		}
	}, func(o *Options) { o.FlushInterval = time.Hour })
	want := 0
	for range 20 {
		for _, form := range []string{"none", "small", "chunked", "large"} {
			s.post("/score?"+form, oneRow)
			want++
			if _, records := s.collector.log.Backlog(); records != int64(want) {
				t.Fatalf("after request %d, form %s, the log has %d records", want, form, records)
			}
		}
	}
}

// BenchmarkProxy compares one connection through the collector, everything recorded, with the model alone.
func BenchmarkProxy(b *testing.B) {
	var row strings.Builder
	for i := range 50 {
		fmt.Fprintf(&row, `,"feature_%02d":%d.25`, i, i)
	}
	body := `{"data":[{` + row.String()[1:] + `}]}`
	model := httptest.NewServer(http.HandlerFunc(score))
	defer model.Close()
	run := func(b *testing.B, url string) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			response, err := http.Post(url+"/score", "application/json", strings.NewReader(body)) //nolint:noctx // a benchmark
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}
	b.Run("direct", func(b *testing.B) { run(b, model.URL) })
	for name, redact := range map[string][]string{"collected": nil, "redacted": {"feature_07"}} {
		b.Run(name, func(b *testing.B) {
			collected := start(b, memstore.New(), Options{
				Deployment: "delay", Target: model.URL, WAL: b.TempDir(), ScorePath: "/score", SamplingPercentage: 100, Redact: redact,
			})
			run(b, collected.url)
			collected.stop()
		})
	}
}
