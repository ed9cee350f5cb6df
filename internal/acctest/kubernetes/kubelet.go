package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes"
)

// Outcome is what becomes of a container. The zero value runs and is ready; in a job, and as an init container, it ends well.
type Outcome struct {
	Waiting  string // it does not start, for this reason: "ImagePullBackOff"
	Failed   bool   // it ended with ExitCode and Reason; in a service it is started again and again
	ExitCode int32
	Reason   string
	NotReady bool // it runs and does not answer its health check
	Runs     bool // it goes on running where it would have ended
	Log      string
}

// Behaviour says what becomes of each container.
type Behaviour func(pod *corev1.Pod, container string) Outcome

const (
	nodeName     = "node-1"
	stepEvery    = 50 * time.Millisecond
	heartbeats   = 5 * time.Second
	podsOfTheBox = "10000"
)

// kubelet plays the one node of a plane.
type kubelet struct {
	admin  client.Interface
	server *httptest.Server
	end    context.CancelFunc
	done   chan struct{}

	lock       sync.Mutex
	behaviours map[string]Behaviour // by namespace
}

// Kubelet gives the plane a node, once, and says how the pods of a namespace behave on it from now on.
func (p *Plane) Kubelet(t testing.TB, namespace string, behave Behaviour) {
	t.Helper()
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.kubelet == nil {
		started, err := startKubelet(p.Admin(t))
		if err != nil {
			t.Fatal(err)
		}
		p.kubelet = started
	}
	p.kubelet.lock.Lock()
	defer p.kubelet.lock.Unlock()
	p.kubelet.behaviours[namespace] = behave
}

func startKubelet(admin client.Interface) (*kubelet, error) {
	ctx, cancel := context.WithCancel(context.Background())
	k := &kubelet{admin: admin, end: cancel, done: make(chan struct{}), behaviours: map[string]Behaviour{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	k.server = httptest.NewTLSServer(mux)
	if err := k.join(ctx); err != nil {
		cancel()
		k.server.Close()
		return nil, err
	}
	go k.run(ctx)
	return k, nil
}

func (k *kubelet) stop() {
	if k == nil {
		return
	}
	k.end()
	<-k.done
	k.server.Close()
}

// join makes the node.
func (k *kubelet) join(ctx context.Context) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{corev1.LabelHostname: nodeName}}}
	made, err := k.admin.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	address, err := url.Parse(k.server.URL)
	if err != nil {
		return err
	}
	port, err := strconv.ParseInt(address.Port(), 10, 32)
	if err != nil {
		return err
	}
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("10000"), corev1.ResourceMemory: resource.MustParse("10Ti"), corev1.ResourcePods: resource.MustParse(podsOfTheBox),
	}
	made.Status = corev1.NodeStatus{
		Capacity: room, Allocatable: room, Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address.Hostname()}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
	}
	_, err = k.admin.CoreV1().Nodes().UpdateStatus(ctx, made, metav1.UpdateOptions{})
	return err
}

func (k *kubelet) run(ctx context.Context) {
	defer close(k.done)
	var beat time.Time
	for ctx.Err() == nil {
		if time.Since(beat) > heartbeats {
			beat = time.Now()
			k.beat(ctx)
		}
		k.step(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(stepEvery):
		}
	}
}

// beat says that the node lives, and takes back what was said of it before it did.
func (k *kubelet) beat(ctx context.Context) {
	node, err := k.admin.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
	if err != nil {
		return
	}
	now := metav1.Now()
	node.Status.Conditions = []corev1.NodeCondition{{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: now, LastTransitionTime: node.CreationTimestamp, Reason: "Test",
	}}
	_, _ = k.admin.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
}

// step brings every pod of the node to where its behaviour says. An error (a pod that changed meanwhile) is mended by the next.
func (k *kubelet) step(ctx context.Context) {
	pods, err := k.admin.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + nodeName})
	if err != nil {
		return
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.DeletionTimestamp != nil {
			now := int64(0)
			_ = k.admin.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
			continue
		}
		behave := k.behaviour(pod.Namespace)
		if behave == nil {
			continue
		}
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		if next := podStatus(pod, behave); !reflect.DeepEqual(next, pod.Status) {
			pod.Status = next
			_, _ = k.admin.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		}
	}
}

func (k *kubelet) behaviour(namespace string) Behaviour {
	k.lock.Lock()
	defer k.lock.Unlock()
	return k.behaviours[namespace]
}

// logs answers as a kubelet does.
func (k *kubelet) logs(w http.ResponseWriter, r *http.Request) {
	pod, err := k.admin.CoreV1().Pods(r.PathValue("namespace")).Get(r.Context(), r.PathValue("pod"), metav1.GetOptions{})
	behave := k.behaviour(r.PathValue("namespace"))
	if err != nil || behave == nil {
		http.Error(w, fmt.Sprint(err), http.StatusNotFound)
		return
	}
	lines := strings.SplitAfter(behave(pod, r.PathValue("container")).Log, "\n")
	if wanted, err := strconv.Atoi(r.URL.Query().Get("tailLines")); err == nil {
		lines = lines[max(len(lines)-1-wanted, 0):]
	}
	_, _ = fmt.Fprint(w, strings.Join(lines, ""))
	if flusher, ok := w.(http.Flusher); ok && r.URL.Query().Get("follow") == "true" {
		flusher.Flush()
		<-r.Context().Done()
	}
}
