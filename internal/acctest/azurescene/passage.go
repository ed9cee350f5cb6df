package azurescene

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/badnetwork"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

// Back is whom a call is for.
type Back string

// The three that a provider calls. Entra is none of them: who signs in changes nothing.
const (
	ARM        Back = "ARM"
	Blob       Back = "Blob"
	Kubernetes Back = "Kubernetes"
)

// Call is one that passes a passage.
type Call struct {
	Number int // from 1, since Forget
	Back   Back
	Method string
	Path   string
}

// Writes says whether it may change something. A POST asks: for credentials, or whether one may do something.
func (c Call) Writes() bool {
	return c.Method == http.MethodPut || c.Method == http.MethodPatch || c.Method == http.MethodDelete
}

// Passage stands before the management API, the blobs and a cluster, counts all calls in one row, and lets some go wrong.
type Passage struct {
	scene   *Scene
	network *badnetwork.Transport
	fronts  map[Back]string // URLs
	behind  map[Back]*http.Client

	lock   sync.Mutex
	choose func(Call) badnetwork.Fault
	done   func(number int) // after a call, before its answer
	calls  []Call
}

// Passage puts one before everything that a provider calls.
func (s *Scene) Passage(t *testing.T, plane *kubernetes.Plane) *Passage {
	t.Helper()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(plane.CertificateAuthority)
	cluster := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
	passage := &Passage{scene: s, fronts: map[Back]string{}}
	passage.network = &badnetwork.Transport{Choose: passage.note}
	passage.behind = map[Back]*http.Client{ARM: s.Cloud.Client(), Blob: {Transport: &http.Transport{}}, Kubernetes: cluster}
	passage.network.Next = passage
	passage.open(t, ARM, s.Cloud.URL)
	passage.open(t, Blob, s.Blobs.URL)
	passage.open(t, Kubernetes, plane.Host)
	return passage
}

// Within the passage these say whom a request is for, and its number.
const (
	backHeader   = "Passage-Back"
	numberHeader = "Passage-Number"
)

// Do sends a request to its own back end.
func (p *Passage) Do(request *http.Request) (*http.Response, error) {
	back := Back(request.Header.Get(backHeader))
	number, _ := strconv.Atoi(request.Header.Get(numberHeader))
	request.Header.Del(backHeader)
	request.Header.Del(numberHeader)
	response, err := p.behind[back].Transport.RoundTrip(request) // a redirect is the caller's to follow
	p.lock.Lock()
	done := p.done
	p.lock.Unlock()
	if done != nil {
		done(number)
	}
	return response, err
}

func (p *Passage) open(t *testing.T, back Back, target string) {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(to)
			request.Out.Header.Set(backHeader, string(back))
		},
		Transport: p.network, FlushInterval: -1,
		// Whoever calls sees a connection that breaks, as badnetwork says.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	if back == ARM { // it names itself in what it answers
		proxy.ModifyResponse = func(response *http.Response) error { return rename(response, target, p.fronts[ARM]) }
	}
	// What hangs ends with the test: a server does not see a client go whose request has a body that nobody has read.
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewUnstartedServer(proxy)
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	server.Start()
	t.Cleanup(func() {
		cancel()
		server.CloseClientConnections()
		server.Close()
	})
	p.fronts[back] = server.URL
}

// rename puts an address of the passage in the place of the one behind it.
func rename(response *http.Response, from, to string) error {
	for name, values := range response.Header {
		for i := range values {
			response.Header[name][i] = strings.ReplaceAll(values[i], from, to)
		}
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	body = bytes.ReplaceAll(body, []byte(from), []byte(to))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

func (p *Passage) note(_ int, request *http.Request) badnetwork.Fault {
	p.lock.Lock()
	defer p.lock.Unlock()
	call := Call{Number: len(p.calls) + 1, Back: Back(request.Header.Get(backHeader)), Method: request.Method, Path: request.URL.RequestURI()}
	p.calls = append(p.calls, call)
	request.Header.Set(numberHeader, strconv.Itoa(call.Number))
	if p.choose == nil {
		return badnetwork.Fault{}
	}
	return p.choose(call)
}

// Choose says what becomes of the calls from now on, which are counted anew; nil lets all pass.
func (p *Passage) Choose(choose func(Call) badnetwork.Fault) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.choose, p.calls, p.done = choose, nil, nil
}

// Kill kills a process when a call has been done and before its answer comes; no later call passes.
func (p *Passage) Kill(number int, kill func()) {
	p.Choose(func(call Call) badnetwork.Fault {
		return badnetwork.Fault{Lose: call.Number == number, Refuse: call.Number > number}
	})
	p.lock.Lock()
	defer p.lock.Unlock()
	p.done = func(done int) {
		if done == number {
			kill()
		}
	}
}

// Calls are those since Choose.
func (p *Passage) Calls() []Call {
	p.lock.Lock()
	defer p.lock.Unlock()
	return append([]Call(nil), p.calls...)
}

// Environment is that of somebody who must pass the passage.
func (p *Passage) Environment(who armfake.Principal) map[string]string {
	environment := p.scene.Environment(who)
	environment["ARM_RESOURCE_MANAGER_ENDPOINT"] = p.fronts[ARM]
	environment["MLOPS_BLOB_ENDPOINT"] = p.fronts[Blob] + "/{account}"
	return environment
}

// Kubeconfig is what AKS answers of the cluster behind the passage, for a user of it.
func (p *Passage) Kubeconfig(plane *kubernetes.Plane, user string) []byte {
	return []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\n" +
		"contexts: [{name: c, context: {cluster: c, user: u}}]\n" +
		"clusters: [{name: c, cluster: {server: " + strconv.Quote(p.fronts[Kubernetes]) + "}}]\n" +
		"users: [{name: u, user: {token: " + strconv.Quote(plane.Token(user)) + "}}]\n")
}
