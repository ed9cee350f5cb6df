package mlops_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const workspaceID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws"

func engineOf(change func(*mlops.Training)) mlops.Training {
	training := mlops.Training{
		Name: "t", Image: "i:1", Train: mlops.JobCommand{Command: []string{"train"}, Timeout: mlops.DefaultJobTimeout},
		Evaluate: mlops.JobCommand{Command: []string{"evaluate"}, Timeout: mlops.DefaultJobTimeout},
		Serve:    mlops.ServeCommand{Command: []string{"serve"}, ScorePath: "/score", HealthPath: "/healthz"},
		Engine:   mlops.EngineAzureMLJob, AzureML: &mlops.AzureML{WorkspaceID: workspaceID, Datastore: mlops.DefaultDatastore},
	}
	change(&training)
	return training
}

func TestEngines(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*mlops.Training)
		says   string // "" where nothing is wrong
	}{
		"a workspace":  {func(*mlops.Training) {}, ""},
		"a compute":    {func(t *mlops.Training) { t.AzureML.ComputeID = strings.ToUpper(workspaceID) + "/computes/cpu" }, ""},
		"the default":  {func(t *mlops.Training) { t.Engine, t.AzureML = "", nil }, ""},
		"unknown":      {func(t *mlops.Training) { t.Engine = "spark" }, `engine: there is no engine "spark"`},
		"no workspace": {func(t *mlops.Training) { t.AzureML = nil }, "azure_ml: azure_ml_job needs a workspace"},
		"of no use":    {func(t *mlops.Training) { t.Engine = mlops.EngineKubernetesJob }, "azure_ml: azure_ml has no effect"},
		"no id of one": {func(t *mlops.Training) { t.AzureML.WorkspaceID = "ws" }, "azure_ml.workspace_id"},
		"another's compute": {func(t *mlops.Training) {
			t.AzureML.ComputeID = strings.TrimSuffix(workspaceID, "ws") + "other/computes/cpu"
		}, "azure_ml.compute_id: the compute belongs to another workspace"},
		"the service's words": {func(t *mlops.Training) { t.Train.Command = []string{"train", "${{inputs.x}}"} }, "train.command: Azure Machine Learning puts"},
	} {
		var found []string
		for _, problem := range engineOf(test.change).Validate() {
			found = append(found, fmt.Sprintf("%s: %s", strings.Join(problem.Path, "."), problem.Message))
		}
		if test.says == "" && len(found) > 0 || test.says != "" && (len(found) != 1 || !strings.Contains(found[0], test.says)) {
			t.Errorf("%s: %q, want %q", name, found, test.says)
		}
	}
}

// Code that runs elsewhere is the same code: no run is made of it.
func TestEngineIsNoRevision(t *testing.T) {
	here := engineOf(func(t *mlops.Training) { t.Engine, t.AzureML = "", nil })
	if there := engineOf(func(*mlops.Training) {}); here.Revision() != there.Revision() {
		t.Errorf("%s and %s", here.Revision(), there.Revision())
	}
}
