package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"
)

// readyWithin is how long a control plane may take on a machine that has much else to do.
const readyWithin = 90 * time.Second

// Issuer is of the tokens of service accounts.
const Issuer = "https://kubernetes.default.svc"

// adminToken is the token of a member of system:masters.
const adminToken = "admin-token"

// Options say where a control plane listens; the zero value is the loopback address, which no pod reaches.
type Options struct {
	// Address is one of this machine that nodes and pods reach.
	Address string
	// Services is the range of services' addresses, as "10.96.0.0/16".
	Services netip.Prefix
	// Nodes are the names of nodes that may join, with NodeToken.
	Nodes []string
}

const loopback = "127.0.0.1"

func (o Options) withDefaults() Options {
	if o.Address == "" {
		o.Address = loopback
	}
	if !o.Services.IsValid() {
		o.Services = netip.MustParsePrefix("10.96.0.0/16")
	}
	return o
}

// Plane is a control plane that runs.
type Plane struct {
	Host                 string // https://ADDRESS:PORT
	CertificateAuthority []byte // PEM

	options                                      Options
	dir                                          files
	etcd, apiServer, controllerManager, schedule *process

	lock    sync.Mutex
	kubelet *kubelet
}

// Token is the bearer token of a user: "admin" may do everything, any other of Users nothing but what RBAC gives it.
func (*Plane) Token(user string) string { return user + "-token" }

// NodeToken is the bearer token of the kubelet of a node of Options, ProxyToken that of kube-proxy.
func (*Plane) NodeToken(node string) string { return "node-" + node + "-token" }

// ProxyToken is the bearer token of kube-proxy on any node.
func (*Plane) ProxyToken() string { return "proxy-token" }

// CertificateFile is that of the authority, which kubelets trust too.
func (p *Plane) CertificateFile() string { return p.dir.path("ca.crt") }

// Users can sign in beside admin; they are user:<name> to RBAC, under that very name.
var Users = []string{"planner", "applier", "other"}

// start starts a control plane in an empty folder and waits until the API server is ready.
func start(ctx context.Context, binary, dir string, options Options) (*Plane, error) {
	plane := &Plane{dir: files(dir), options: options.withDefaults()}
	inCluster := plane.options.Services.Masked().Addr().Next() // the first of the range: where pods find the API server
	addresses := []net.IP{net.ParseIP(loopback), net.ParseIP(plane.options.Address), inCluster.AsSlice()}
	if err := plane.dir.makeCertificates(time.Now(), addresses...); err != nil {
		return nil, err
	}
	ports, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	plane.Host = "https://" + net.JoinHostPort(plane.options.Address, strconv.Itoa(ports[0]))
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
	for _, node := range p.options.Nodes {
		fmt.Fprintf(&tokens, "%s,system:node:%s,%s,\"system:nodes\"\n", p.NodeToken(node), node, node)
	}
	fmt.Fprintf(&tokens, "%s,system:kube-proxy,kube-proxy\n", p.ProxyToken())
	return errors.Join(
		os.WriteFile(p.dir.path("tokens.csv"), tokens.Bytes(), 0o600),
		os.WriteFile(p.dir.path("kubeconfig"), p.KubeconfigOf(adminToken), 0o600),
	)
}

// KubeconfigOf is a file with which the owner of a token signs in.
func (p *Plane) KubeconfigOf(token string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %q}}]
users: [{name: user, user: {token: %q}}]
contexts: [{name: test, context: {cluster: test, user: user}}]
current-context: test
`, p.Host, base64.StdEncoding.EncodeToString(p.CertificateAuthority), token)
}

// Kubeconfig is a file with which kubectl and others sign in as admin.
func (p *Plane) Kubeconfig() string { return p.dir.path("kubeconfig") }

func (p *Plane) startStore(binary string, ports []int) (err error) {
	endpoints := "lease" // pods find the API server by the service of that name
	if p.options.Address == loopback {
		endpoints = "none"
	}
	store, peer := "http://127.0.0.1:"+strconv.Itoa(ports[1]), "http://127.0.0.1:"+strconv.Itoa(ports[2])
	p.etcd, err = startProcess(binary, p.dir, "etcd", "--data-dir="+p.dir.path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+store, "--advertise-client-urls="+store, "--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer)
	if err != nil {
		return err
	}
	p.apiServer, err = startProcess(binary, p.dir, "kube-apiserver", "--etcd-servers="+store, "--bind-address="+p.options.Address,
		"--advertise-address="+p.options.Address, "--secure-port="+strconv.Itoa(ports[0]), "--service-cluster-ip-range="+p.options.Services.String(),
		"--kubelet-client-certificate="+p.dir.path("asking.crt"), "--kubelet-client-key="+p.dir.path("asking.key"),
		"--tls-cert-file="+p.dir.path("serving.crt"), "--tls-private-key-file="+p.dir.path("serving.key"),
		"--client-ca-file="+p.dir.path("ca.crt"), "--cert-dir="+p.dir.path("apiserver"), "--authorization-mode=Node,RBAC",
		"--service-account-issuer="+Issuer, "--service-account-key-file="+p.dir.path("accounts.key"),
		"--service-account-signing-key-file="+p.dir.path("accounts.key"), "--token-auth-file="+p.dir.path("tokens.csv"),
		"--enable-admission-plugins=NodeRestriction", "--endpoint-reconciler-type="+endpoints, "--kubelet-preferred-address-types=InternalIP")
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
