package azurescene

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
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

// Call is one that passes a gate.
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

// Gate stands before the management API, the blobs and a cluster, counts all calls in one row, and lets some go wrong.
type Gate struct {
	scene   *Scene
	network *badnetwork.Transport
	fronts  map[Back]string // URLs

	lock   sync.Mutex
	choose func(Call) badnetwork.Fault
	calls  []Call
}

// Gate puts one before everything that a provider calls.
func (s *Scene) Gate(t *testing.T, plane *kubernetes.Plane) *Gate {
	t.Helper()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(plane.CertificateAuthority)
	cluster := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
	gate := &Gate{scene: s, fronts: map[Back]string{}}
	gate.network = &badnetwork.Transport{Choose: gate.note}
	behind := map[Back]*http.Client{ARM: s.Cloud.Client(), Blob: {Transport: &http.Transport{}}, Kubernetes: cluster}
	gate.network.Next = senders(behind)
	gate.open(t, ARM, s.Cloud.URL)
	gate.open(t, Blob, s.Blobs.URL)
	gate.open(t, Kubernetes, plane.Host)
	return gate
}

// backHeader says within the gate whom a request is for.
const backHeader = "Gate-Back"

// senders send each request to its own back end.
type senders map[Back]*http.Client

func (s senders) Do(request *http.Request) (*http.Response, error) {
	back := Back(request.Header.Get(backHeader))
	request.Header.Del(backHeader)
	return s[back].Transport.RoundTrip(request) // a redirect is the caller's to follow
}

func (g *Gate) open(t *testing.T, back Back, target string) {
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
		Transport: g.network, FlushInterval: -1,
		// Whoever calls sees a connection that breaks, as badnetwork says.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	if back == ARM { // it names itself in what it answers
		proxy.ModifyResponse = func(response *http.Response) error { return rename(response, target, g.fronts[ARM]) }
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	g.fronts[back] = server.URL
}

// rename puts an address of the gate in the place of the one behind it.
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

func (g *Gate) note(_ int, request *http.Request) badnetwork.Fault {
	g.lock.Lock()
	defer g.lock.Unlock()
	call := Call{Number: len(g.calls) + 1, Back: Back(request.Header.Get(backHeader)), Method: request.Method, Path: request.URL.RequestURI()}
	g.calls = append(g.calls, call)
	if g.choose == nil {
		return badnetwork.Fault{}
	}
	return g.choose(call)
}

// Choose says what becomes of the calls from now on, which are counted anew; nil lets all pass.
func (g *Gate) Choose(choose func(Call) badnetwork.Fault) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.choose, g.calls = choose, nil
}

// Calls are those since Choose.
func (g *Gate) Calls() []Call {
	g.lock.Lock()
	defer g.lock.Unlock()
	return append([]Call(nil), g.calls...)
}

// Environment is that of somebody who must pass the gate.
func (g *Gate) Environment(who armfake.Principal) map[string]string {
	environment := g.scene.Environment(who)
	environment["ARM_RESOURCE_MANAGER_ENDPOINT"] = g.fronts[ARM]
	environment["MLOPS_BLOB_ENDPOINT"] = g.fronts[Blob] + "/{account}"
	return environment
}

// Kubeconfig is what AKS answers of the cluster behind the gate, for a user of it.
func (g *Gate) Kubeconfig(plane *kubernetes.Plane, user string) []byte {
	return []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\n" +
		"contexts: [{name: c, context: {cluster: c, user: u}}]\n" +
		"clusters: [{name: c, cluster: {server: " + strconv.Quote(g.fronts[Kubernetes]) + "}}]\n" +
		"users: [{name: u, user: {token: " + strconv.Quote(plane.Token(user)) + "}}]\n")
}
