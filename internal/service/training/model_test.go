package training

import (
	"reflect"
	"testing"

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
		},
		"least": {Name: "x", Dataset: "d", SourceRevision: "latest"},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
