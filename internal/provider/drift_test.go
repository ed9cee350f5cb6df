package provider_test

import (
	"os"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Whatever a hand changes shows in plan and is repaired by apply.
func TestHandEditsShowAndAreRepaired(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	edit := func(kind mlops.Kind, name, field string, value any) {
		acctest.EditSpec(t, folder, kind, name, func(content map[string]any) { content[field] = value })
	}
	specs := loop(folder, source, nil, expect(plancheck.ResourceActionUpdate, "mlops_project.p", "mlops_dataset.d", "mlops_training.t",
		"mlops_model.m", "mlops_deployment.s", "mlops_drift_monitor.w", "mlops_retrain_policy.r")...)
	specs.PreConfig = func() {
		edit(mlops.KindProject, "flights", "on_destroy", "refuse")
		edit(mlops.KindDataset, "flights", "minimum_rows", 7)
		edit(mlops.KindTraining, "delay", "image", "evil:1")
		edit(mlops.KindModel, "delay", "owner", "eve@example.com")
		edit(mlops.KindDeployment, "delay", "replicas", 9)
		edit(mlops.KindDriftMonitor, "delay", "window", "96h")
		edit(mlops.KindRetrainPolicy, "delay", "triggers", map[string]any{})
	}
	workloads := loop(folder, source, nil, expect(plancheck.ResourceActionUpdate, "mlops_project.p", "mlops_drift_monitor.w")...)
	workloads.PreConfig = func() {
		if err := os.Remove(acctest.WorkloadFile(folder, "services", workload.ControlService)); err != nil {
			t.Fatal(err)
		}
		acctest.EditWorkload(t, folder, "schedules", "delay", func(manifest map[string]any) {
			manifest["schedule"].(map[string]any)["cron"] = "0 0 1 1 *"
		})
	}
	workloads.PostApplyFunc = func() {
		live, err := acctest.Open(t, folder).Workloads.Get(t.Context(), workload.KindSchedule, "delay")
		if err != nil || live.Manifest.Schedule.Cron != "*/5 * * * *" {
			t.Errorf("the schedule is %v %v after the repair, want */5 * * * *", live.Manifest.Schedule, err)
		}
	}
	unreadable := loop(folder, source, nil, plancheck.ExpectResourceAction("mlops_dataset.d", plancheck.ResourceActionUpdate),
		plancheck.ExpectResourceAction("mlops_drift_monitor.w", plancheck.ResourceActionUpdate))
	unreadable.PreConfig = func() {
		acctest.Spoil(t, acctest.SpecFile(t, folder, mlops.KindDataset, "flights"))
		acctest.Spoil(t, acctest.WorkloadFile(folder, "schedules", "delay"))
	}
	acctest.Run(t, resource.TestCase{
		Steps: []resource.TestStep{loop(folder, source, nil), specs, workloads, unreadable}, CheckDestroy: nothingIn(folder),
	})
}

// What is gone is planned anew.
func TestWhatIsGoneIsCreatedAgain(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	again := loop(folder, source, nil, expect(plancheck.ResourceActionCreate, "mlops_drift_monitor.w", "mlops_dataset_version.v")...)
	again.PreConfig = func() {
		in := acctest.Open(t, folder)
		if err := in.DeleteSpec(t.Context(), mlops.KindDriftMonitor, "delay", ""); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"manifest.json", "profile.json"} {
			_ = os.Remove(folder + "/datasets/flights/000000000001/" + name)
		}
	}
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{loop(folder, source, nil), again}})
}

// A promotion between applies is no diff, at any moment of it; an apply after it repairs what nobody runs.
func TestPromotionIsNoDiff(t *testing.T) {
	folder, source := acctest.Folder(t), flights(t, 0)
	var version int64
	var run string
	unchanged := expect(plancheck.ResourceActionNoop, "mlops_model.m", "mlops_deployment.s", "mlops_retrain_policy.r")
	served := func(want int64) func() {
		return func() {
			live, err := acctest.Open(t, folder).Workloads.Get(t.Context(), workload.KindService, "delay")
			if err != nil || live.Manifest.Service.Version != want {
				t.Errorf("version %v %v is served, want %d", live.Manifest.Service, err, want)
			}
		}
	}
	promoting := loop(folder, source, nil, unchanged...)
	promoting.PreConfig = func() {
		version, run = acctest.Register(t, acctest.Open(t, folder), "delay")
		acctest.Promoting(t, acctest.Open(t, folder), "delay", run, version)
	}
	promoted := loop(folder, source, nil, plancheck.ExpectResourceAction("mlops_deployment.s", plancheck.ResourceActionUpdate))
	promoted.PreConfig = func() { acctest.Promoted(t, acctest.Open(t, folder), "delay", run, version) }
	promoted.PostApplyFunc = served(1)
	promoted.ConfigStateChecks = []statecheck.StateCheck{
		statecheck.ExpectKnownValue("data.mlops_model_version.champion", tfjsonpath.New("number"), knownvalue.Int64Exact(1)),
		statecheck.ExpectKnownValue("data.mlops_model_version.newest", tfjsonpath.New("approved_by"), knownvalue.StringExact("ada")),
		statecheck.ExpectKnownValue("data.mlops_runs.all", tfjsonpath.New("runs").AtSliceIndex(0).AtMapKey("state"), knownvalue.StringExact("promoted")),
	}
	// An apply in the middle of the next promotion renders its target, and takes nothing back.
	inTheMiddle := loop(folder, source, config.Variables{"replicas": config.IntegerVariable(3)},
		plancheck.ExpectResourceAction("mlops_deployment.s", plancheck.ResourceActionUpdate))
	inTheMiddle.PreConfig = func() {
		version, run = acctest.Register(t, acctest.Open(t, folder), "delay")
		acctest.Promoting(t, acctest.Open(t, folder), "delay", run, version)
	}
	inTheMiddle.PostApplyFunc = served(2)
	acctest.Run(t, resource.TestCase{
		Steps: []resource.TestStep{loop(folder, source, nil), promoting, promoted, inTheMiddle}, CheckDestroy: nothingIn(folder),
	})
}
