package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// readyWithin is how long a control plane may take on a machine that has much else to do.
const readyWithin = 90 * time.Second

// adminToken is the token of a member of system:masters.
const adminToken = "admin-token"

// Plane is a control plane that runs.
type Plane struct {
	Host                 string // https://127.0.0.1:PORT
	CertificateAuthority []byte // PEM

	dir                                          files
	etcd, apiServer, controllerManager, schedule *process

	lock    sync.Mutex
	kubelet *kubelet
}

// Token is the bearer token of a user: "admin" may do everything, any other of Users nothing but what RBAC gives it.
func (*Plane) Token(user string) string { return user + "-token" }

// Users can sign in beside admin; they are user:<name> to RBAC, under that very name.
var Users = []string{"planner", "applier", "other"}

// start starts a control plane in an empty folder and waits until the API server is ready.
func start(ctx context.Context, binary, dir string) (*Plane, error) {
	plane := &Plane{dir: files(dir)}
	if err := plane.dir.makeCertificates(time.Now()); err != nil {
		return nil, err
	}
	ports, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	plane.Host = "https://127.0.0.1:" + strconv.Itoa(ports[0])
	if plane.CertificateAuthority, err = os.ReadFile(plane.dir.path("ca.crt")); err != nil {
		return nil, err
	}
	if err := plane.writeUsers(); err != nil {
		return nil, err
	}
	if err := plane.startStore(binary, ports); err != nil {
		return nil, errors.Join(err, plane.Stop())
	}
	if err := plane.waitReady(ctx); err != nil {
		return nil, errors.Join(err, plane.Stop())
	}
	if err := plane.startControllers(binary, ports); err != nil {
		return nil, errors.Join(err, plane.Stop())
	}
	return plane, nil
}

func (p *Plane) writeUsers() error {
	var tokens bytes.Buffer
	fmt.Fprintln(&tokens, adminToken+`,admin,admin,"system:masters"`)
	for _, user := range Users {
		fmt.Fprintf(&tokens, "%s,%s,%s\n", p.Token(user), user, user)
	}
	config := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {token: %q}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
current-context: test
`, p.Host, p.dir.path("ca.crt"), adminToken)
	return errors.Join(
		os.WriteFile(p.dir.path("tokens.csv"), tokens.Bytes(), 0o600),
		os.WriteFile(p.dir.path("kubeconfig"), []byte(config), 0o600),
	)
}

// Kubeconfig is a file with which kubectl and others sign in as admin.
func (p *Plane) Kubeconfig() string { return p.dir.path("kubeconfig") }

func (p *Plane) startStore(binary string, ports []int) (err error) {
	store, peer := "http://127.0.0.1:"+strconv.Itoa(ports[1]), "http://127.0.0.1:"+strconv.Itoa(ports[2])
	p.etcd, err = startProcess(binary, p.dir, "etcd", "--data-dir="+p.dir.path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+store, "--advertise-client-urls="+store, "--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer)
	if err != nil {
		return err
	}
	p.apiServer, err = startProcess(binary, p.dir, "kube-apiserver", "--etcd-servers="+store, "--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1", "--secure-port="+strconv.Itoa(ports[0]), "--service-cluster-ip-range="+serviceRange,
		"--tls-cert-file="+p.dir.path("serving.crt"), "--tls-private-key-file="+p.dir.path("serving.key"),
		"--client-ca-file="+p.dir.path("ca.crt"), "--cert-dir="+p.dir.path("apiserver"), "--authorization-mode=Node,RBAC",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+p.dir.path("accounts.key"),
		"--service-account-signing-key-file="+p.dir.path("accounts.key"), "--token-auth-file="+p.dir.path("tokens.csv"),
		"--enable-admission-plugins=NodeRestriction", "--endpoint-reconciler-type=none", "--kubelet-preferred-address-types=InternalIP")
	return err
}

func (p *Plane) startControllers(binary string, ports []int) (err error) {
	p.controllerManager, err = startProcess(binary, p.dir, "kube-controller-manager", "--kubeconfig="+p.dir.path("kubeconfig"),
		"--bind-address=127.0.0.1", "--secure-port="+strconv.Itoa(ports[3]), "--cert-dir="+p.dir.path("controllers"),
		"--leader-elect=false", "--use-service-account-credentials", "--root-ca-file="+p.dir.path("ca.crt"),
		"--service-account-private-key-file="+p.dir.path("accounts.key"), "--horizontal-pod-autoscaler-sync-period=2s",
		"--horizontal-pod-autoscaler-downscale-stabilization=1s")
	if err != nil {
		return err
	}
	p.schedule, err = startProcess(binary, p.dir, "kube-scheduler", "--kubeconfig="+p.dir.path("kubeconfig"), "--bind-address=127.0.0.1",
		"--secure-port="+strconv.Itoa(ports[4]), "--cert-dir="+p.dir.path("scheduler"), "--leader-elect=false")
	return err
}

// waitReady asks until the API server says that it is ready.
func (p *Plane) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.CertificateAuthority)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Host+"/readyz", nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+adminToken)
		if response, err := client.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		for _, component := range []*process{p.etcd, p.apiServer} {
			if component.over() {
				return fmt.Errorf("%s has ended: %s", component.name, component.last())
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready within %s: %s", readyWithin, p.apiServer.last())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop ends every component; the store last, for the API server hangs without it.
func (p *Plane) Stop() error {
	p.kubelet.stop()
	for _, component := range []*process{p.schedule, p.controllerManager, p.apiServer, p.etcd} {
		component.stop()
	}
	return os.RemoveAll(string(p.dir))
}
