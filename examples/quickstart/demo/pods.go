//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// pods are those that play the application which asks the model: requests come from within the cluster, as an
// application's would.
type pods struct {
	image string
	of    typed.PodInterface
	named typed.ServiceInterface
}

func newPods(in scene) (*pods, error) {
	config, err := clientcmd.BuildConfigFromFlags("", in.Kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &pods{image: in.ReplayImage, of: client.CoreV1().Pods(in.Namespace), named: client.CoreV1().Services(in.Namespace)}, nil
}

func (p *pods) serviceAddress(ctx context.Context, name string) (string, error) {
	service, err := p.named.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return service.Spec.ClusterIP, nil
}

// replaying is one pod that replays.
type replaying struct {
	pods *pods
	name string
	said chan []byte // all that it printed, once it has ended
}

// start runs the replay's arguments in a pod of its own and listens to it.
func (p *pods) start(ctx context.Context, arguments []string) (*replaying, error) {
	small := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi")}
	no, yes, grace := false, true, int64(60)
	made, err := p.of.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "replay-"},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: &no, TerminationGracePeriodSeconds: &grace,
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{
				Name: "replay", Image: p.image, Args: arguments, Resources: corev1.ResourceRequirements{Requests: small},
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	r := &replaying{pods: p, name: made.Name, said: make(chan []byte, 1)}
	if err := r.begun(ctx); err != nil {
		return nil, errors.Join(err, r.remove())
	}
	words, err := p.of.GetLogs(r.name, &corev1.PodLogOptions{Follow: true}).Stream(ctx)
	if err != nil {
		return nil, errors.Join(err, r.remove())
	}
	go func() {
		defer words.Close()
		var all bytes.Buffer
		_, _ = io.Copy(&all, words) // what is missing at the end is seen by who reads it
		r.said <- all.Bytes()
	}()
	return r, nil
}

// begun waits until the pod runs, or has run.
func (r *replaying) begun(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("pod %s did not start within %s", r.name, patience))
	defer cancel()
	for {
		pod, err := r.pods.of.Get(ctx, r.name, metav1.GetOptions{})
		if err == nil && pod.Status.Phase != corev1.PodPending {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollEvery):
		}
	}
}

// ended waits until the pod has ended by itself and returns what it printed.
func (r *replaying) ended(ctx context.Context) ([]byte, error) {
	var said []byte
	select {
	case said = <-r.said:
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), r.remove())
	}
	return said, r.remove()
}

// stop tells the pod to end (it finishes what it began) and returns what it printed.
func (r *replaying) stop(ctx context.Context) ([]byte, error) {
	if err := r.remove(); err != nil {
		return nil, err
	}
	select {
	case said := <-r.said:
		return said, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (r *replaying) remove() error {
	return r.pods.of.Delete(context.Background(), r.name, metav1.DeleteOptions{})
}
