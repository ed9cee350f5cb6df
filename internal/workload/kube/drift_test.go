package kube

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// edit changes a live object as `kubectl patch` does.
func (c cluster) edit(t *testing.T, of Resource, name, patch, manager string) {
	t.Helper()
	request := c.api.rest.Patch(types.MergePatchType).AbsPath(c.api.path(of, name)).Param("fieldManager", manager).Body([]byte(patch))
	if err := request.Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
}

func TestHandEditsOfWhatWeOwnAreSeenAndRepaired(t *testing.T) {
	manifest := testService()
	manifest.Service.Autoscaling = &mlops.Autoscaling{Minimum: 2, Maximum: 4, CPUPercent: 70}
	for name, test := range map[string]struct {
		of    Resource
		patch string
		field string // that is named
		// revision says that the edit makes another one.
		revision bool
	}{
		"an image": {Deployments, `{"spec":{"template":{"spec":{"containers":[{"name":"serve","image":"other"}]}}}}`, "spec.template.spec.containers[serve]", true},
		"a label":  {Deployments, `{"metadata":{"labels":{"team":"others"}}}`, "metadata.labels.team", false},
		"manifest": {Deployments, `{"metadata":{"annotations":{"` + annotationManifest + `":"{}"}}}`, "metadata.annotations." + annotationManifest, true},
		"record":   {Deployments, `{"metadata":{"annotations":{"` + annotationFields + `":null}}}`, "metadata.annotations." + annotationFields, true},
		"port":     {Services, `{"spec":{"ports":[{"name":"http","port":81}]}}`, "Service spec.ports[80]", false},
		"budget":   {DisruptionBudgets, `{"spec":{"maxUnavailable":2}}`, "PodDisruptionBudget spec.maxUnavailable", false},
		"bound":    {Autoscalers, `{"spec":{"maxReplicas":9}}`, "HorizontalPodAutoscaler spec.maxReplicas", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.makeAccounts(t)
			before := c.apply(t, manifest, "")
			c.edit(t, test.of, "flights-delay", test.patch, "kubectl-edit")
			edited, err := c.Get(t.Context(), workload.KindService, "delay")
			if err != nil || edited.InSync() || !strings.Contains(edited.Status.Message, test.field) {
				t.Fatalf("in sync %t, %q (%v), want the edit of %s seen", edited.InSync(), edited.Status.Message, err, test.field)
			}
			if test.revision {
				if _, err := c.Apply(t.Context(), manifest, before.Revision); !errors.Is(err, mlops.ErrConflict) {
					t.Errorf("an apply that has not seen the edit: %v, want ErrConflict", err)
				}
			}
			repaired, err := c.Apply(t.Context(), manifest, edited.Revision)
			if err != nil || !repaired.InSync() {
				t.Errorf("in sync %t, %q (%v), want it repaired", repaired.InSync(), repaired.Status.Message, err)
			}
		})
	}
}

func TestRemovedByHandIsSeenAndRepaired(t *testing.T) {
	c := newCluster(t)
	live := c.apply(t, testService(), "")
	for _, resource := range []Resource{Services, DisruptionBudgets} {
		found, err := c.api.get(t.Context(), resource, "flights-delay")
		if err == nil {
			err = c.api.remove(t.Context(), resource, "flights-delay", found.meta().UID)
		}
		if err != nil {
			t.Fatal(err)
		}
		missing := c.await(t, workload.KindService, "delay", "the edit", func(live workload.Live) bool { return !live.InSync() })
		if !strings.Contains(missing.Status.Message, "there is no "+resource.Kind) {
			t.Errorf("%q", missing.Status.Message)
		}
		if live = c.apply(t, testService(), missing.Revision); !live.InSync() {
			t.Errorf("not repaired: %q", live.Status.Message)
		}
	}
}

