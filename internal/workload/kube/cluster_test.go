package kube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func TestMain(m *testing.M) { os.Exit(kubernetes.Main(m)) }

// cluster is a namespace of one test's own, with the service accounts that a project makes.
type cluster struct {
	*Client
	plane *kubernetes.Plane
}

func newCluster(t *testing.T) cluster {
	t.Helper()
	plane := kubernetes.Shared(t)
	placement := testPlacement()
	placement.Namespace = plane.Namespace(t)
	return cluster{Client: newClient(t, plane, placement, "admin"), plane: plane}
}

func newClient(t *testing.T, plane *kubernetes.Plane, placement Placement, user string) *Client {
	t.Helper()
	client, err := New(Config{
		Host: plane.Host, CertificateAuthority: plane.CertificateAuthority, UserAgent: "mlops-test",
		Token: func(context.Context) (string, error) { return plane.Token(user), nil },
	}, placement, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// behave lets pods of the namespace run, each container as behave says, nil for all well.
func (c cluster) behave(t *testing.T, behave kubernetes.Behaviour) {
	t.Helper()
	if behave == nil {
		behave = func(*corev1.Pod, string) kubernetes.Outcome { return kubernetes.Outcome{} }
	}
	c.makeAccounts(t)
	c.plane.Kubelet(t, c.placement.Namespace, behave)
}

func (c cluster) makeAccounts(t *testing.T) {
	t.Helper()
	for _, of := range roles {
		account := Object{Resource: ServiceAccounts, Name: c.placement.roleName(of), Fields: map[string]any{
			"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": c.placement.roleName(of)},
		}}
		if err := c.api.apply(t.Context(), account, true, false); err != nil {
			t.Fatal(err)
		}
	}
}

// await reads a workload until it is as wanted.
func (c cluster) await(t *testing.T, kind workload.Kind, name, what string, wanted func(workload.Live) bool) workload.Live {
	t.Helper()
	var live workload.Live
	eventually.Holds(t, func() error {
		var err error
		if live, err = c.Get(t.Context(), kind, name); err == nil && !wanted(live) {
			err = fmt.Errorf("%s/%s: waited for: %s; last: %+v", kind, name, what, live.Status)
		}
		return err
	})
	return live
}

func (c cluster) apply(t *testing.T, manifest workload.Manifest, revision string) workload.Live {
	t.Helper()
	live, err := c.Apply(t.Context(), manifest, revision)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func TestTheServerTakesEveryRenderedObject(t *testing.T) {
	c := newCluster(t)
	autoscaled, full := testDeployment(), c.placement
	autoscaled.Replicas, autoscaled.Autoscaling = nil, &mlops.Autoscaling{Minimum: 1, Maximum: 3, CPUPercent: 60}
	full.Queue = "team"
	scheduling := Scheduling{
		NodeSelector: map[string]string{"pool": "gpu"},
		Tolerations:  []Toleration{{Key: "sku", Operator: "Equal", Value: "gpu", Effect: "NoSchedule"}},
	}
	full.Jobs, full.Serving = scheduling, scheduling
	long := strings.Repeat("long-name", 5)
	for name, manifest := range map[string]workload.Manifest{
		"service": testService(), "logs on a claim": claimed(), "job": testJob("train"), "schedule": testSchedule(),
		"control":    workload.Control(mlops.Project{Name: "flights"}, workload.Seen{}),
		"autoscaled": workload.Deployment(autoscaled, testVersion(1), "", workload.Seen{}),
		"long names": workload.Monitor(mlops.DriftMonitor{Name: long, Schedule: "@hourly"}, workload.Seen{}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, placement := range []Placement{c.placement, full} {
				for _, object := range rendered(t, manifest, placement).Objects() {
					if err := c.api.apply(t.Context(), object, false, true); err != nil {
						t.Error(err)
					}
				}
			}
		})
		// Deployments and jobs are taken also where their pods would not be: ask for the pod itself.
		t.Run(name+", its pod", func(t *testing.T) {
			c.makeAccounts(t)
			template := podTemplate(t, rendered(t, manifest, full).Primary)
			fields, err := tree(corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec})
			if err != nil {
				t.Fatal(err)
			}
			delete(fields, "status")
			fields["apiVersion"], fields["kind"], fields["metadata"].(map[string]any)["name"] = "v1", "Pod", "probe"
			if err := c.api.apply(t.Context(), Object{Resource: pods, Name: "probe", Fields: fields}, false, true); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnrestrictedPodIsRefused(t *testing.T) {
	c := newCluster(t)
	fields := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "probe"}, "spec": map[string]any{
		"serviceAccountName": c.placement.roleName(roleJobs), "containers": []any{map[string]any{"name": "a", "image": "b"}},
	}}
	c.makeAccounts(t)
	err := c.api.apply(t.Context(), Object{Resource: pods, Name: "probe", Fields: fields}, false, true)
	if err == nil || !strings.Contains(err.Error(), "PodSecurity") {
		t.Errorf("%v, want it refused: else the test above shows nothing", err)
	}
}

func TestServiceRollsOut(t *testing.T) {
	c := newCluster(t)
	c.behave(t, nil)
	first := c.apply(t, testService(), "")
	if !first.InSync() {
		t.Errorf("out of sync right after an apply: %s", first.Status.Message)
	}
	live := c.await(t, workload.KindService, "delay", "roll-out", workload.Live.RolledOut)
	if fmt.Sprint(live.Status.Versions) != "[3]" || len(live.Status.Replicas) != 2 || live.Status.Digests["serve"] == "" || live.Status.Message != "" {
		t.Errorf("%+v", live.Status)
	}
	if live.Revision != first.Revision {
		t.Errorf("revision %s became %s, though nobody wrote", first.Revision, live.Revision)
	}
	next := workload.Deployment(testDeployment(), testVersion(4), "scheduled_departure", workload.Seen{LogSequence: 8, SpecSequence: 2, Incarnation: "i1"})
	c.apply(t, next, live.Revision)
	live = c.await(t, workload.KindService, "delay", "the next version", workload.Live.RolledOut)
	if fmt.Sprint(live.Status.Versions) != "[4]" {
		t.Errorf("versions %v", live.Status.Versions)
	}
	if err := c.Delete(t.Context(), workload.KindService, "delay", "another"); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), workload.KindService, "delay"); err != nil {
		t.Errorf("deleted for another incarnation: %v", err)
	}
	if err := c.Delete(t.Context(), workload.KindService, "delay", "i1"); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), workload.KindService, "delay"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("%v, want it gone", err)
	}
	c.awaitNothing(t)
}

// awaitNothing waits until the namespace holds no object of a workload any more.
func (c cluster) awaitNothing(t *testing.T) {
	t.Helper()
	eventually.Holds(t, func() error {
		var left []string
		for _, resource := range []Resource{Deployments, Services, Autoscalers, DisruptionBudgets, Jobs, CronJobs, pods} {
			found, err := c.api.list(t.Context(), resource, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range found {
				left = append(left, resource.Kind+" "+object.meta().Name)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("left behind: %v", left)
		}
		return nil
	})
}
