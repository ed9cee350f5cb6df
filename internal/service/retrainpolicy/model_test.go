package retrainpolicy

import (
	"reflect"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindRetrainPolicy, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.RetrainPolicy{
		"everything": {
			Model: "m",
			Triggers: mlops.Triggers{
				Drift: &mlops.DriftTrigger{Monitors: []string{"a", "b"}}, DatasetVersion: &struct{}{}, Code: &struct{}{},
				Schedule: &mlops.ScheduleTrigger{Cron: "@daily", TimeZone: "UTC"},
			},
			Guards:   mlops.Guards{Cooldown: 1_000_000_000, MaximumRuns: 2, BudgetPeriod: 3_000_000_000, MinimumNewRows: 4, WaitForData: 5_000_000_000},
			Approval: mlops.Approval{Mode: mlops.ApprovalAutomatic, First: mlops.ApprovalManual, Expiry: 6_000_000_000, FourEyes: true, Approvers: []string{"ada"}},
		},
		"least": {Model: "m"},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
