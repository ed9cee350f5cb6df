// Package azurite runs Azurite, Microsoft's emulator of Blob storage, for tests: a pinned release from npm in a process of
// its own that ends with the test. What it cannot do (roles, immutability, ARM) is no part of it. It must not know what is
// stored, nor the product's own store.
package azurite

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// DefaultAccount is the account of a server that was asked for no other.
const DefaultAccount = "mlopstest"

// Options are how a server is started; the zero value is http with a shared key.
type Options struct {
	// Accounts are the storage accounts it has; none: DefaultAccount.
	Accounts []string
	// OAuth makes it listen with https and take Entra tokens (any that is formed well: see Token) beside the shared key.
	OAuth bool
	// Address that it listens on, the loopback one unless given.
	Address string
}

// Server is a running Azurite with its own accounts and nothing in them.
type Server struct {
	// URL is scheme, host and port, without a slash at the end.
	URL string
	// Key is the shared key of every account, in base64.
	Key string
	// CertificateFile is the certificate to trust, as PEM; empty with http.
	CertificateFile string

	accounts []string
	client   *http.Client
}

// Start runs a server until the test ends. Where there is no Node the test is skipped, and says so.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	server, stop, err := Open(t.Context(), t.TempDir(), options)
	if errors.Is(err, errNoNode) {
		t.Skipf("Azurite cannot run: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return server
}

var shared struct {
	sync.Once
	server *Server
	stop   func() // never called, but it holds the open stdin that the process lives by
	err    error
}

// Shared is one http server for all tests of a test binary, which ends when the binary does; take a container each.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Do(func() {
		// In memory it writes nothing there but empty folders.
		folder, err := os.MkdirTemp("", "azurite-*") //nolint:usetesting // it outlives the test
		if err != nil {
			shared.err = err
			return
		}
		shared.server, shared.stop, shared.err = Open(context.Background(), folder, Options{})
	})
	if errors.Is(shared.err, errNoNode) {
		t.Skipf("Azurite cannot run: %v", shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// Endpoint is the blob endpoint of an account.
func (s *Server) Endpoint(account string) string { return s.URL + "/" + account }

// Client trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.client }

// Container makes a new, empty container in the first account and returns its URL.
func (s *Server) Container(t testing.TB) string {
	t.Helper()
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails: see crypto/rand
	return s.CreateContainer(t, s.accounts[0], "test-"+hex.EncodeToString(random[:]))
}

// CreateContainer makes a container of that name and returns its URL.
func (s *Server) CreateContainer(t testing.TB, account, name string) string {
	t.Helper()
	if err := s.Create(t.Context(), account, name); err != nil {
		t.Fatal(err)
	}
	return s.Endpoint(account) + "/" + name
}

// HasContainer says whether there is a container of that name.
func (s *Server) HasContainer(t testing.TB, account, name string) bool {
	t.Helper()
	has, err := s.Has(context.Background(), account, name)
	if err != nil {
		t.Error(err)
	}
	return has
}

// DeleteContainer removes a container, as somebody might by hand.
func (s *Server) DeleteContainer(t testing.TB, account, name string) {
	t.Helper()
	if err := s.Delete(t.Context(), account, name); err != nil {
		t.Fatal(err)
	}
}

// Create makes a container.
func (s *Server) Create(ctx context.Context, account, name string) error {
	client, err := s.containerClient(account, name)
	if err == nil {
		_, err = client.Create(ctx, nil)
	}
	return err
}

// Has says whether there is a container of that name.
func (s *Server) Has(ctx context.Context, account, name string) (bool, error) {
	client, err := s.containerClient(account, name)
	if err == nil {
		_, err = client.GetProperties(ctx, nil)
	}
	if bloberror.HasCode(err, bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted) {
		return false, nil
	}
	return err == nil, err
}

// Delete removes a container with all that is in it.
func (s *Server) Delete(ctx context.Context, account, name string) error {
	client, err := s.containerClient(account, name)
	if err == nil {
		_, err = client.Delete(ctx, nil)
	}
	return err
}

// Mirror makes or removes a container of the default account as the management API, which is another server, was told to by a
// PUT or a DELETE; what is so already stays so.
func (s *Server) Mirror(ctx context.Context, method, name string) error {
	if method != http.MethodPut && method != http.MethodDelete {
		return nil
	}
	has, err := s.Has(ctx, DefaultAccount, name)
	switch {
	case err != nil || has == (method == http.MethodPut):
		return err
	case has:
		return s.Delete(ctx, DefaultAccount, name)
	default:
		return s.Create(ctx, DefaultAccount, name)
	}
}

func (s *Server) containerClient(account, name string) (*container.Client, error) {
	credential, err := container.NewSharedKeyCredential(account, s.Key)
	if err != nil {
		return nil, err
	}
	return container.NewClientWithSharedKeyCredential(s.Endpoint(account)+"/"+name, credential, &container.ClientOptions{
		ClientOptions: policy.ClientOptions{Transport: s.client},
	})
}

// longestStart is how long it may take to listen on a busy machine.
const longestStart = 2 * time.Minute

// endsWithStdin makes Node end, and remove its folder, when the other end of its stdin is closed: also when the test binary
// is killed.
const endsWithStdin = `process.stdin.on("end", () => {
	require("fs").rmSync(__dirname, { recursive: true, force: true });
	process.exit(0);
});
process.stdin.resume();
`

var listens = regexp.MustCompile(`listens on (https?://\S+)`)

// Open runs a server with its files in a folder until it is stopped, or this process ends.
func Open(ctx context.Context, folder string, options Options) (server *Server, stop func(), err error) {
	script, err := installed(ctx)
	if err != nil {
		return nil, nil, err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: see crypto/rand
	server = &Server{Key: base64.StdEncoding.EncodeToString(key[:]), accounts: options.Accounts, client: &http.Client{Transport: &http.Transport{}}}
	if len(server.accounts) == 0 {
		server.accounts = []string{DefaultAccount}
	}
	preload := filepath.Join(folder, "ends-with-stdin.js")
	if err := os.WriteFile(preload, []byte(endsWithStdin), 0o600); err != nil {
		return nil, nil, err
	}
	if options.Address == "" {
		options.Address = "127.0.0.1"
	}
	arguments := []string{
		"--require", preload, script, "--blobHost", options.Address, "--blobPort", "0",
		"--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck",
	}
	if options.OAuth {
		certificate, err := makeCertificate(folder, options.Address)
		if err != nil {
			return nil, nil, err
		}
		arguments = append(arguments, "--oauth", "basic", "--cert", certificate.file, "--key", certificate.keyFile)
		server.CertificateFile, server.client = certificate.file, certificate.client()
	}
	var accounts []string
	for _, account := range server.accounts {
		accounts = append(accounts, account+":"+server.Key)
	}
	node := exec.Command("node", arguments...)
	node.Dir = folder
	node.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+strings.Join(accounts, ";"))
	stdin, err := node.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	server.URL, err = listen(node, stdin)
	if err != nil {
		return nil, nil, err
	}
	return server, func() { _ = stdin.Close(); _ = node.Process.Kill(); _ = node.Wait() }, nil
}

// listen starts the process and waits until it says where it listens.
func listen(node *exec.Cmd, stdin io.Closer) (url string, err error) {
	var complaints strings.Builder
	node.Stderr = &complaints
	output, err := node.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := node.Start(); err != nil {
		return "", err
	}
	urls := make(chan string, 1)
	go func() {
		defer close(urls)
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if found := listens.FindStringSubmatch(lines.Text()); found != nil {
				urls <- found[1]
			}
		}
	}()
	select {
	case url, ok := <-urls:
		if ok {
			return url, nil
		}
	case <-time.After(longestStart):
		_ = node.Process.Kill()
	}
	_ = stdin.Close()
	_ = node.Wait()
	return "", errors.New("Azurite ended, or did not listen in time: " + complaints.String())
}
