package provider_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/fakeworkloads"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
)

const serving = `
resource "mlops_project" "p" {
	name       = "p"
	local      = { path = "fake" }
	on_destroy = "delete"
}
resource "mlops_dataset" "d" {
	project_id = mlops_project.p.id
	name       = "d"
	columns    = { a = { type = "number" } }
}
resource "mlops_training" "t" {
	dataset_id = mlops_dataset.d.id
	name       = "t"
	image      = "i:1"
	train      = { command = ["t"] }
	evaluate   = { command = ["e"] }
	serve      = { command = ["s"] }
}
resource "mlops_model" "m" {
	training_id = mlops_training.t.id
	name        = "m"
	validation  = { metrics = { auc = { goal = "maximize" } } }
}
`

const deployed = serving + `
resource "mlops_deployment" "s" {
	model_id = mlops_model.m.id
	roll_out = { timeout = "1s" }
}
`

// A roll-out that is late is an error on update, no reason to destroy what serves on create, and done once it is ready.
func TestLateRollOut(t *testing.T) {
	fakes := acctest.NewFakes()
	promote := func() {
		version, run := acctest.Register(t, fakes.Project, "m")
		acctest.Promoting(t, fakes.Project, "m", run, version)
		acctest.Promoted(t, fakes.Project, "m", run, version)
		fakes.Workloads.Hold("m", "the health path answers 500") // its pods start and never become ready
	}
	changed := strings.Replace(deployed, `roll_out =`, "replicas = 3\n\troll_out =", 1)
	fakes.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: serving},
		{PreConfig: promote, Config: deployed}, // a warning
		{Config: deployed, PlanOnly: true},     // and nothing to replace
		{Config: changed, ExpectError: refusal(`is not ready after 1s: 0 of 3 replicas run what is wanted`)},
		{
			PreConfig: func() { fakes.Workloads.Hold("m", ""); fakes.Workloads.Step(time.Now()) }, Config: changed,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: expect(plancheck.ResourceActionNoop, "mlops_model.m")},
		},
	}})
}

var errOutage = errors.New("the store is not reachable")

// A workload that cannot be declared after its spec was written is a warning and a change to repair, never a taint.
func TestFailureAfterTheSpecIsRepaired(t *testing.T) {
	fakes := acctest.NewFakes()
	failing := true
	fakes.Workloads.Before = func(verb, key string) error {
		if failing && verb == fakeworkloads.VerbApply && key == "services/control" {
			return errOutage
		}
		return nil
	}
	fakes.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: serving, ExpectNonEmptyPlan: true},
		{
			PreConfig: func() { failing = false }, Config: serving,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: expect(plancheck.ResourceActionUpdate, "mlops_project.p")},
		},
	}})
}

// An apply that ended after its write and before anybody heard of it is taken up by the next one, and nothing stands twice.
func TestUnheardCreateIsAdopted(t *testing.T) {
	fakes := acctest.NewFakes()
	unreachable := true
	model := func(verb, key string) error {
		if unreachable && strings.HasPrefix(key, "specs/models/m/") && verb != memstore.VerbList {
			return errOutage
		}
		return nil
	}
	fakes.Store.After = model // the document is there, and neither the reply nor a look at it comes through
	fakes.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: serving, ExpectError: refusal(`the store is not reachable`)},
		{
			PreConfig: func() { unreachable = false }, Config: serving,
			PostApplyFunc: func() {
				documents, err := fakes.Store.List(t.Context(), "specs/models/", "", 0)
				if err != nil || len(documents) != 1 {
					t.Errorf("%v %v stand for the model, want one document", documents, err)
				}
			},
		},
	}})
}
