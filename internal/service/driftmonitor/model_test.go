package driftmonitor

import (
	"reflect"
	"testing"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// What is imported says the same as what was declared, with everything set and with the least.
func TestFlattenUndoesExpand(t *testing.T) {
	at := envelope.Site{ID: mlops.ID{Place: "file:p", Kind: mlops.KindDriftMonitor, Name: "x"}, Project: "p"}
	for name, spec := range map[string]mlops.DriftMonitor{
		"everything": {
			Name: "x", Deployment: "d", Owner: "a@b", Reference: "training", Schedule: "@daily", TimeZone: "UTC", Window: 3_600_000_000_000,
			Features: map[string]mlops.FeatureWatch{"a": {Sensitivity: 2}}, MinimumRows: 1, Multivariate: true, Season: 7 * 24 * 3_600_000_000_000,
			OpenAfter: 2, CloseAfter: 3, Alert: mlops.Alert{Severity: 4, Notify: []mlops.Role{mlops.RoleDataEngineer}},
		},
		"a fixed window":   {Name: "x", Deployment: "d", Reference: "window", ReferenceFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ReferenceTo: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
		"what went before": {Name: "x", Deployment: "d", Reference: "rolling", ReferenceLength: 30 * 24 * 3_600_000_000_000},
		"least":            {Name: "x", Deployment: "d"},
	} {
		if again := expand(flatten(spec, at)); !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %+v came back as %+v", name, spec, again)
		}
	}
}
