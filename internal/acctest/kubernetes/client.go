package kubernetes

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Client speaks to the API server as a user, "admin" for all rights.
func (p *Plane) Client(user string) (client.Interface, error) {
	return client.NewForConfig(&rest.Config{
		Host: p.Host, BearerToken: p.Token(user), TLSClientConfig: rest.TLSClientConfig{CAData: p.CertificateAuthority}, QPS: -1,
	})
}

// Admin is Client with all rights.
func (p *Plane) Admin(t testing.TB) client.Interface {
	t.Helper()
	admin, err := p.Client("admin")
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

// Restricted are the labels of a namespace that takes no pod beneath the restricted pod security standard.
var Restricted = map[string]string{"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"}

// Namespace makes a namespace of one test's own, which enforces the restricted standard, and removes it with the test.
func (p *Plane) Namespace(t testing.TB) string {
	t.Helper()
	admin := p.Admin(t)
	made, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: Restricted},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := admin.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) && !errors.Is(err, context.Canceled) {
			t.Errorf("namespace %s: %v", made.Name, err)
		}
	})
	return made.Name
}