// Policies and webhooks add to what we send; that is none of our business.
func TestWhatOthersAddIsLeftAlone(t *testing.T) {
	c := newCluster(t)
	live := c.apply(t, testService(), "")
	for _, patch := range []string{
		`{"metadata":{"annotations":{"policy":"yes"},"labels":{"cost":"1"}}}`,
		`{"spec":{"template":{"metadata":{"annotations":{"scraped":"yes"}}}}}`,
		`{"spec":{"template":{"spec":{"priorityClassName":"system-node-critical"}}}}`,
	} {
		c.edit(t, Deployments, "flights-delay", patch, "policy")
	}
	request := c.api.rest.Patch(types.StrategicMergePatchType).AbsPath(c.api.path(Deployments, "flights-delay")).
		Body([]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"serve","env":[{"name":"EXTRA","value":"1"}]}]}}}}`))
	if err := request.Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	seen, err := c.Get(t.Context(), workload.KindService, "delay")
	if err != nil || !seen.InSync() {
		t.Fatalf("out of sync: %q (%v)", seen.Status.Message, err)
	}
	next := testService()
	next.LogSequence++
	again := c.apply(t, next, seen.Revision)
	if !again.InSync() || again.Revision == live.Revision {
		t.Errorf("%q", again.Status.Message)
	}
	deployment, err := c.plane.Admin(t).AppsV1().Deployments(c.placement.Namespace).Get(t.Context(), "flights-delay", metav1.GetOptions{})
	if err != nil || deployment.Annotations["policy"] != "yes" || len(deployment.Spec.Template.Spec.Containers[0].Env) == 0 {
		t.Fatalf("%v", err)
	}
	if last := deployment.Spec.Template.Spec.PriorityClassName; last != "system-node-critical" {
		t.Errorf("what another has set is gone: %q", last)
	}
}

func TestFieldOfAnotherToolNamesTheTool(t *testing.T) {
	c := newCluster(t)
	live := c.apply(t, testService(), "")
	request := c.api.rest.Patch(types.ApplyYAMLPatchType).AbsPath(c.api.path(Deployments, "flights-delay")).
		Param("fieldManager", "argocd-controller").Param("force", "true").
		Body([]byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"flights-delay"},"spec":{"replicas":7}}`))
	if err := request.Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	seen, err := c.Get(t.Context(), workload.KindService, "delay")
	if err != nil || seen.InSync() || seen.Revision == live.Revision {
		t.Fatalf("in sync %t (%v)", seen.InSync(), err)
	}
	_, err = c.Apply(t.Context(), testService(), seen.Revision)
	if err == nil || errors.Is(err, mlops.ErrConflict) || !strings.Contains(err.Error(), "argocd-controller") || !strings.Contains(err.Error(), "spec.replicas") {
		t.Errorf("%v, want an error that names the tool and the field, and that no retry mends", err)
	}
}

