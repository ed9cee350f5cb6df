package azurescene_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/eventually"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/control"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// install applies manifests as `kubectl apply --server-side` does.
func install(t *testing.T, plane *kubernetes.Plane, manifests string) {
	t.Helper()
	for document := range strings.SplitSeq(manifests, "---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		var object struct {
			APIVersion string                           `json:"apiVersion"`
			Kind       string                           `json:"kind"`
			Metadata   struct{ Name, Namespace string } `json:"metadata"`
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		root, plural := "/apis/", strings.ToLower(object.Kind)+"s"
		if object.APIVersion == "v1" {
			root = "/api/"
		}
		if stem, y := strings.CutSuffix(plural, "ys"); y {
			plural = stem + "ies"
		}
		at := root + object.APIVersion + "/namespaces/" + object.Metadata.Namespace + "/" + plural + "/" + object.Metadata.Name
		err := plane.Admin(t).CoreV1().RESTClient().Patch(types.ApplyPatchType).AbsPath(at).Param("fieldManager", kube.FieldManager).
			Body([]byte(document)).Do(t.Context()).Error()
		if err != nil {
			t.Fatalf("%s %s: %v", object.Kind, object.Metadata.Name, err)
		}
	}
}

// inside runs a controller in a cluster until the test ends.
func inside(t *testing.T, scene *azurescene.Scene, plane *kubernetes.Plane, container string) *project.Project {
	t.Helper()
	options := scene.Options(scene.Terraform)
	outside := options.Environment
	options.Environment = func(name string) string {
		if name == "MLOPS_CLUSTER" {
			return "weu"
		}
		return outside(name)
	}
	options.InCluster = func() (kube.Config, error) {
		return kube.Config{Host: plane.Host, CertificateAuthority: plane.CertificateAuthority,
			Token: func(context.Context) (string, error) { return plane.Token("admin"), nil }}, nil
	}
	on, err := azure.New(options).Open(t.Context(), scene.Place(container))
	if err != nil {
		t.Fatal(err)
	}
	in := project.Open(on, version.Version)
	ctx, cancel := context.WithCancel(context.Background())
	ticker, ended := time.NewTicker(100*time.Millisecond), make(chan struct{})
	go func() {
		defer close(ended)
		_ = control.New(in, hclog.NewNullLogger()).Run(ctx, ticker.C)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		ticker.Stop()
	})
	return in
}

// A cluster that Terraform cannot reach: it writes what is wanted, the controller that was installed once makes it so and says
// what it sees, which Terraform waits for, also when it destroys.
func TestControllerAppliesWhereTerraformCannotReach(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)
	plane.Kubelet(t, namespace, runs)
	closed := strings.Replace(string(kubeconfig(plane)), plane.Host, "https://127.0.0.1:1", 1)
	text := example(t, scene, scene.Cloud.Cluster(scene.Group, "weu", []byte(closed)), namespace)
	text = strings.Replace(text, "clusters = {", "apply_from = \"controller\"\n    clusters = {", 1) + `
data "mlops_agent_manifests" "it" {
  project_id = mlops_project.flights.id
}
`
	one := strings.Replace(text, "replicas        = 2", "replicas        = 1", 1)
	if one == text || !strings.Contains(text, "apply_from") {
		t.Fatalf("the example has another form by now:\n%s", text)
	}
	const served, monitor = "mlops_deployment.delay", "mlops_drift_monitor.delay"
	admin, manifests := plane.Admin(t), ""
	has := func(replicas int32) resource.TestCheckFunc {
		return func(*terraform.State) error {
			deployment, err := admin.AppsV1().Deployments(namespace).Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
			_, errSchedule := admin.BatchV1().CronJobs(namespace).Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
			if err = errors.Join(err, errSchedule); err == nil && (*deployment.Spec.Replicas != replicas || deployment.Status.ReadyReplicas != replicas) {
				err = fmt.Errorf("%d of %d replicas are ready, want %d", deployment.Status.ReadyReplicas, *deployment.Spec.Replicas, replicas)
			}
			return err
		}
	}
	scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{ // nobody is there yet, and nobody waits
				Config: text,
				Check: resource.ComposeAggregateTestCheckFunc(
					resource.TestCheckResourceAttr(served, "in_sync", "true"),
					resource.TestCheckResourceAttrWith("data.mlops_agent_manifests.it", "yaml", func(value string) error {
						manifests = value
						return nil
					})),
			},
			{Config: text, ConfigPlanChecks: empty},
			{
				PreConfig: func() {
					install(t, plane, manifests)
					open := scene.Open(t, "flights")
					version, run := acctest.Register(t, open, "flight-delay")
					acctest.Promoting(t, open, "flight-delay", run, version)
					acctest.Promoted(t, open, "flight-delay", run, version)
					in := inside(t, scene, plane, "flights")
					eventually.Holds(t, func() error {
						_, err := in.ControllerSeen(t.Context())
						return err
					})
				},
				Config: one, ConfigPlanChecks: repairs(served), Check: has(1),
			},
			{Config: one, ConfigPlanChecks: empty},
			{Config: text, Check: resource.ComposeAggregateTestCheckFunc(has(2), resource.TestCheckResourceAttr(monitor, "in_sync", "true"))},
		},
		CheckDestroy: func(*terraform.State) error {
			served, err := admin.AppsV1().Deployments(namespace).Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
			schedule, errSchedule := admin.BatchV1().CronJobs(namespace).Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
			if !apierrors.IsNotFound(err) && there(served.ObjectMeta) == 1 || !apierrors.IsNotFound(errSchedule) && there(schedule.ObjectMeta) == 1 {
				return fmt.Errorf("what was served is left: %v, %v", err, errSchedule) //nolint:errorlint // one of both may be nil
			}
			return serves(t.Context(), admin.AppsV1().Deployments(namespace), "flights-control")
		},
	})
}
