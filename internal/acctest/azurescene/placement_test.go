package azurescene_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

// runs is a container that starts and stays.
func runs(*corev1.Pod, string) kubernetes.Outcome { return kubernetes.Outcome{} }

// stands checks what of a project is in a namespace of a cluster.
func stands(t *testing.T, plane *kubernetes.Plane, namespace string, all bool) resource.TestCheckFunc {
	return func(*terraform.State) error {
		admin, ours := plane.Admin(t), metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=mlops"}
		deployments, err := admin.AppsV1().Deployments(namespace).List(t.Context(), ours)
		schedules, err2 := admin.BatchV1().CronJobs(namespace).List(t.Context(), ours)
		accounts, err3 := admin.CoreV1().ServiceAccounts(namespace).List(t.Context(), ours)
		policies, err4 := admin.NetworkingV1().NetworkPolicies(namespace).List(t.Context(), ours)
		if err := errors.Join(err, err2, err3, err4); err != nil {
			return err
		}
		got := [4]int{}
		for _, one := range deployments.Items {
			got[0] += there(one.ObjectMeta)
		}
		for _, one := range schedules.Items {
			got[1] += there(one.ObjectMeta)
		}
		for _, one := range accounts.Items {
			got[2] += there(one.ObjectMeta)
		}
		for _, one := range policies.Items {
			got[3] += there(one.ObjectMeta)
		}
		want := [4]int{}
		if all {
			want = [4]int{2, 1, 3, 4}
		}
		if got != want {
			return fmt.Errorf("deployments, schedules, accounts and policies in %s of %s: %v, want %v", namespace, plane.Host, got, want)
		}
		return nil
	}
}

// there is 1, and 0 for what is going: the cluster collects in its own time.
func there(of metav1.ObjectMeta) int {
	if of.DeletionTimestamp != nil {
		return 0
	}
	return 1
}

func credentials(scene *azurescene.Scene, issuer string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		count := 0
		for id, body := range scene.Cloud.Inventory() {
			if !strings.Contains(strings.ToLower(id), "/federatedidentitycredentials/") {
				continue
			}
			if count++; !strings.Contains(fmt.Sprint(body), scene.Cloud.Issuer(issuer)) {
				return fmt.Errorf("%s is for another issuer than %s: %v", id, issuer, body)
			}
		}
		if count != 3 {
			return fmt.Errorf("%d federated credentials, want 3", count)
		}
		return nil
	}
}

// A cluster that is replaced in the same apply, and one that stands under the ID of another since: everything is made at the
// new place, waited for, and gone from the old one where that can still be reached.
func TestProjectFollowsItsCluster(t *testing.T) {
	first, second := kubernetes.Shared(t), kubernetes.New(t)
	scene, namespace := azurescene.Start(t), first.Namespace(t)
	if _, err := second.Admin(t).CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	first.Kubelet(t, namespace, runs)
	second.Kubelet(t, namespace, runs)
	weu, neu := scene.Cloud.Cluster(scene.Group, "weu", kubeconfig(first)), scene.Cloud.Cluster(scene.Group, "neu", kubeconfig(second))
	text := strings.ReplaceAll(example(t, scene, weu, namespace), quoted(weu), "terraform_data.cluster.output")
	in := func(cluster string) string {
		return text + fmt.Sprintf("\nresource \"terraform_data\" \"cluster\" {\n  input = %q\n}\n", cluster)
	}
	const served, monitor = "mlops_deployment.delay", "mlops_drift_monitor.delay"
	scene.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: in(weu)},
		{
			PreConfig: func() {
				open := scene.Open(t, "flights")
				version, run := acctest.Register(t, open, "flight-delay")
				acctest.Promoting(t, open, "flight-delay", run, version)
				acctest.Promoted(t, open, "flight-delay", run, version)
			},
			Config: in(weu), Check: resource.ComposeAggregateTestCheckFunc(stands(t, first, namespace, true), stands(t, second, namespace, false), credentials(scene, "weu")),
		},
		{
			Config: in(neu), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction("mlops_project.flights", plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(served, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(monitor, plancheck.ResourceActionUpdate),
			}},
			Check: resource.ComposeAggregateTestCheckFunc(stands(t, first, namespace, false), stands(t, second, namespace, true), credentials(scene, "neu")),
		},
		{Config: in(neu), ConfigPlanChecks: empty},
		{ // another cluster under the same ID: the one before it cannot be asked any more
			PreConfig: func() { scene.Cloud.Cluster(scene.Group, "neu", kubeconfig(first)) },
			Config:    in(neu), ConfigPlanChecks: repairs("mlops_project.flights", served, monitor),
			Check: resource.ComposeAggregateTestCheckFunc(stands(t, first, namespace, true), stands(t, second, namespace, true), credentials(scene, "neu")),
		},
		{Config: in(neu), ConfigPlanChecks: empty},
		{ // a cluster that somebody has removed is no reason to forget the project
			PreConfig: func() { scene.Cloud.Remove(neu) },
			Config:    in(neu), PlanOnly: true, ExpectNonEmptyPlan: true,
		},
	}})
}

// What moves between clusters of one project goes on running where it was until it runs where it is wanted.
func TestDeploymentMovesBetweenClusters(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, one, two := azurescene.Start(t), plane.Namespace(t), plane.Namespace(t)
	plane.Kubelet(t, one, runs)
	weu := scene.Cloud.Cluster(scene.Group, "weu", kubeconfig(plane))
	text := strings.Replace(example(t, scene, weu, one), "clusters = {", fmt.Sprintf("default_cluster = \"weu\"\n    clusters = {\n      neu = { id = %q, namespace = %q }", weu, two), 1)
	if !strings.Contains(text, "default_cluster") {
		t.Fatalf("the example has another form by now:\n%s", text)
	}
	moved := strings.Replace(text, "alias           = \"champion\"", "alias   = \"champion\"\n  cluster = \"neu\"", 1)
	if moved == text {
		t.Fatalf("the example has another form by now:\n%s", text)
	}
	has := func(namespace string, want bool) resource.TestCheckFunc {
		return func(*terraform.State) error {
			found, err := plane.Admin(t).AppsV1().Deployments(namespace).Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
			if (err == nil && there(found.ObjectMeta) == 1) != want {
				return fmt.Errorf("serves in %s: %v (%v)", namespace, !want, err) //nolint:errorlint // err may be nil
			}
			return nil
		}
	}
	const served = "mlops_deployment.delay"
	scene.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: text},
		{
			PreConfig: func() {
				open := scene.Open(t, "flights")
				version, run := acctest.Register(t, open, "flight-delay")
				acctest.Promoting(t, open, "flight-delay", run, version)
				acctest.Promoted(t, open, "flight-delay", run, version)
			},
			Config: text, Check: has(one, true),
		},
		{
			PreConfig: func() { plane.Kubelet(t, two, runs) },
			Config:    moved, Check: resource.ComposeAggregateTestCheckFunc(has(one, false), has(two, true),
				resource.TestCheckResourceAttr(served, "endpoint_url", "http://flights-flight-delay."+two+".svc.cluster.local")),
		},
		{Config: moved, ConfigPlanChecks: empty},
	}})
}
