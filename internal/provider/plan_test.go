package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
)

// everything declares one of each, in a folder, from a source.
const everything = `
	resource "mlops_project" "p" {
		name  = "flights"
		local = { path = %[1]q }
		# project
	}
	resource "mlops_dataset" "d" {
		project_id = mlops_project.p.id
		name       = "flights"
		columns    = { miles = { type = "number" }, late = { type = "boolean", role = "label" } }
	}
	resource "mlops_dataset_version" "v" {
		dataset_id = mlops_dataset.d.id
		source     = %[2]q
	}
	resource "mlops_training" "t" {
		dataset_id = mlops_dataset.d.id
		name       = "delay"
		image      = "x:1"
		train      = { command = ["true"] }
		evaluate   = { command = ["true"] }
		serve      = { command = ["true"] }
	}
	resource "mlops_model" "m" {
		training_id = mlops_training.t.id
		name        = "delay"
		validation  = { metrics = { auc = { goal = "maximize" } } }
	}
	resource "mlops_deployment" "s" {
		model_id = mlops_model.m.id
		# deployment
	}
	resource "mlops_drift_monitor" "w" {
		deployment_id = mlops_deployment.s.id
		schedule      = "0 * * * *"
		window        = "24h"
		# monitor
	}
	resource "mlops_retrain_policy" "r" {
		model_id = mlops_model.m.id
		triggers = { drift = { monitor_ids = [mlops_drift_monitor.w.id] } }
		# policy
	}
`

const miles = "miles,late\n1,true\n2,false\n3,true\n4,false\n5,true\n6,false\n7,true\n8,false\n9,true\n10,false\n"

// What one plan declares together is checked together: nothing has to be applied for a slip to show.
func TestFirstPlanChecksEverything(t *testing.T) {
	good := acctest.File(t, "good.csv", miles)
	other := acctest.File(t, "other.csv", "mls,late\n1,true\n")
	empty := acctest.File(t, "empty.csv", "")
	for name, bad := range map[string]struct{ old, new, want string }{
		"columns of the source": {good, other, `columns.miles: is declared but missing; the source has mls, late`},
		"empty source":          {good, empty, `it is empty; the first line names the columns`},
		"feature":               {"# monitor", `features = { mils = {} }`, `features.mils: dataset "flights" has no feature "mils"; it has \[miles\]`},
		"slice":                 {`"maximize" } }`, `"maximize" } }, slices = { orign = { metric = "auc", maximum_gap = 0.1 } }`, `has no column "orign"`},
		"pinned version":        {"# deployment", "version = 1", `model "delay" has no version 1; no version is registered yet`},
		"force_destroy":         {"# project", "force_destroy = true\non_destroy = \"retain\"", `it means on_destroy = "delete", and on_destroy is "retain"`},
	} {
		t.Run(name, func(t *testing.T) {
			config := strings.Replace(fmt.Sprintf(everything, acctest.Folder(t), good), bad.old, bad.new, 1)
			acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{{Config: config, PlanOnly: true, ExpectError: refusal(bad.want)}}})
		})
	}
}

// One object is one resource: a second one would adopt the first's, and each destroy would take it from the other.
func TestTwoResourcesOfOneObject(t *testing.T) {
	good := acctest.File(t, "good.csv", miles)
	for name, second := range map[string]struct{ config, want string }{
		"name": {`resource "mlops_dataset" "d2" {
			project_id = mlops_project.p.id
			name       = "flights"
			columns    = { a = { type = "number" } }
		}`, `this configuration declares dataset "flights" twice`},
		"default name": {`resource "mlops_deployment" "s2" { model_id = mlops_model.m.id }`, `this configuration declares deployment "delay" twice`},
		"policy": {`resource "mlops_retrain_policy" "r2" {
			model_id   = mlops_model.m.id
			depends_on = [mlops_drift_monitor.w]
		}`, `this configuration declares retrain policy "delay" twice`},
		"version": {fmt.Sprintf(`resource "mlops_dataset_version" "v2" {
			dataset_id = mlops_dataset.d.id
			source     = %q
		}`, good), `publishes the same content of dataset "flights" twice`},
	} {
		t.Run(name, func(t *testing.T) {
			config := fmt.Sprintf(everything, acctest.Folder(t), good) + second.config
			acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{{Config: config, PlanOnly: true, ExpectError: refusal(second.want)}}})
		})
	}
}

// Another address for the same object is a move; without it Terraform would create and destroy it in any order. A
// replacement of an object by itself is none of that.
func TestAnotherAddressIsAMove(t *testing.T) {
	folder, source := acctest.Folder(t), acctest.File(t, "good.csv", miles)
	config := strings.Replace(fmt.Sprintf(everything, folder, source), "# project", "force_destroy = true", 1)
	renamed := strings.ReplaceAll(strings.ReplaceAll(config, `"mlops_dataset" "d"`, `"mlops_dataset" "e"`), "mlops_dataset.d.", "mlops_dataset.e.")
	moved := "moved {\n from = mlops_dataset.d\n to = mlops_dataset.e\n}\n"
	acctest.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: config},
			{Config: renamed, ExpectError: refusal(`moved \{ from = mlops_dataset.<old>, to = mlops_dataset.<new> \}`)},
			{Config: renamed + moved, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
			{Config: renamed + moved, Taint: []string{"mlops_dataset.e", "mlops_dataset_version.v", "mlops_drift_monitor.w"}},
			{Config: renamed + moved, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		},
		CheckDestroy: nothingIn(folder),
	})
}

// force_destroy is on_destroy = "delete", said shorter: a project with versions goes with all of them.
func TestForceDestroy(t *testing.T) {
	folder, source := acctest.Folder(t), acctest.File(t, "good.csv", miles)
	kept := fmt.Sprintf(everything, folder, source)
	forced := strings.Replace(kept, "# project", "force_destroy = true", 1)
	acctest.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: kept, Check: resource.TestCheckResourceAttr("mlops_project.p", "on_destroy", "refuse")},
			{Config: kept, Destroy: true, ExpectError: refusal(`to delete everything, set force_destroy = true`)},
			{Config: forced, Check: resource.TestCheckResourceAttr("mlops_project.p", "on_destroy", "delete")},
		},
		CheckDestroy: nothingIn(folder),
	})
}

// A name that is known after apply only may be another object's: it is planned as a replacement, whatever it turns out to be.
func TestNameThatIsKnownLater(t *testing.T) {
	folder := acctest.Folder(t)
	config := func(suffix string) string {
		return fmt.Sprintf(`
			resource "terraform_data" "later" { input = %q }
			resource "mlops_project" "p" {
				name          = "flights"
				local         = { path = %q }
				force_destroy = true
			}
			resource "mlops_dataset" "d" {
				project_id = mlops_project.p.id
				name       = "d-${terraform_data.later.output}"
				columns    = { a = { type = "number" } }
			}`, suffix, folder)
	}
	acctest.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			{Config: config("one")},
			{
				Config:           config("two"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("mlops_dataset.d", plancheck.ResourceActionReplace)}},
				Check:            resource.TestCheckResourceAttr("mlops_dataset.d", "name", "d-two"),
			},
		},
		CheckDestroy: nothingIn(folder),
	})
}
