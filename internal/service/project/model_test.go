package project

import (
	"reflect"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindProject, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.Project{
		"everything": {
			Name: "x", Local: &mlops.Local{Path: "p", Port: 1}, OnDestroy: mlops.OnDestroyRetain, Retention: mlops.Retention{RecordDays: 1, ReportDays: 2},
			Owners: map[mlops.Role]mlops.Owner{
				mlops.RoleDataEngineer: {Email: "a@b", Webhook: "http://c"}, mlops.RoleDataScientist: {Email: "d@e"}, mlops.RoleMLOpsEngineer: {Email: "f@g"},
			},
			Notifications: map[mlops.Topic][]mlops.Role{mlops.TopicDrift: {mlops.RoleDataEngineer, mlops.RoleMLOpsEngineer}},
		},
		"least": {Name: "x", Local: &mlops.Local{Path: "p"}},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
