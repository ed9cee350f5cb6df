package azurescene_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/kubernetes"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// A newer provider plans a change of the agent's version and rolls the controller; an older one is refused.
func TestProviderUpgradeRollsTheController(t *testing.T) {
	plane := kubernetes.Shared(t)
	scene, namespace := azurescene.Start(t), plane.Namespace(t)+"-own"
	config := standing(scene, scene.Cloud.Cluster(scene.Group, "weu", kubeconfig(plane)), namespace, "", "")
	before := version.Version
	t.Cleanup(func() { version.Version = before })
	becomes := func(next string) func() { return func() { version.Version = next } }
	const address, newer = "mlops_project.p", "99.1.0"
	runs := func(of string) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(resource.TestCheckResourceAttr(address, "agent_version", of), func(*terraform.State) error {
			deployment, err := plane.Admin(t).AppsV1().Deployments(namespace).Get(t.Context(), "settling-control", metav1.GetOptions{})
			if err != nil {
				return err
			}
			if image, want := deployment.Spec.Template.Spec.Containers[0].Image, "ghcr.io/terraform-mlops/mlops:"+of; image != want {
				return fmt.Errorf("the controller runs %s, want %s", image, want)
			}
			return nil
		})
	}
	scene.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: config, Check: runs(before)},
		{PreConfig: becomes(newer), Config: config, ConfigPlanChecks: repairs(address), Check: runs(newer)},
		{Config: config, ConfigPlanChecks: empty},
		{PreConfig: becomes("99.0.3"), Config: config, ExpectError: regexp.MustCompile(`(?s)agent_version\s+would\s+go\s+back.*99\.1\.0`)},
		{PreConfig: becomes(newer), Config: config, ConfigPlanChecks: empty},
	}})
}
