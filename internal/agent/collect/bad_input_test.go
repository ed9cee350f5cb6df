package collect

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// zeros is a body without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// A hundred megabytes pass in both directions and take no memory to speak of; the records say how much it was.
func TestHundredMegabytes(t *testing.T) {
	const size = 100 << 20
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			t.Errorf("the model reads %d bytes, %v", n, err)
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = io.CopyN(w, zeros{}, size)
	}, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, length := range []int64{2, size} { // in a lane, and by the patient way
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/score", io.LimitReader(zeros{}, length))
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = length
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if n != size || err != nil {
			t.Errorf("%d bytes came back, %v", n, err)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.Sys - before.Sys; grown > 64<<20 {
		t.Errorf("%d bytes were taken", grown)
	}
	for i, r := range s.records() {
		if r.RequestBytes != []int64{2, size}[i] || r.ResponseBytes != size || !r.Complete || r.ResponseBody != record.NotCaptured+string(record.ReasonTooLarge) {
			t.Errorf("the record says %+v", r)
		}
	}
}

// A client that does not read its answer holds up nobody but itself.
func TestClientThatDoesNotRead(t *testing.T) {
	const size = 32 << 20
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Large") == "" {
			score(w, r)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = io.CopyN(w, zeros{}, size)
	}, nil)
	conn, lines := dial(t, s.url)
	_, _ = fmt.Fprintf(conn, "POST /score HTTP/1.1\r\nHost: m\r\nX-Large: 1\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow)
	if line := readLineOf(t, lines); line != "HTTP/1.1 200 OK" {
		t.Fatalf("answered %q", line)
	}
	for range 20 {
		if response, _ := s.post("/score", oneRow); response.StatusCode != http.StatusOK {
			t.Errorf("meanwhile: %s", response.Status)
		}
	}
	for line := readLineOf(t, lines); line != ""; line = readLineOf(t, lines) {
		continue
	}
	if n, err := io.CopyN(io.Discard, lines, size); n != size || err != nil {
		t.Errorf("%d bytes came, %v", n, err)
	}
}

// A client that closes its side as soon as it has asked is answered all the same, where the answer comes at once.
func TestClientThatClosesItsSide(t *testing.T) {
	s := newStage(t, score, nil)
	s.post("/score", oneRow) // there is a connection to the model
	conn, _ := dial(t, s.url)
	_, _ = fmt.Fprintf(conn, "POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(oneRow), oneRow)
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		t.Fatalf("a %T cannot close its side", conn)
	}
	_ = half.CloseWrite()
	answer, _ := io.ReadAll(bufio.NewReader(conn))
	// The model of a busy machine may take longer than anybody waits for such a client; then that is what the record says.
	records := s.records()
	if last := records[len(records)-1]; len(records) != 2 || strings.HasPrefix(string(answer), "HTTP/1.1 200") != (last.Status == http.StatusOK && last.Complete) {
		t.Errorf("answered %.40q, and the record says %d, %v", answer, last.Status, last.Complete)
	}
}

// Requests of one correlation id are records of their own.
func TestDuplicateCorrelationIDs(t *testing.T) {
	s := newStage(t, score, nil)
	for range 3 {
		s.post("/score", oneRow, CorrelationHeader, "the-same")
	}
	ids := map[string]bool{}
	for _, r := range s.records() {
		if ids[r.ID] = true; r.CorrelationID != "the-same" {
			t.Errorf("the id is %q", r.CorrelationID)
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d records", len(ids))
	}
}
