//go:build linux || darwin

package local

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// replicaServer is a backend that says its name and what it was asked.
func replicaServer(t *testing.T, name string) *backend {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, name+" "+r.URL.RequestURI()+" "+string(content))
	}))
	t.Cleanup(server.Close)
	return &backend{name: name, address: strings.TrimPrefix(server.URL, "http://")}
}

func ask(g *gateway, method, target string, body io.Reader) (int, string) {
	recorder := httptest.NewRecorder()
	g.ServeHTTP(recorder, httptest.NewRequest(method, target, body))
	return recorder.Code, recorder.Body.String()
}

func TestGatewayTakesAnotherReplicaWhenOneRefuses(t *testing.T) {
	g := newGateway(hclog.NewNullLogger())
	dead, alive := &backend{name: "dead", address: "127.0.0.1:1"}, replicaServer(t, "alive")
	g.routes.set("model", []*backend{dead, alive}, 2, 1, "")
	for range 4 {
		for _, body := range []io.Reader{strings.NewReader("small"), io.MultiReader(strings.NewReader("streamed"))} {
			code, answer := ask(g, http.MethodPost, "/model/a%2Fb/?x=;y", body)
			if code != http.StatusOK || !strings.HasPrefix(answer, "alive /a%2Fb/?x=;y s") {
				t.Errorf("%d %q, want the other replica to have seen all of it", code, answer)
			}
		}
	}
	if dead.inFlight.Load() != 0 || alive.inFlight.Load() != 0 {
		t.Errorf("%d and %d requests count as under way, want none", dead.inFlight.Load(), alive.inFlight.Load())
	}
	g.routes.set("model", []*backend{dead}, 1, 1, "")
	if code, answer := ask(g, http.MethodGet, "/model", nil); code != http.StatusBadGateway || !strings.Contains(answer, "did not answer") {
		t.Errorf("%d %q, want 502 that says why", code, answer)
	}
}

func TestGatewaySaysWhyNothingServes(t *testing.T) {
	g := newGateway(hclog.NewNullLogger())
	g.routes.set("model", nil, 2, 1, "replica model-1: ended with exit code 3")
	code, answer := ask(g, http.MethodGet, "/model/score", nil)
	if code != http.StatusServiceUnavailable || !strings.Contains(answer, "0 of 2 replicas are ready: replica model-1") {
		t.Errorf("%d %q, want 503 and the reason", code, answer)
	}
	if code, _ := ask(g, http.MethodGet, "/other/score", nil); code != http.StatusNotFound {
		t.Errorf("%d for a service that is not declared, want 404", code)
	}
	if code, answer := ask(g, http.MethodGet, "/", nil); code != http.StatusOK || !strings.Contains(answer, `"wanted":2`) {
		t.Errorf("%d %q, want the list of services", code, answer)
	}
}

func TestGatewayMovesToAnotherPort(t *testing.T) {
	g := newGateway(hclog.NewNullLogger())
	t.Cleanup(g.close)
	first, second := freePort(t), freePort(t)
	if err := g.listen(first); err != nil {
		t.Fatal(err)
	}
	other := newGateway(hclog.NewNullLogger())
	if err := other.listen(first); err == nil || !strings.Contains(err.Error(), "free that port or choose another") {
		t.Errorf("%v, want an error that says what to do", err)
	}
	if err := g.listen(second); err != nil {
		t.Fatal(err)
	}
	response, err := http.Get("http://127.0.0.1:" + strconv.Itoa(second) + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}

// An answer that overtakes the end of a long request passes whole, whatever the length of the request is said to be.
func TestGatewayDoesNotCutAnswersOff(t *testing.T) {
	const size, answered = 2 << 20, 300_000
	g := newGateway(hclog.NewNullLogger())
	replica := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, size) // its end is still on the way
		_, _ = io.WriteString(w, strings.Repeat("x", answered))
	}))
	t.Cleanup(replica.Close)
	g.routes.set("model", []*backend{{name: "r", address: strings.TrimPrefix(replica.URL, "http://")}}, 1, 1, "")
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	for i := range 60 {
		var body io.Reader = strings.NewReader(strings.Repeat("y", size))
		if i%2 == 0 {
			body = io.MultiReader(body) // chunked
		}
		response, err := http.Post(front.URL+"/model/score", "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if n != answered || err != nil {
			t.Fatalf("request %d: %d bytes of the answer, %v", i, n, err)
		}
	}
}
