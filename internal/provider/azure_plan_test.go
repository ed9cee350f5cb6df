package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
)

const (
	azureGroup   = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/ml"
	azureAccount = azureGroup + "/providers/Microsoft.Storage/storageAccounts/flights"
	azureCluster = azureGroup + "/providers/Microsoft.ContainerService/managedClusters/weu"
)

// later is every declaration of everything, on Azure, with values that the resources around it know after apply only.
func later(t *testing.T) string {
	t.Helper()
	azure := `azure = {
			store = { storage_account_id = terraform_data.later.output, audit = { container = "heads", retention_days = 30 } }
			clusters = {
				weu = { id = terraform_data.later.output, namespace = terraform_data.later.output }
				own = { host = terraform_data.later.output, cluster_ca_certificate = terraform_data.later.output }
			}
			default_cluster = "weu"
			telemetry       = { application_insights_id = terraform_data.later.output, connection_string = terraform_data.later.output }
			identities      = { control = terraform_data.later.output, jobs = terraform_data.later.output }
			alerts          = { resource_group_id = terraform_data.later.output, action_group_ids = [terraform_data.later.output] }
			tags            = { project = terraform_data.later.output }
		}`
	config := fmt.Sprintf(everything, "", acctest.File(t, "good.csv", miles))
	return "resource \"terraform_data\" \"later\" { input = timestamp() }\n" + strings.Replace(config, `local = { path = "" }`, azure, 1)
}

// A plan shows a project on Azure whole while all that it stands on is still to be made.
func TestPlanOnAzureWithEverythingUnknown(t *testing.T) {
	planned := make([]plancheck.PlanCheck, 0, 8)
	for _, address := range []string{
		"mlops_project.p", "mlops_dataset.d", "mlops_dataset_version.v", "mlops_training.t", "mlops_model.m", "mlops_deployment.s", "mlops_drift_monitor.w", "mlops_retrain_policy.r",
	} {
		planned = append(planned, plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate))
	}
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{{
		Config: later(t), PlanOnly: true, ExpectNonEmptyPlan: true,
		ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: planned},
	}}})
}

// Slips of a place are errors at plan, each at its attribute.
func TestSlipsOfAPlace(t *testing.T) {
	declare := func(place string) string {
		return "resource \"mlops_project\" \"p\" {\n name = \"flights\"\n" + place + "\n}\n"
	}
	store := fmt.Sprintf("store = { storage_account_id = %q }", azureAccount)
	for name, bad := range map[string]struct{ config, want string }{
		"none":      {declare(""), `A project lives somewhere: give local`},
		"both":      {declare(`local = { path = ".mlops" }` + "\nazure = { " + store + " }"), `both local and azure are given: remove one of them`},
		"account":   {declare(`azure = { store = { storage_account_id = "flights" } }`), `azure.store.storage_account_id: "flights" is not the ARM ID`},
		"container": {declare(fmt.Sprintf(`azure = { store = { storage_account_id = %q, container = "A" } }`, azureAccount)), `azure.store.container: container "A": use 3 to 63`},
		"clusters":  {declare("azure = {\n" + store + "\nclusters = { a = { host = \"https://a\" }, b = { host = \"https://b\" } }\n}"), `azure.default_cluster: there are several clusters`},
		"cluster of one machine": {
			strings.Replace(fmt.Sprintf(everything, acctest.Folder(t), acctest.File(t, "good.csv", miles)), "# deployment", `cluster = "weu"`, 1),
			`project "flights" is on one machine, which is no cluster`,
		},
		"claim of one machine": {
			strings.Replace(fmt.Sprintf(everything, acctest.Folder(t), acctest.File(t, "good.csv", miles)), "# deployment", `data_collection = { log_claim = "logs" }`, 1),
			`project "flights" is on one machine, which has no volume claims: leave log_claim out`,
		},
		"claim with a name that is none": {
			strings.Replace(fmt.Sprintf(everything, acctest.Folder(t), acctest.File(t, "good.csv", miles)), "# deployment", `data_collection = { log_claim = "Logs/1" }`, 1),
			`"Logs/1" cannot be the name of a volume claim`,
		},
		"cluster": {
			strings.NewReplacer("# deployment", `cluster = "neu"`, `local = { path = "" }`,
				fmt.Sprintf("azure = {\n%s\nclusters = { weu = { id = %q } }\n}", store, azureCluster),
			).Replace(fmt.Sprintf(everything, "", acctest.File(t, "good.csv", miles))),
			`project "flights" has no cluster "neu"; it has \[weu\]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{{Config: bad.config, PlanOnly: true, ExpectError: refusal(bad.want)}}})
		})
	}
}

// A folder on a machine that is gone after the run would be a memory that is lost.
func TestLocalInARunOfHCPTerraform(t *testing.T) {
	t.Setenv("TFC_RUN_ID", "run-1")
	config := fmt.Sprintf(`resource "mlops_project" "p" {
		name  = "flights"
		local = { path = %q }
	}`, acctest.Folder(t))
	acctest.RunAlone(t, resource.TestCase{Steps: []resource.TestStep{{Config: config, PlanOnly: true, ExpectError: refusal(`a machine that is gone when it ends`)}}})
}

// A move from one place to another is refused, whichever platforms they are on.
func TestMoveToAzureIsRefused(t *testing.T) {
	declare := func(place string) string {
		return fmt.Sprintf("resource \"mlops_project\" \"p\" {\n name = \"flights\"\n%s\n}\n", place)
	}
	acctest.Run(t, resource.TestCase{Steps: []resource.TestStep{
		{Config: declare(fmt.Sprintf("local = { path = %q }", acctest.Folder(t)))},
		{Config: declare(fmt.Sprintf("azure = { store = { storage_account_id = %q } }", azureAccount)), PlanOnly: true, ExpectError: refusal(`[Tt]he place of a project is its identity`)},
	}})
}
