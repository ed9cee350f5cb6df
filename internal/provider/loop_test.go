package provider_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
)

// addresses are all managed resources of testdata/loop.
var addresses = []string{
	"mlops_project.p", "mlops_dataset.d", "mlops_dataset_version.v", "mlops_training.t", "mlops_model.m", "mlops_deployment.s",
	"mlops_drift_monitor.w", "mlops_retrain_policy.r",
}

// flights is a source of some rows; with another salt it is another content.
func flights(t *testing.T, salt int) string {
	return acctest.File(t, "flights.csv", rows(salt))
}

func rows(salt int) string {
	var csv strings.Builder
	csv.WriteString("at,distance,origin,late\n")
	for i := range 50 {
		fmt.Fprintf(&csv, "2001-01-01 %02d:%02d,%d,%s,%t\n", i/3, i%3, 100+i+salt, []string{"ATL", "SFO"}[i%2], i%4 == 0)
	}
	return csv.String()
}

// loop is a step on testdata/loop.
func loop(folder, source string, change config.Variables, checks ...plancheck.PlanCheck) resource.TestStep {
	variables := config.Variables{"folder": config.StringVariable(folder), "source_file": config.StringVariable(source)}
	maps.Copy(variables, change)
	return resource.TestStep{
		ConfigDirectory: config.StaticDirectory("testdata/loop"), ConfigVariables: variables,
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: checks},
	}
}

func expect(action plancheck.ResourceActionType, of ...string) []plancheck.PlanCheck {
	checks := make([]plancheck.PlanCheck, len(of))
	for i, address := range of {
		checks[i] = plancheck.ExpectResourceAction(address, action)
	}
	return checks
}

// From nothing to a whole loop and back: created, changed, unset, imported and destroyed, with nothing left to plan between.
func TestLoop(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	url := func(port int) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue("mlops_deployment.s", tfjsonpath.New("endpoint_url"), knownvalue.StringExact(fmt.Sprintf("http://127.0.0.1:%d/delay", port)))
	}
	created := loop(folder, source, nil, append(expect(plancheck.ResourceActionCreate, addresses...), url(8765),
		plancheck.ExpectKnownValue("mlops_model.m", tfjsonpath.New("id"), knownvalue.StringExact("file:"+folder+"/models/delay")))...)
	created.ConfigStateChecks = []statecheck.StateCheck{
		statecheck.ExpectKnownValue("mlops_dataset_version.v", tfjsonpath.New("number"), knownvalue.Int64Exact(1)),
		statecheck.ExpectKnownValue("mlops_training.t", tfjsonpath.New("source_revision"), knownvalue.StringExact("1.0.0")),
		statecheck.ExpectKnownValue("mlops_deployment.s", tfjsonpath.New("in_sync"), knownvalue.Bool(true)),
		statecheck.ExpectKnownValue("data.mlops_model_version.newest", tfjsonpath.New("found"), knownvalue.Bool(false)),
		statecheck.ExpectKnownValue("data.mlops_runs.all", tfjsonpath.New("runs"), knownvalue.Null()),
		statecheck.ExpectKnownValue("data.mlops_drift_report.latest", tfjsonpath.New("verdict"), knownvalue.Null()),
	}
	change := config.Variables{
		"image": config.StringVariable("flight-delay:2.0.0"), "window": config.StringVariable("48h"), "replicas": config.IntegerVariable(3),
		"port": config.IntegerVariable(8766), "parameters": config.MapVariable(map[string]config.Variable{}),
		"slices": config.MapVariable(map[string]config.Variable{"origin": config.ObjectVariable(map[string]config.Variable{
			"metric": config.StringVariable("auc"), "maximum_gap": config.FloatVariable(0.1),
		})}),
	}
	changed := loop(folder, source, change, append(append(
		expect(plancheck.ResourceActionUpdate, "mlops_project.p", "mlops_training.t", "mlops_model.m", "mlops_deployment.s", "mlops_drift_monitor.w"),
		expect(plancheck.ResourceActionNoop, "mlops_dataset.d", "mlops_dataset_version.v", "mlops_retrain_policy.r")...), url(8766))...)
	steps := []resource.TestStep{created, changed, loop(folder, source, nil)}
	for _, address := range addresses {
		steps = append(steps, importing(folder, source, address))
	}
	acctest.Run(t, resource.TestCase{Steps: steps, CheckDestroy: nothingIn(folder)})
}

func importing(folder, source, address string) resource.TestStep {
	step := loop(folder, source, nil)
	step.ResourceName, step.ImportState, step.ImportStateVerify = address, true, true
	// Equal in other words, as written in the configuration.
	step.ImportStateVerifyIgnore = []string{"train.timeout", "guards.cooldown"}
	return step
}

// nothingIn says that neither documents nor workloads are left.
func nothingIn(folder string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for _, pattern := range []string{filepath.Join(folder, "specs", "*", "*", "*.json"), filepath.Join(folder+".runner", "workloads", "*", "*.json")} {
			left, err := filepath.Glob(pattern)
			if err != nil || len(left) > 0 {
				return fmt.Errorf("left behind: %v %w", left, err)
			}
		}
		return nil
	}
}

// The same length of time in other words is no change.
func TestEqualDurationsPlanNothing(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	same := loop(folder, source, config.Variables{"window": config.StringVariable("P1D")}, plancheck.ExpectEmptyPlan())
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{loop(folder, source, nil), same}})
}

// Another content of the source is the next number, in place.
func TestNewContentPublishesTheNextNumber(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	next := loop(folder, source, nil, plancheck.ExpectResourceAction("mlops_dataset_version.v", plancheck.ResourceActionUpdate))
	next.PreConfig = func() {
		if err := os.WriteFile(source, []byte(rows(7)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next.ConfigStateChecks = []statecheck.StateCheck{
		statecheck.ExpectKnownValue("mlops_dataset_version.v", tfjsonpath.New("number"), knownvalue.Int64Exact(2)),
		statecheck.ExpectKnownValue("mlops_dataset_version.v", tfjsonpath.New("id"), knownvalue.StringExact("file:"+folder+"/dataset_versions/flights.2")),
	}
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{loop(folder, source, nil), next}})
}

// Another name is another object, and what is named after it follows.
func TestRenameReplaces(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	renamed := loop(folder, source, config.Variables{"deployment": config.StringVariable("second")},
		append(expect(plancheck.ResourceActionReplace, "mlops_deployment.s", "mlops_drift_monitor.w"),
			plancheck.ExpectResourceAction("mlops_model.m", plancheck.ResourceActionNoop))...)
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{loop(folder, source, nil), renamed}})
}