func TestNameOfSomebodyElseIsRefused(t *testing.T) {
	c := newCluster(t)
	for name, test := range map[string]struct {
		manifest workload.Manifest
		body     string
		of       Resource
	}{
		"a Deployment": {testService(), `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"flights-delay"},"spec":{"selector":{"matchLabels":{"a":"b"}},
			"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a","image":"b"}]}}}}`, Deployments},
		"a Service beside it": {workload.Deployment(func() mlops.Deployment { d := testDeployment(); d.Name = "other"; return d }(), testVersion(1), "", workload.Seen{}),
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":"flights-other"},"spec":{"ports":[{"port":1}]}}`, Services},
	} {
		t.Run(name, func(t *testing.T) {
			object := rendered(t, test.manifest, c.placement).Primary.Name
			request := c.api.rest.Post().AbsPath(c.api.path(test.of, "")).Param("fieldManager", "helm").Body([]byte(test.body))
			if err := request.Do(t.Context()).Error(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Apply(t.Context(), test.manifest, ""); !errors.Is(err, mlops.ErrExists) || !strings.Contains(err.Error(), "helm") {
				t.Errorf("%v, want ErrExists that names the owner", err)
			}
			if err := c.Delete(t.Context(), workload.KindService, test.manifest.Name, ""); err != nil {
				t.Error(err)
			}
			if _, err := c.api.get(t.Context(), test.of, object); err != nil {
				t.Errorf("what is not ours was deleted: %v", err)
			}
		})
	}
}

func TestAnotherProjectOfTheNamespaceIsNoneOfOurs(t *testing.T) {
	c := newCluster(t)
	c.apply(t, testService(), "")
	other := c.placement
	other.Place += "-other"
	stranger := newClient(t, c.plane, other, "admin")
	if _, err := stranger.Get(t.Context(), workload.KindService, "delay"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
	if all, err := stranger.List(t.Context(), workload.KindService); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := stranger.Apply(t.Context(), testService(), ""); !errors.Is(err, mlops.ErrExists) || !strings.Contains(err.Error(), "project flights at") {
		t.Errorf("%v, want ErrExists that names the project", err)
	}
}

// A count never falls while it changes hands.
func TestReplicasAreHandedOver(t *testing.T) {
	c := newCluster(t)
	c.behave(t, nil)
	fixed := testService()
	fixed.Service.Replicas = 3
	live := c.apply(t, fixed, "")
	c.await(t, workload.KindService, "delay", "three replicas", workload.Live.RolledOut)
	least := c.watchReplicas(t)

	scaled := testService()
	scaled.LogSequence++
	scaled.Service.Replicas, scaled.Service.Autoscaling = 2, &mlops.Autoscaling{Minimum: 2, Maximum: 6, CPUPercent: 70}
	live = c.apply(t, scaled, live.Revision)
	if !live.InSync() {
		t.Errorf("out of sync after the autoscaler came: %s", live.Status.Message)
	}
	c.edit(t, Resource{APIVersion: "apps/v1", Plural: "deployments"}, "flights-delay/scale", `{"spec":{"replicas":5}}`, "kube-controller-manager")
	seen := c.await(t, workload.KindService, "delay", "five replicas", func(live workload.Live) bool {
		return live.Status.Ready == 5 && live.RolledOut()
	})
	if !seen.InSync() {
		t.Errorf("what the autoscaler does is no edit: %s", seen.Status.Message)
	}
	scaled.LogSequence++
	live = c.apply(t, scaled, seen.Revision) // a promotion meanwhile
	if count := liveReplicas(c.deployment(t), 0); count != 5 {
		t.Errorf("%d replicas after a promotion, want the 5 that lived", count)
	}
	fixed.LogSequence, fixed.Service.Replicas = scaled.LogSequence+1, 5
	live = c.apply(t, fixed, live.Revision)
	if _, err := c.api.get(t.Context(), Autoscalers, "flights-delay"); !errors.Is(err, mlops.ErrNotFound) {
		t.Errorf("the autoscaler is still there: %v", err)
	}
	if !live.InSync() {
		t.Errorf("out of sync after the autoscaler went: %s", live.Status.Message)
	}
	if got := least(); got != 3 {
		t.Errorf("%d replicas were wanted at one time, never below 3 is promised", got)
	}
}

func (c cluster) deployment(t *testing.T) object {
	t.Helper()
	found, err := c.api.get(t.Context(), Deployments, "flights-delay")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// watchReplicas follows every change of the count; the function returned ends that and says the least.
func (c cluster) watchReplicas(t *testing.T) func() int32 {
	t.Helper()
	watch, err := c.plane.Admin(t).AppsV1().Deployments(c.placement.Namespace).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	least, done := int32(1000), make(chan struct{})
	var seen atomic.Value // the revision of the last event
	go func() {
		defer close(done)
		for event := range watch.ResultChan() {
			if deployment, ok := event.Object.(*appsv1.Deployment); ok && deployment.Spec.Replicas != nil {
				least = min(least, *deployment.Spec.Replicas)
				seen.Store(deployment.ResourceVersion)
			}
		}
	}()
	return func() int32 {
		eventually.Holds(t, func() error {
			if now := c.deployment(t).meta().ResourceVersion; seen.Load() != now {
				return fmt.Errorf("the watch has seen revision %v of %s", seen.Load(), now)
			}
			return nil
		})
		watch.Stop()
		<-done
		return least
	}
}

func TestWriterThatHasSeenLessChangesNothingBeside(t *testing.T) {
	c := newCluster(t)
	manifest := testService()
	manifest.Service.Autoscaling = &mlops.Autoscaling{Minimum: 2, Maximum: 4, CPUPercent: 70}
	live := c.apply(t, manifest, "")
	// Another writer has come as far as the autoscaler, with more seen.
	ahead := manifest
	ahead.LogSequence += 5
	service := *manifest.Service
	service.Autoscaling = &mlops.Autoscaling{Minimum: 3, Maximum: 8, CPUPercent: 70}
	ahead.Service = &service
	for _, object := range rendered(t, ahead, c.placement).Secondary {
		current, err := c.api.get(t.Context(), object.Resource, object.Name)
		if err == nil {
			err = c.write(t.Context(), object, current)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	manifest.LogSequence++
	if _, err := c.Apply(t.Context(), manifest, live.Revision); !errors.Is(err, mlops.ErrConflict) {
		t.Errorf("%v, want ErrConflict", err)
	}
	autoscaler, err := c.api.get(t.Context(), Autoscalers, "flights-delay")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(autoscaler["spec"].(map[string]any)["maxReplicas"]); got != "8" {
		t.Errorf("maxReplicas %s, want the 8 of the one that has seen more", got)
	}
}
