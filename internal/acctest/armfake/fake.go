// Package armfake is Azure's management API and Entra ID on a loopback port, over https with a certificate of its own: a
// store of resources by id that answers, delays, throttles, forgets and refuses as the service does, and judges each body
// by package oracle. It must not know the product: what it demands comes from Azure's documents alone, and where those are
// silent a comment says so.
package armfake

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/oracle"
)

// Options of a fake; the zero value is a well-behaved cloud.
type Options struct {
	// Now is the clock of tokens and timestamps, time.Now unless given.
	Now func() time.Time
	// Address that it listens on, the loopback one unless given.
	Address string
	// PageSize of listings, 50 unless given.
	PageSize int
	// Tolerant leaves wrong bodies out of the test's failures: they are still in Problems.
	Tolerant bool
}

// Fake is one cloud with one tenant and one subscription. Its methods may be used from many goroutines.
type Fake struct {
	URL           string // https://127.0.0.1:<port>, of both ARM and Entra
	Tenant        string
	Subscription  string
	Administrator Principal // Owner of the subscription

	options Options
	server  *httptest.Server
	certs   *x509.CertPool
	pem     []byte
	key     *rsa.PrivateKey
	types   *oracle.Types // nil where there are none
	closed  chan struct{}

	lock       sync.Mutex
	resources  map[string]*resource // by lower-cased id
	operations map[string]*operation
	principals map[string]Principal // by object id
	members    map[string][]string  // group's object id: members' object ids
	trusts     []trust
	lasting    map[string]Lasting // long-running operations, by lower-cased type
	delays     delays
	policyTags map[string]string
	held       map[string]bool // containers that hold blobs, by lower-cased id
	runJob     func(context.Context, string, map[string]any) string
	jobs       sync.WaitGroup
	running    map[string]context.CancelFunc // jobs of workspaces, by lower-cased id
	callbacks  map[string]any                // replies of actions, by lower-cased "<id>/<action>"
	busy       map[string]bool               // identities that are being written, by lower-cased id
	faults     []*fault
	calls      []Call
	observers  []func(Call)
	problems   []string
	notes      []string
	unjudged   map[string]bool
	record     *os.File
	serial     int
}

// Start runs a fake until the test ends, which fails where a body was wrong.
func Start(t testing.TB, options Options) *Fake {
	t.Helper()
	fake, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	if fake.types == nil {
		t.Log(oracle.Missing)
	}
	t.Cleanup(func() {
		fake.endJobs()
		fake.Close()
		for _, note := range fake.notes {
			t.Log(note)
		}
		if !options.Tolerant {
			for _, problem := range fake.Problems() {
				t.Error(problem)
			}
		}
	})
	return fake
}

// New runs a fake until Close. Requests go to a file in MLOPS_RECORD_DIR, where that is set.
func New(options Options) (*Fake, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.PageSize <= 0 {
		options.PageSize = 50
	}
	if options.Address == "" {
		options.Address = "127.0.0.1"
	}
	certificate, encoded, err := certificate(options.Address)
	if err != nil {
		return nil, err
	}
	types, _ := oracle.Find() // the caller says what it means that there are none
	f := &Fake{
		Tenant: "11111111-0000-4000-8000-000000000001", Subscription: "22222222-0000-4000-8000-000000000002",
		options: options, pem: encoded, certs: x509.NewCertPool(), key: signingKey(), types: types, closed: make(chan struct{}),
		resources: map[string]*resource{}, operations: map[string]*operation{}, principals: map[string]Principal{}, members: map[string][]string{},
		lasting: map[string]Lasting{}, held: map[string]bool{}, callbacks: map[string]any{}, running: map[string]context.CancelFunc{}, busy: map[string]bool{}, unjudged: map[string]bool{},
	}
	f.certs.AppendCertsFromPEM(encoded)
	f.server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	if f.server.Listener, err = relisten(f.server.Listener, options.Address); err != nil {
		return nil, err
	}
	f.server.TLS = serverTLS(certificate)
	f.server.StartTLS()
	f.URL = f.server.URL
	if folder := os.Getenv("MLOPS_RECORD_DIR"); folder != "" {
		if f.record, err = os.CreateTemp(folder, "arm-*.jsonl"); err != nil {
			f.Close()
			return nil, err
		}
	}
	f.Put("/subscriptions/"+f.Subscription, map[string]any{"subscriptionId": f.Subscription, "tenantId": f.Tenant, "state": "Enabled"})
	f.Administrator = f.Application("administrator")
	f.Assign(f.Administrator, Owner, "/subscriptions/"+f.Subscription)
	return f, nil
}

// relisten listens on a free port of another address.
func relisten(before net.Listener, address string) (net.Listener, error) {
	if err := before.Close(); err != nil {
		return nil, err
	}
	return net.Listen("tcp", net.JoinHostPort(address, "0"))
}

// Close ends the fake and what hangs in it.
func (f *Fake) Close() {
	close(f.closed)
	f.server.CloseClientConnections()
	f.server.Close()
	if f.record != nil {
		_ = f.record.Close()
	}
}

// Client trusts the fake's certificate, and no other.
func (f *Fake) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS(f.certs)}}
}

// Certificate is the one to trust, as PEM.
func (f *Fake) Certificate() []byte { return f.pem }

// CertificateFile is for SSL_CERT_FILE of another process.
func (f *Fake) CertificateFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "armfake.pem")
	if err := os.WriteFile(path, f.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Audience is of tokens for ARM.
func (f *Fake) Audience() string { return f.URL }

// Problems are the bodies that were wrong, as "<method> <id>: <what>".
func (f *Fake) Problems() []string {
	f.lock.Lock()
	defer f.lock.Unlock()
	return append([]string(nil), f.problems...)
}

// Unjudged are the types whose bodies nothing but this fake has judged.
func (f *Fake) Unjudged() []string {
	f.lock.Lock()
	defer f.lock.Unlock()
	return sortedKeys(f.unjudged)
}
