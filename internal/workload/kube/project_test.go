package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func TestProjectIsMadeSeenAndRemoved(t *testing.T) {
	c := newCluster(t)
	options := ProjectOptions{}
	before, err := c.ProjectEdits(t.Context(), options)
	if err != nil || len(before) == 0 {
		t.Errorf("%v (%v), want what is missing", before, err)
	}
	for range 2 { // again changes nothing
		if err := c.ApplyProject(t.Context(), options); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := c.ProjectEdits(t.Context(), options); err != nil || len(left) > 0 {
		t.Errorf("right after an apply: %v (%v)", left, err)
	}
	c.edit(t, Roles, "flights-mlops-control", `{"rules":[]}`, "kubectl-edit")
	c.edit(t, ServiceAccounts, "flights-mlops-jobs", `{"metadata":{"annotations":{"`+annotationClientID+`":"other"}}}`, "kubectl-edit")
	seen, err := c.ProjectEdits(t.Context(), options)
	if text := strings.Join(seen, "; "); err != nil || !strings.Contains(text, "Role flights-mlops-control rules") || !strings.Contains(text, annotationClientID) {
		t.Errorf("%s (%v), want both edits seen", text, err)
	}
	if err := c.ApplyProject(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if left, err := c.ProjectEdits(t.Context(), options); err != nil || len(left) > 0 {
		t.Errorf("not repaired: %v (%v)", left, err)
	}
	// Who may call the controller may no more, once that is no longer declared.
	err = c.ApplyProject(t.Context(), ProjectOptions{IncomingAlerts: true})
	policies, errOf := c.api.list(t.Context(), NetworkPolicies, "")
	if err := errors.Join(err, errOf, c.ApplyProject(t.Context(), options)); err != nil || len(policies) != 5 {
		t.Errorf("%d network policies with alerts, %v", len(policies), err)
	}
	c.awaitNone(t, NetworkPolicies, "flights-mlops-alerts")
	if _, err := c.RemoveProject(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []Resource{ServiceAccounts, Roles, RoleBindings, NetworkPolicies} {
		c.awaitNone(t, resource, "flights-")
	}
}

// awaitNone waits until no object of the namespace has a name that begins so.
func (c cluster) awaitNone(t *testing.T, of Resource, prefix string) {
	t.Helper()
	eventually.Holds(t, func() error {
		found, err := c.api.list(t.Context(), of, "")
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(found, func(o object) bool { return strings.HasPrefix(o.meta().Name, prefix) }) {
			return fmt.Errorf("%s %s* is left", of.Kind, prefix)
		}
		return nil
	})
}

func TestNamespaceIsMadeOnlyWhenAskedAndRemovedOnlyWhenEmpty(t *testing.T) {
	plane := kubernetes.Shared(t)
	placement := testPlacement()
	placement.Namespace = "made-" + strings.ToLower(t.Name()[:4]) + time.Now().Format("150405")
	client := newClient(t, plane, placement, "admin")
	options := ProjectOptions{CreateNamespace: true}
	if err := client.ApplyProject(t.Context(), ProjectOptions{}); err == nil || !strings.Contains(err.Error(), "create_namespace") {
		t.Errorf("%v, want what to set", err)
	}
	if err := client.ApplyProject(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	admin := plane.Admin(t)
	t.Cleanup(func() {
		_ = admin.CoreV1().Namespaces().Delete(context.Background(), placement.Namespace, metav1.DeleteOptions{})
	})
	made, err := admin.CoreV1().Namespaces().Get(t.Context(), placement.Namespace, metav1.GetOptions{})
	if err != nil || made.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("%v (%v)", made.Labels, err)
	}
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}}
	if _, err := admin.CoreV1().Secrets(placement.Namespace).Create(t.Context(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	kept, err := client.RemoveProject(t.Context(), options)
	if err != nil || !slices.Contains(kept, "Secret theirs") {
		t.Errorf("%v (%v), want the namespace kept for what is another's", kept, err)
	}
	if exists, err := client.NamespaceExists(t.Context()); err != nil || !exists {
		t.Fatalf("it is gone (%v)", err)
	}
	if err := admin.CoreV1().Secrets(placement.Namespace).Delete(t.Context(), "theirs", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if kept, err := client.RemoveProject(t.Context(), options); err != nil || len(kept) > 0 {
		t.Errorf("%v (%v)", kept, err)
	}
	eventually.Holds(t, func() error {
		exists, err := client.NamespaceExists(t.Context())
		if exists {
			err = errors.New("the namespace is still there")
		}
		return err
	})
}

func TestNamespaceOfOthersIsNotTaken(t *testing.T) {
	c := newCluster(t)
	if err := c.ApplyProject(t.Context(), ProjectOptions{CreateNamespace: true}); !errors.Is(err, mlops.ErrExists) || !strings.Contains(err.Error(), "leave create_namespace out") {
		t.Errorf("%v, want ErrExists that says what to do", err)
	}
}

// The controller does all that it does with its own rights, and no more than that.
func TestControllerHasTheRightsItNeedsAndNoOthers(t *testing.T) {
	c := newCluster(t)
	if err := c.ApplyProject(t.Context(), ProjectOptions{}); err != nil {
		t.Fatal(err)
	}
	c.plane.Kubelet(t, c.placement.Namespace, func(*corev1.Pod, string) kubernetes.Outcome { return kubernetes.Outcome{Log: "line\n"} })
	admin := c.plane.Admin(t)
	issued, err := admin.CoreV1().ServiceAccounts(c.placement.Namespace).CreateToken(t.Context(), "flights-mlops-control",
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	controller, err := New(Config{
		Host: c.plane.Host, CertificateAuthority: c.plane.CertificateAuthority,
		Token: func(context.Context) (string, error) { return issued.Status.Token, nil },
	}, c.placement, Options{})
	if err != nil {
		t.Fatal(err)
	}
	as := cluster{Client: controller, plane: c.plane}
	service := testService()
	service.Service.Autoscaling = &mlops.Autoscaling{Minimum: 2, Maximum: 3, CPUPercent: 50}
	as.apply(t, service, "")
	as.apply(t, testJob("train"), "")
	as.apply(t, testSchedule(), "")
	live := as.await(t, workload.KindService, "delay", "roll-out", workload.Live.RolledOut)
	if err := as.Logs(t.Context(), workload.KindService, "delay", false, io.Discard); err != nil {
		t.Error(err)
	}
	for _, kind := range workload.Kinds {
		if all, err := as.List(t.Context(), kind); err != nil || len(all) != 1 {
			t.Errorf("%s: %d (%v)", kind, len(all), err)
		}
	}
	service.LogSequence++
	service.Service.Autoscaling = nil
	as.apply(t, service, live.Revision)
	for _, manifest := range []workload.Manifest{service, testJob("train"), testSchedule()} {
		if err := as.Delete(t.Context(), manifest.Kind, manifest.Name, manifest.Incarnation); err != nil {
			t.Error(err)
		}
	}
	c.awaitNothing(t)
	secrets := Resource{APIVersion: "v1", Kind: "Secret", Plural: "secrets"}
	for _, resource := range []Resource{secrets, Roles, ServiceAccounts, Namespaces} {
		if _, err := as.api.list(t.Context(), resource, ""); err == nil || !strings.Contains(err.Error(), "cannot list") {
			t.Errorf("it may list %s (%v)", resource.Plural, err)
		}
	}
	if missing, err := as.Missing(t.Context(), ProjectOptions{}); err != nil || !slices.Contains(missing, "patch roles") || slices.Contains(missing, "patch deployments") {
		t.Errorf("%v (%v)", missing, err)
	}
	if missing, err := c.Missing(t.Context(), ProjectOptions{CreateNamespace: true}); err != nil || len(missing) > 0 {
		t.Errorf("an administrator lacks %v (%v)", missing, err)
	}
}

func TestPodsAreClosedButForWhatTheyNeed(t *testing.T) {
	objects, err := Project(testPlacement(), ProjectOptions{EgressPorts: []int32{10000}})
	if err != nil {
		t.Fatal(err)
	}
	pods := map[string]labels.Set{}
	for name, manifest := range map[string]workload.Manifest{
		"control": workload.Control(mlops.Project{Name: "flights"}, workload.Seen{}), "serving": testService(), "jobs": testJob("train"),
	} {
		pods[name] = podTemplate(t, rendered(t, manifest, testPlacement()).Primary).Labels
	}
	closed, entered := map[string]bool{}, map[string]bool{}
	for _, object := range objects {
		if object.Resource != NetworkPolicies {
			continue
		}
		policy := decode[networkingv1.NetworkPolicy](t, object)
		selects, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err != nil {
			t.Fatal(err)
		}
		for name, pod := range pods {
			if !selects.Matches(pod) {
				continue
			}
			closed[name] = closed[name] || len(policy.Spec.PolicyTypes) == 2 && len(policy.Spec.Ingress)+len(policy.Spec.Egress) == 0
			entered[name] = entered[name] || len(policy.Spec.Ingress) > 0
		}
		for _, rule := range policy.Spec.Egress {
			for _, peer := range rule.To {
				if block := peer.IPBlock; block != nil && block.CIDR == "0.0.0.0/0" && !slices.Contains(block.Except, "169.254.169.254/32") {
					t.Errorf("%s opens the way to the metadata address", policy.Name)
				}
			}
			for _, port := range rule.Ports {
				if len(rule.To) == 0 && port.Port.IntVal != 53 {
					t.Errorf("%s opens port %s to everywhere", policy.Name, port.Port)
				}
			}
		}
	}
	for name := range pods {
		if !closed[name] || entered[name] != (name == "serving") {
			t.Errorf("%s: closed %t, entered %t", name, closed[name], entered[name])
		}
	}
}

func TestManifestsAreWhatKubectlTakes(t *testing.T) {
	c := newCluster(t)
	objects, err := Project(c.placement, ProjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	objects = append(objects, rendered(t, workload.Control(mlops.Project{Name: "flights"}, workload.Seen{}), c.placement).Objects()...)
	text, err := YAML(objects)
	if err != nil || bytes.Count(text, []byte("---\n")) != len(objects) {
		t.Fatalf("%d documents, want %d (%v)", bytes.Count(text, []byte("---\n")), len(objects), err)
	}
	for _, document := range bytes.Split(text, []byte("---\n"))[1:] {
		at := slices.IndexFunc(objects, func(o Object) bool {
			return bytes.Contains(document, []byte("\nkind: "+o.Resource.Kind+"\n")) && bytes.Contains(document, []byte("  name: "+o.Name+"\n"))
		})
		if at < 0 {
			t.Fatalf("%s is none of ours", document)
		}
		request := c.api.rest.Patch("application/apply-patch+yaml").AbsPath(c.api.path(objects[at].Resource, objects[at].Name)).
			Param("fieldManager", FieldManager).Param("force", "true").Body(document)
		if err := request.Do(t.Context()).Error(); err != nil {
			t.Errorf("%s %s: %v", objects[at].Resource.Kind, objects[at].Name, err)
		}
	}
	// What was installed so is what an apply would have made.
	if left, err := c.ProjectEdits(t.Context(), ProjectOptions{}); err != nil || len(left) > 0 {
		t.Errorf("%v (%v)", left, err)
	}
	if live, err := c.Get(t.Context(), workload.KindService, workload.ControlService); err != nil || live.AppliedHash == "" {
		t.Errorf("%+v (%v)", live, err)
	}
}

func TestClustersAreToldApart(t *testing.T) {
	c := newCluster(t)
	if uid, err := c.ClusterUID(t.Context()); err != nil || uid == "" {
		t.Errorf("%q (%v)", uid, err)
	}
}
