// Package driftmonitor is the mlops_drift_monitor resource: what watches the traffic of a deployment, on which schedule and
// how loudly. It must not know how drift is measured.
package driftmonitor

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// New returns the mlops_drift_monitor resource.
func New() resource.Resource {
	return envelope.Declare(envelope.Declaration[model, mlops.DriftMonitor]{
		Name: "drift_monitor", Kind: mlops.KindDriftMonitor, Summary: summary, Attributes: attributes(),
		References: references, Identify: identify, Expand: expand, Flatten: flatten, Check: check,
		Cluster: func(model) string { return "" },
		Alerts:  func(mlops.DriftMonitor) bool { return true },
		Workload: &envelope.Workload[mlops.DriftMonitor]{
			Kind: workload.KindSchedule, Name: func(name string) string { return name }, Render: render,
		},
	})
}

func references(m model) []envelope.Reference {
	return []envelope.Reference{{Path: []string{"deployment_id"}, Kind: mlops.KindDeployment, Value: m.DeploymentID, Owner: true}}
}

func identify(m model, watched mlops.ID) mlops.ID {
	return watched.Sibling(mlops.KindDriftMonitor, m.Name.ValueString())
}

// check finds features that the dataset behind the deployment does not have.
func check(ctx context.Context, in *project.Project, spec mlops.DriftMonitor) ([]mlops.Problem, error) {
	dataset, err := in.DatasetOfDeployment(ctx, spec.Deployment)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	return spec.ValidateAgainst(dataset), err
}

func render(_ context.Context, _ *project.Project, spec mlops.DriftMonitor, document mlops.SpecDocument) (workload.Manifest, bool, error) {
	return workload.Monitor(spec, envelope.Seen(document)), true, nil
}
