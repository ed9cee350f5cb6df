package provider_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// refusal matches words of an error however Terraform wraps them.
func refusal(words string) *regexp.Regexp {
	return regexp.MustCompile(regexp.MustCompile(`\s+`).ReplaceAllString(words, `[\s│]+`))
}

// A project with versions is destroyed only when told to, and nothing of it goes before that is known.
func TestDestroyOfVersionsIsRefusedAtPlan(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	refuse, retain := config.Variables{"on_destroy": config.StringVariable("refuse")}, config.Variables{"on_destroy": config.StringVariable("retain")}
	refused := loop(folder, source, refuse)
	refused.Destroy, refused.ExpectError = true, refusal(`versions of dataset "flights", and on_destroy is "refuse"`)
	acctest.Run(t, resource.TestCase{
		Steps: []resource.TestStep{
			loop(folder, source, refuse), refused, loop(folder, source, refuse, plancheck.ExpectEmptyPlan()), loop(folder, source, retain),
		},
		CheckDestroy: func(*terraform.State) error {
			versions, err := dataset.Versions(t.Context(), acctest.Open(t, folder).Store, "flights")
			if err != nil || len(versions) != 1 {
				return fmt.Errorf("%v is left of a project that was to be retained, want its one version: %w", versions, err)
			}
			return nil
		},
	})
}

// Every bad input is an error that names the attribute and says what to do.
func TestBadInput(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	feature := config.MapVariable(map[string]config.Variable{"distanse": config.ObjectVariable(map[string]config.Variable{"sensitivity": config.IntegerVariable(1)})})
	slice := config.MapVariable(map[string]config.Variable{"origen": config.ObjectVariable(map[string]config.Variable{
		"metric": config.StringVariable("auc"), "maximum_gap": config.FloatVariable(0.1),
	})})
	steps := []resource.TestStep{loop(folder, source, nil)}
	for _, bad := range []struct {
		change config.Variables
		want   string
	}{
		{config.Variables{"features": feature}, `features.distanse: dataset "flights" has no feature "distanse"; it has \[distance origin\]`},
		{config.Variables{"slices": slice}, `validation.slices.origen: dataset "flights" has no column "origen"`},
		{config.Variables{"window": config.StringVariable("-24h")}, `"-24h" is not a duration. Write 30m, 24h, 7d`},
		{config.Variables{"window": config.StringVariable("0h")}, `window: the window must be longer than zero`},
		{config.Variables{"source_file": config.StringVariable("no-such-file.csv")}, `source: source "no-such-file.csv": not found`},
		{config.Variables{"source_file": config.StringVariable(acctest.File(t, "empty.csv", ""))}, `it is empty; the first line names the columns`},
		{config.Variables{"source_file": config.StringVariable(acctest.File(t, "other.csv", "at,miles\n2001-01-01,3\n"))}, `does not hold what is declared; nothing was published`},
		{config.Variables{"folder": config.StringVariable(acctest.Folder(t))}, `[Tt]he place of a project is its identity`},
		{config.Variables{"on_destroy": config.StringVariable("maybe")}, `on_destroy is "refuse", "retain" or "delete"`},
		{config.Variables{"port": config.IntegerVariable(70000)}, `local.port: port must lie between 1 and 65535`},
		{config.Variables{"deployment": config.StringVariable("control")}, `the controller has the name "control" already`},
		{config.Variables{"deployment": config.StringVariable("Not.A.Name")}, `use 1 to 50 lower-case letters`},
	} {
		step := loop(folder, source, bad.change)
		step.ExpectError = refusal(bad.want)
		steps = append(steps, step)
	}
	acctest.Run(t, resource.TestCase{Steps: steps})
}

