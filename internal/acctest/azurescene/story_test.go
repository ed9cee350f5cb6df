package azurescene_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	v1 "k8s.io/client-go/kubernetes/typed/apps/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
)

func TestMain(m *testing.M) { os.Exit(kubernetes.Main(m)) }

// example is examples/azure with what the scene has in the place of azurerm's resources.
func example(t *testing.T, scene *azurescene.Scene, cluster, namespace string) string {
	t.Helper()
	text, err := os.ReadFile("../../../examples/azure/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	data, err := filepath.Abs("../../../examples/quickstart/data/2001-01.csv")
	if err != nil {
		t.Fatal(err)
	}
	insights := scene.Cloud.Component(scene.Group, "ml", "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://127.0.0.1:1/")
	pairs := []string{
		"azurerm_storage_account.ml.id", quoted(scene.AccountID), "azurerm_kubernetes_cluster.ml.id", quoted(cluster),
		"azurerm_application_insights.ml.id", quoted(insights), "azurerm_resource_group.ml.id", quoted(scene.GroupID), `"../quickstart/data/2001-01.csv"`, quoted(data),
		`namespace = "flights", create_namespace = true`, "namespace = " + quoted(namespace),
		`name = "flights"` + "\n  azure", "name = \"flights\"\n  force_destroy = true\n  azure",
	}
	for _, role := range []string{"control", "jobs", "serving"} {
		id, _ := scene.Cloud.Identity(scene.Group, role)
		pairs = append(pairs, fmt.Sprintf("azurerm_user_assigned_identity.ml[%q].id", role), quoted(id))
	}
	config := strings.NewReplacer(pairs...).Replace(string(text))
	if strings.Contains(config, "azurerm") {
		t.Fatalf("the example stands on something that the scene has not:\n%s", config)
	}
	return config
}

func quoted(text string) string { return fmt.Sprintf("%q", text) }

// kubeconfig is what AKS would answer of a cluster with accounts of its own.
func kubeconfig(plane *kubernetes.Plane) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %q}}]
users: [{name: u, user: {token: %q}}]
`, plane.Host, base64.StdEncoding.EncodeToString(plane.CertificateAuthority), plane.Token("admin"))
}

var (
	empty   = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	repairs = func(addresses ...string) resource.ConfigPlanChecks {
		var checks []plancheck.PlanCheck
		for _, address := range addresses {
			checks = append(checks, plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate))
		}
		return resource.ConfigPlanChecks{PreApply: checks}
	}
)

// The example, from nothing to a model that is served, with changes behind Terraform's back, and away again: real Terraform,
// Azurite, the fake of the management API and a real API server.
func TestExampleOnAzure(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)
	good := kubeconfig(plane)
	cluster := scene.Cloud.Cluster(scene.Group, "weu", good)
	config := example(t, scene, cluster, namespace)
	admin := plane.Admin(t)
	deployments := admin.AppsV1().Deployments(namespace)
	const project, served, monitor = "mlops_project.flights", "mlops_deployment.delay", "mlops_drift_monitor.delay"

	scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: config, Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(project, "in_sync", "true"),
				resource.TestCheckResourceAttr(served, "endpoint_url", "http://flights-flight-delay."+namespace+".svc.cluster.local"),
				resource.TestCheckResourceAttr("mlops_dataset_version.january", "number", "1"),
				func(*terraform.State) error {
					_, err := admin.BatchV1().CronJobs(namespace).Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
					return errors.Join(err, serves(t.Context(), deployments, "flights-control"))
				},
			)},
			{Config: config, ConfigPlanChecks: empty},
			{ // the first promotion, by an agent; what serves is the provider's to make where no controller runs
				PreConfig: func() {
					in := scene.Open(t, "flights")
					version, run := acctest.Register(t, in, "flight-delay")
					acctest.Promoting(t, in, "flight-delay", run, version)
					acctest.Promoted(t, in, "flight-delay", run, version)
				},
				Config: config, ConfigPlanChecks: repairs(served),
				Check: func(*terraform.State) error {
					_, err := admin.CoreV1().Services(namespace).Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
					return errors.Join(err, serves(t.Context(), deployments, "flights-flight-delay"))
				},
			},
			{Config: config, ConfigPlanChecks: empty},
			{ // hand edits and removals show, and are repaired
				PreConfig: func() {
					two, _ := deployments.Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
					two.Spec.Replicas = new(int32(1))
					if _, err := deployments.Update(t.Context(), two, metav1.UpdateOptions{}); err != nil {
						t.Error(err)
					}
					if err := admin.BatchV1().CronJobs(namespace).Delete(t.Context(), "flights-flight-delay", metav1.DeleteOptions{}); err != nil {
						t.Error(err)
					}
				},
				Config: config, ConfigPlanChecks: repairs(served, monitor),
				Check: func(*terraform.State) error {
					repaired, err := deployments.Get(t.Context(), "flights-flight-delay", metav1.GetOptions{})
					if err == nil && *repaired.Spec.Replicas != 2 {
						err = fmt.Errorf("%d replicas", *repaired.Spec.Replicas)
					}
					return err
				},
			},
			{ // nobody answers: state stays as it was seen, and nothing is planned
				PreConfig: func() {
					gone := strings.Replace(string(good), plane.Host, "https://127.0.0.1:1", 1)
					scene.Cloud.Cluster(scene.Group, "weu", []byte(gone))
				},
				Config: config, ConfigPlanChecks: empty,
			},
			{PreConfig: func() { scene.Cloud.Cluster(scene.Group, "weu", good) }, Config: config, ConfigPlanChecks: empty},
		},
		CheckDestroy: func(*terraform.State) error {
			left, err := deployments.List(t.Context(), metav1.ListOptions{})
			for _, one := range left.Items {
				if there(one.ObjectMeta) == 1 {
					err = errors.Join(err, fmt.Errorf("%s is left in the cluster", one.Name))
				}
			}
			if scene.Blobs.HasContainer(t, "mlopstest", "flights") {
				err = errors.Join(err, errors.New("the container is left"))
			}
			return err
		},
	})
}

func serves(ctx context.Context, deployments v1.DeploymentInterface, name string) error {
	_, err := deployments.Get(ctx, name, metav1.GetOptions{})
	return err
}

// Who may nothing, or is somebody else, is told by real Terraform.
func TestErrorsOfAzureSayWhatToDo(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)
	config := example(t, scene, scene.Cloud.Cluster(scene.Group, "weu", kubeconfig(plane)), namespace)
	nobody := scene.Cloud.Application("nobody")
	scene.RunAs(t, nobody, resource.TestCase{Steps: []resource.TestStep{
		{Config: config, ExpectError: regexp.MustCompile(`(?s)Unable to create project.*AuthorizationFailed`)},
	}})
	nobody.Secret = "wrong"
	scene.RunAs(t, nobody, resource.TestCase{Steps: []resource.TestStep{
		{Config: config, ExpectError: regexp.MustCompile(`AADSTS7000215`)},
	}})
}
