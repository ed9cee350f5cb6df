package deployment

import (
	"reflect"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindDeployment, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.Deployment{
		"pinned": {
			Name: "x", Model: "m", Cluster: "weu", Version: new(int64(3)), Autoscaling: &mlops.Autoscaling{Minimum: 1, Maximum: 2, CPUPercent: 70},
			Resources: mlops.Resources{CPU: "1"}, RollOut: mlops.RollOut{Timeout: 1_000_000_000, Watch: 2_000_000_000},
			DataCollection: mlops.DataCollection{Enabled: true, SamplingPercentage: 5, RetentionDays: 6, Redact: []string{"a"}, LogClaim: "logs"},
			Health:         &mlops.Health{FailurePercent: 0.5, P95Latency: 1_000_000_000, MinimumRequests: 7, Severity: 1, Notify: []mlops.Role{mlops.RoleDataEngineer}},
		},
		"least": {Name: "x", Model: "m", Alias: mlops.AliasChampion, Replicas: new(int64(0)), Health: &mlops.Health{MinimumRequests: 1}},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