// What the configuration alone shows to be wrong needs no project, and no plan.
func TestBadConfiguration(t *testing.T) {
	for name, bad := range map[string]struct{ config, want string }{
		"metric": {`resource "mlops_model" "x" {
			training_id = "file:p/trainings/t"
			name = "x"
			validation = { metrics = { acu = { goal = "maximize" } } }
		}`, `validation.metrics.acu: unknown metric "acu": use one of \[accuracy auc`},
		"cron": {`resource "mlops_drift_monitor" "x" {
			deployment_id = "file:p/deployments/t"
			schedule = "every day"
			window = "1d"
		}`, `schedule: schedule "every day"`},
		"reference": {`resource "mlops_dataset" "x" {
			project_id = "file:p/models/t"
			name = "x"
			columns = { a = { type = "number" } }
		}`, `names one of the models, not of the projects`},
		"null": {`resource "mlops_training" "x" {
			dataset_id = "file:p/datasets/t"
			name = "x"
			image = "i:1"
			train = { command = [null] }
			evaluate = { command = ["x"] }
			serve = { command = ["x"] }
		}`, `An element is null`},
		"types": {`resource "mlops_dataset" "x" {
			project_id = "file:p/projects/t"
			name = "x"
			columns = { a = { type = "float" }, b = { type = "text", role = "label" }, c = { type = "text", role = "label" } }
		}`, `columns.a.type: type "float": use one of`},
		"replicas": {`resource "mlops_deployment" "x" {
			model_id = "file:p/models/t"
			replicas = 2
			autoscaling = { minimum = 1, maximum = 2, cpu_percent = 70 }
		}`, `replicas belong to the autoscaler`},
	} {
		t.Run(name, func(t *testing.T) {
			acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{{Config: bad.config, PlanOnly: true, ExpectError: refusal(bad.want)}}})
		})
	}
}

// A name that is taken is refused at plan with the import command; the same content is adopted.
func TestTakenNames(t *testing.T) {
	folder := acctest.Folder(t)
	config := func(rows int) string {
		return fmt.Sprintf(`
			resource "mlops_project" "p" {
				name       = "flights"
				local      = { path = %q }
				on_destroy = "delete"
			}
			resource "mlops_dataset" "d" {
				project_id   = "file:%s/projects/flights"
				name         = "flights"
				minimum_rows = %d
				columns      = { a = { type = "number" } }
				depends_on   = [mlops_project.p]
			}`, folder, folder, rows)
	}
	in := acctest.Open(t, folder)
	_, _, err := in.CreateSpec(t.Context(), mlops.Dataset{
		Name: "flights", HoldoutPercent: 20, MinimumRows: 5, Columns: map[string]mlops.Column{"a": {Type: mlops.TypeNumber, Role: mlops.RoleFeature}},
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: config(6), ExpectError: refusal(`terraform import mlops_dataset.<name> 'file:`)},
		{Config: config(5)},
	}})
}

// A required attribute may be unknown until apply; what is known is checked all the same, and nothing else is said.
func TestUnknownValues(t *testing.T) {
	folder := acctest.Folder(t)
	unknown := fmt.Sprintf(`
		resource "terraform_data" "later" { input = { path = %q, window = "24h", type = "number", sensitivity = 2 } }
		resource "mlops_project" "p" {
			name       = "flights"
			local      = { path = terraform_data.later.output.path }
			on_destroy = "delete"
		}
		resource "mlops_dataset" "d" {
			project_id = mlops_project.p.id
			name       = "flights"
			columns    = { a = { type = terraform_data.later.output.type }, b = { type = "boolean", role = "label" } }
		}
		resource "mlops_training" "t" {
			dataset_id = mlops_dataset.d.id
			name       = "delay"
			image      = "x:1"
			train      = { command = [terraform_data.later.output.path, "x"] }
			evaluate   = { command = ["x"] }
			serve      = { command = ["x"] }
		}
		resource "mlops_model" "m" {
			training_id = mlops_training.t.id
			name        = "delay"
			validation  = { metrics = { auc = { goal = "maximize" } } }
		}
		resource "mlops_deployment" "s" { model_id = mlops_model.m.id }
		resource "mlops_drift_monitor" "w" {
			deployment_id = mlops_deployment.s.id
			schedule      = "@daily"
			window        = terraform_data.later.output.window
			features      = { a = { sensitivity = terraform_data.later.output.sensitivity } }
		}`, folder)
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{{Config: unknown}}, CheckDestroy: nothingIn(folder)})
}

// A destroy that was killed between the spec and its workloads is finished by the next refresh.
func TestHalfDestroyedIsFinished(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	again := loop(folder, source, nil, plancheck.ExpectResourceAction("mlops_drift_monitor.w", plancheck.ResourceActionCreate))
	again.PreConfig = func() {
		if err := acctest.Open(t, folder).DeleteSpec(t.Context(), mlops.KindDriftMonitor, "delay", ""); err != nil {
			t.Fatal(err)
		}
	}
	gone := loop(folder, source, nil)
	gone.PlanOnly, gone.ExpectNonEmptyPlan = true, true
	gone.PreConfig = again.PreConfig
	again.PreConfig = func() {
		if _, err := os.Stat(acctest.WorkloadFile(folder, "schedules", "delay")); err == nil {
			t.Error("the schedule of a deleted monitor still runs after a refresh")
		}
	}
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{loop(folder, source, nil), gone, again}})
}
