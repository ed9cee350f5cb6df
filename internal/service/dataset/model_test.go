package dataset

import (
	"reflect"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindDataset, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.Dataset{
		"everything": {
			Name: "x", MinimumRows: 3, MaximumDuplicatePercent: new(1.5), HoldoutPercent: 20,
			Columns: map[string]mlops.Column{
				"a": {Type: mlops.TypeNumber, Role: mlops.RoleFeature, Minimum: new(0.0), Maximum: new(2.0), MaximumNullPercent: new(5.0), Unit: "miles"},
				"b": {Type: mlops.TypeCategory, Role: mlops.RoleLabel, Categories: []string{"u", "v"}},
			},
		},
		"least": {Name: "x", Columns: map[string]mlops.Column{}},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
