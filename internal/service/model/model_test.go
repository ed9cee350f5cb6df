package model

import (
	"reflect"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindModel, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.Model{
		"everything": {
			Name: "x", Training: "t", Owner: "a@b", Validation: mlops.Validation{
				Metrics: map[string]mlops.Gate{
					"auc":  {Goal: mlops.GoalMaximize, Minimum: new(0.0), Maximum: new(1.0), Tolerance: 0.1},
					"mine": {Goal: mlops.GoalMinimize, Custom: true},
				},
				Slices: map[string]mlops.Slice{"origin": {Metric: "auc", MaximumGap: 0.2, MinimumRows: 5}},
			},
		},
		"least": {Name: "x", Training: "t"},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
