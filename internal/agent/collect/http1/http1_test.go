package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"testing"
)

func TestRequestsThatArePlain(t *testing.T) {
	head := "POST /score?a=1 HTTP/1.1\r\nHost: m\r\nContent-Length: 5\r\nX-Correlation-Id:  c-1 \r\nConnection: Keep-Alive\r\n\r\n"
	var r Request
	if v := r.Parse([]byte(head + "[[1]]rest")); v != Plain || string(r.Method) != "POST" || string(r.Target) != "/score?a=1" ||
		string(r.Path) != "/score" || r.ContentLength != 5 || r.Size != len(head) || string(r.Get("x-correlation-id")) != "c-1" {
		t.Errorf("%d %+v", v, r)
	}
	for cut := range len(head) {
		if v := r.Parse([]byte(head[:cut])); v != Incomplete {
			t.Fatalf("cut at %d: %d", cut, v)
		}
	}
}

// Everything that two readers might read in two ways, and everything that is not one request and one answer, is for others.
func TestRequestsThatAreNot(t *testing.T) {
	for _, head := range []string{
		"POST /score HTTP/1.0\r\nHost: m\r\n\r\n",
		"POST /score HTTP/1.1\nHost: m\n\n",
		"POST /score HTTP/1.1\r\nHost: m\nX: y\r\n\r\n",
		"POST  /score HTTP/1.1\r\nHost: m\r\n\r\n",
		"POST /score  HTTP/1.1\r\nHost: m\r\n\r\n",
		"post /score HTTP/1.1\r\nHost: m\r\n\r\n",
		"POST http://m/score HTTP/1.1\r\nHost: m\r\n\r\n",
		"CONNECT /x HTTP/1.1\r\nHost: m\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: m\r\n\r\n",
		"POST /sc%6fre HTTP/1.1\r\nHost: m\r\n\r\n",
		"POST /sc\x80re HTTP/1.1\r\nHost: m\r\n\r\n",
		"POST /score HTTP/1.1\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nHost: n\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: +5\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 5, 5\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: \r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nContent-Length: 9999999999999999999\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nContent-Length : 5\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\n Content-Length: 5\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nX: a\r\n b\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nno colon\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\n: empty\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nX: a\x00b\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nX: a\rb\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		"GET /ws HTTP/1.1\r\nHost: m\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\nConnection: keep-alive, X-Mine\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST /score HTTP/1.1\r\nHost: m\r\n" + strings.Repeat("X: y\r\n", mostFields) + "\r\n",
	} {
		var r Request
		if v := r.Parse([]byte(head)); v != Other {
			t.Errorf("%q is %d", head, v)
		}
	}
}

func TestResponses(t *testing.T) {
	for head, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n":                                        "1 200 3 false false",
		"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n":                                  "1 200 -1 true false",
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n":                                        "1 200 -1 false true",
		"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n":                                        "1 200 3 false true",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n":                   "1 200 3 false false",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n":                   "2",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n":          "2",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n":                         "2",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n": "2",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":                               "2",
		"HTTP/1.1 20 OK\r\n\r\n":                                                              "2",
		"HTTP/2.0 200 OK\r\n\r\n":                                                             "2",
		"nonsense\r\n\r\n":                                                                    "2",
		"HTTP/1.1 200 OK\r\nContent-Length":                                                   "0",
		"HTTP/1.1 2":                                                                          "0",
	} {
		var r Response
		v := r.Parse([]byte(head))
		got := strconv.Itoa(int(v))
		if v == Plain {
			got = fmt.Sprint(int(v), r.Status, r.ContentLength, r.Chunked, r.Close)
		}
		if got != want {
			t.Errorf("%q is %s, want %s", head, got, want)
		}
	}
	var r Response
	r.Parse([]byte("HTTP/1.1 204 x\r\nConnection: keep-alive, X-Hop\r\nx-hop: 1\r\nX-Kept: 1\r\n\r\n"))
	if !r.Hop(r.Fields[0]) || !r.Hop(r.Fields[1]) || r.Hop(r.Fields[2]) || !r.Bodyless([]byte("POST")) {
		t.Errorf("%+v", r)
	}
}

func TestChunks(t *testing.T) {
	const body = "5;ext=\"x\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Sum: 9\r\n\r\n"
	for size := 1; size <= len(body); size++ {
		var c Chunks
		var payload strings.Builder
		seen := 0
		for start := 0; start < len(body); start += size {
			piece := []byte(body + "next")[start:min(start+size, len(body)+4)]
			n, err := c.Scan(piece, func(p []byte) { payload.Write(p) })
			if err != nil {
				t.Fatal(err)
			}
			seen += n
			if !c.Done() && strings.Contains(body[:seen-c.Held()], "\r\n0\r\n") {
				t.Fatalf("the end is not held back after %d bytes", seen)
			}
		}
		if !c.Done() || seen != len(body) || payload.String() != "hello0123456789" {
			t.Errorf("by %d: done %v after %d of %d, %q", size, c.Done(), seen, len(body), payload.String())
		}
	}
	for _, broken := range []string{"x\r\n", "\r\n", ";\r\n", "5\nhello", "5\r\nhelloX", "5\r\nhello\rX", "-1\r\n", "fffffffffffffffff\r\n", "0\r\nX: y\nZ", "0\r\n" + strings.Repeat("a", mostTrailer+1)} {
		var c Chunks
		if _, err := c.Scan([]byte(broken), func([]byte) {}); !errors.Is(err, ErrChunk) {
			t.Errorf("%.20q: %v", broken, err)
		}
	}
}

// What is plain here is read in the same way by net/http.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("POST /score?a=1 HTTP/1.1\r\nHost: m\r\nContent-Length: 5\r\nX: y\r\n\r\n[[1]]"))
	f.Fuzz(func(t *testing.T, message []byte) {
		var r Request
		if r.Parse(message) != Plain {
			return
		}
		read, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(message)))
		if err != nil {
			return // it is stricter about hosts; the other end will say so
		}
		if read.Method != string(r.Method) || read.URL.Path != string(r.Path) || read.ContentLength != r.ContentLength || len(read.TransferEncoding) > 0 || read.Close {
			t.Errorf("%q is %+v, and for net/http %+v", message, r, read)
		}
	})
}

// What ends here ends there, with the same payload.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), 3)
	f.Fuzz(func(t *testing.T, body []byte, size int) {
		size = max(1, size%16)
		var c Chunks
		var payload []byte
		for start := 0; start < len(body) && !c.Done(); start += size {
			if _, err := c.Scan(body[start:min(start+size, len(body))], func(p []byte) { payload = append(payload, p...) }); err != nil {
				return
			}
		}
		if !c.Done() {
			return
		}
		standard, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body)))
		if err == nil && !bytes.Equal(standard, payload) {
			t.Errorf("%q: %q, and for net/http %q", body, payload, standard)
		}
	})
}
