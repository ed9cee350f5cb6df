package provider_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurescene"
)

// inContainer is everything, in a container of a scene, with more of azure where a test has some.
func inContainer(t *testing.T, scene *azurescene.Scene, more string) string {
	t.Helper()
	azure := fmt.Sprintf("azure = {\n store = { storage_account_id = %q }\n %s\n }", scene.AccountID, more)
	return strings.Replace(fmt.Sprintf(everything, "", acctest.File(t, "good.csv", miles)), `local = { path = "" }`, azure, 1)
}

var empty = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

// A project with all that stands in it is made, left alone, changed, found changed, and removed, in a container of Azurite
// that the fake of the management API makes.
func TestProjectInAContainer(t *testing.T) {
	t.Parallel()
	scene := azurescene.Start(t)
	config := strings.Replace(inContainer(t, scene, ""), "# project", "force_destroy = true", 1)
	changed := strings.Replace(config, "auc = { goal = \"maximize\" }", "auc = { goal = \"maximize\", minimum = 0.6 }", 1)
	place := scene.Place("flights")
	scene.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: config, Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("mlops_project.p", "id", place+"/projects/flights"),
				resource.TestCheckResourceAttr("mlops_project.p", "azure.store.container", "flights"),
				resource.TestCheckResourceAttr("mlops_project.p", "in_sync", "true"),
				resource.TestCheckResourceAttr("mlops_dataset_version.v", "rows", "10"),
				resource.TestCheckResourceAttr("mlops_deployment.s", "in_sync", "true"),
			)},
			{Config: config, ConfigPlanChecks: empty},
			// An ARM ID in other letters is the same place.
			{Config: strings.Replace(config, scene.AccountID, strings.ToUpper(scene.AccountID), 1), Check: resource.TestCheckResourceAttr("mlops_project.p", "id", place+"/projects/flights")},
			{Config: config},
			{Config: changed, Check: resource.TestCheckResourceAttr("mlops_model.m", "validation.metrics.auc.minimum", "0.6")},
			{Config: changed, ConfigPlanChecks: empty},
			{ResourceName: "mlops_model.m", ImportState: true, ImportStateId: place + "/models/delay", ImportStateVerify: true},
		},
		CheckDestroy: func(*terraform.State) error {
			if scene.Blobs.HasContainer(t, "mlopstest", "flights") {
				return errors.New("the container is still there")
			}
			return nil
		},
	})
}
