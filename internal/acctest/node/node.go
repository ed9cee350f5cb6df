//go:build linux

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

// Name is the node's, in its cluster.
const Name = "node-1"

const (
	runtimeSocket = "/run/containerd/containerd.sock"
	kubeletPort   = 10250

	// readyWithin is how long a part may take to work on a machine that has much else to do.
	readyWithin = 2 * time.Minute
)

// Node is a node that is being made or runs.
type Node struct {
	dir     string
	network network
	plane   *kubernetes.Plane
	binary  string
	one     *part   // the first process
	parts   []*part // containerd, kubelet, kube-proxy
}

// part is a process of the node.
type part struct {
	name    string
	log     string // file
	command *exec.Cmd
	ended   chan struct{}
}

// Prepare makes the namespaces of a node and its cable to this machine: from then on a control plane can listen at Address.
// An error that is ErrMissing says what the machine lacks.
func Prepare(ctx context.Context) (*Node, error) {
	if err := Missing(); err != nil {
		return nil, err
	}
	binary, err := kubernetes.Binary()
	if err != nil {
		return nil, err
	}
	// Its name is that of the node's cgroups too.
	dir, err := os.MkdirTemp("", "mlops-node-")
	if err != nil {
		return nil, err
	}
	n := &Node{dir: dir, binary: binary}
	if n.network, err = freeNetwork(); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	one := exec.Command("sh", "-c", n.first())
	one.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET,
	}
	if n.one, err = n.launch("node", one); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	if err := n.network.connect(one.Process.Pid); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	connected := func() bool { _, err := os.Stat(n.path("connected")); return err == nil }
	if err := n.await(ctx, n.one, connected); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// Address is this machine's, as the node and its pods reach it.
func (n *Node) Address() string { return n.network.host.String() }

// Services is the range of services' addresses that this machine reaches through the node.
func (n *Node) Services() netip.Prefix { return n.network.services }

// Join starts the node's parts and waits until the cluster, whose control plane listens at Address, says that it is ready.
func (n *Node) Join(ctx context.Context, plane *kubernetes.Plane) error {
	n.plane = plane
	if err := errors.Join(n.makeCgroups(), n.configure()); err != nil {
		return err
	}
	runtime, err := n.start("containerd", "containerd", "--config", n.path("containerd.toml"))
	if err != nil {
		return err
	}
	answers := func() bool { return n.inside(ctx, "ctr", "version").Run() == nil }
	if err := n.await(ctx, runtime, answers); err != nil {
		return err
	}
	if err := n.importPause(ctx); err != nil {
		return err
	}
	if _, err := n.start("kube-proxy", n.binary, "kube-proxy", "--config="+n.path("proxy.json")); err != nil {
		return err
	}
	kubelet, err := n.start("kubelet", n.binary, "kubelet", "--config="+n.path("kubelet.json"), "--kubeconfig="+n.path("kubelet.kubeconfig"),
		"--root-dir="+n.path("kubelet"), "--cert-dir="+n.path("kubelet-certificates"), "--hostname-override="+Name, "--node-ip="+n.network.node.String())
	if err != nil {
		return err
	}
	admin, err := plane.Client("admin")
	if err != nil {
		return err
	}
	return n.await(ctx, kubelet, func() bool {
		found, err := admin.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
		return err == nil && ready(found)
	})
}

func ready(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// configure writes what the parts are started with.
func (n *Node) configure() error {
	cni, errCNI := n.cniConfig()
	kubelet, errKubelet := n.kubeletConfig()
	proxy, errProxy := n.proxyConfig()
	faults := []error{errCNI, errKubelet, errProxy, os.MkdirAll(n.path("cni"), 0o755)}
	for name, content := range map[string][]byte{
		"containerd.toml": []byte(n.containerdConfig()), "cni/10-pods.conflist": cni, "kubelet.json": kubelet, "proxy.json": proxy,
		"kubelet.kubeconfig": n.plane.KubeconfigOf(n.plane.NodeToken(Name)), "proxy.kubeconfig": n.plane.KubeconfigOf(n.plane.ProxyToken()),
	} {
		faults = append(faults, os.WriteFile(n.path(name), content, 0o600))
	}
	return errors.Join(faults...)
}

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

// inside is a command that runs on the node.
func (n *Node) inside(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(n.one.command.Process.Pid), "--mount", "--pid", "--net", "--", program}
	return exec.CommandContext(ctx, "nsenter", append(enter, arguments...)...)
}

// start starts a part on the node; it ends with the node's first process.
func (n *Node) start(name, program string, arguments ...string) (*part, error) {
	started, err := n.launch(name, n.inside(context.Background(), program, arguments...))
	if err == nil {
		n.parts = append(n.parts, started)
	}
	return started, err
}

func (n *Node) launch(name string, command *exec.Cmd) (*part, error) {
	log, err := os.Create(n.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	launched := &part{name: name, log: log.Name(), command: command, ended: make(chan struct{})}
	command.Stdout, command.Stderr, command.Dir = log, log, n.dir
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = command.Wait() // it is killed in the end: that is no fault
		close(launched.ended)
	}()
	return launched, nil
}

// await looks until something holds; that the part has ended, or that it takes too long, is an error with the part's last words.
func (n *Node) await(ctx context.Context, of *part, holds func() bool) error {
	late := time.After(readyWithin)
	for !holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-of.ended:
			return fmt.Errorf("%s of the node has ended: %s", of.name, of.last())
		case <-late:
			return fmt.Errorf("%s of the node is not ready after %s: %s", of.name, readyWithin, of.last())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// last is the end of what it said.
func (p *part) last() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	content = bytes.TrimSpace(content)
	return string(content[max(len(content)-3000, 0):])
}

// Logs is the folder with what each part said, until Stop.
func (n *Node) Logs() string { return n.dir }

// Stop ends the node with all that runs on it. The control plane is stopped after it.
func (n *Node) Stop() error {
	if n.one != nil {
		_ = n.one.command.Process.Kill() // the kernel ends the rest, for it was the first of its namespace
		<-n.one.ended
	}
	for _, part := range n.parts {
		<-part.ended
	}
	return errors.Join(n.removeCgroups(), os.RemoveAll(n.dir))
}
