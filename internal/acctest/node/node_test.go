//go:build linux

package node_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/node"
)

func TestAPodRuns(t *testing.T) {
	if os.Getenv(node.Wanted) == "" {
		t.Skipf("real pods are for `make test-pods` and .ci/run, which set %s", node.Wanted)
	}
	begin := time.Now()
	n, err := node.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	plane, err := kubernetes.Start(t.Context(), t.TempDir(), kubernetes.Options{Address: n.Address(), Services: n.Services(), Nodes: []string{node.Name}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Stop(); _ = plane.Stop() })
	if err := n.Join(t.Context(), plane); err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %s", time.Since(begin))
	pods := plane.Admin(t).CoreV1().Pods("default")
	eventually.Holds(t, func() error { // the service account is made in its own time
		_, err := pods.Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "one"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "pause", Image: node.PauseImage}}},
		}, metav1.CreateOptions{})
		return err
	})
	eventually.Holds(t, func() error {
		pod, err := pods.Get(t.Context(), "one", metav1.GetOptions{})
		if err == nil && pod.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("%+v", pod.Status)
		}
		if err == nil {
			t.Logf("runs after %s with %s", time.Since(begin), pod.Status.PodIP)
		}
		return err
	})
}
