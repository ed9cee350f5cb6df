package training

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindTraining, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.Training{
		"everything": {
			Name: "x", Dataset: "d", Image: "i:1", SourceRevision: "abc", Parameters: map[string]string{"l2": "1"}, Resources: mlops.Resources{CPU: "1", Memory: "2Gi"},
			Train:    mlops.JobCommand{Command: []string{"t", "x"}, Timeout: 60_000_000_000, Retries: 1},
			Evaluate: mlops.JobCommand{Command: []string{"e"}, Timeout: 120_000_000_000},
			Serve:    mlops.ServeCommand{Command: []string{"s"}, ScorePath: "/a", HealthPath: "/b"},
			Engine:   mlops.EngineAzureMLJob,
			AzureML:  &mlops.AzureML{WorkspaceID: "/w", ComputeID: "/w/computes/c", InstanceType: "gpu", Datastore: "d"},
		},
		"least": {Name: "x", Dataset: "d", SourceRevision: "latest"},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}

// One machine has nobody to host a job.
func TestEngineNeedsAzure(t *testing.T) {
	const onAzure = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c"
	for place, wrong := range map[string]int{"file:p": 1, onAzure: 0} {
		id := mlops.ID{Place: place, Kind: mlops.KindDataset, Name: "d"}
		m := model{DatasetID: types.StringValue(id.String()), Engine: types.StringValue(string(mlops.EngineAzureMLJob))}
		if problems := validate(m); len(problems) != wrong {
			t.Errorf("%s: %v", place, problems)
		}
	}
}
