// Package project is the mlops_project resource: where a project lives, who owns it, how long it remembers, and the
// controller that runs for it. It must not know which platform a place belongs to.
package project

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// New returns the mlops_project resource.
func New() resource.Resource {
	return envelope.Declare(envelope.Declaration[model, mlops.Project]{
		Name: "project", Kind: mlops.KindProject, Summary: summary, Attributes: attributes(),
		Identify: identify, Expand: expand, Flatten: flatten, Check: check, Validate: validate,
		Workload: &envelope.Workload[mlops.Project]{
			Kind: workload.KindService, Name: func(string) string { return workload.ControlService }, Render: control,
		},
		Prepare: prepare, Settle: settle, Settled: settled,
		Plan: plan, Created: warnWhereNothingRuns, PlanDestroy: refuse, BeforeDelete: beforeDelete,
	})
}

func identify(m model, _ mlops.ID) mlops.ID {
	place := expand(m).Place()
	if place == "" || m.Name.ValueString() == "" {
		return mlops.ID{}
	}
	return mlops.ID{Place: place, Kind: mlops.KindProject, Name: m.Name.ValueString()}
}

func plan(ctx context.Context, planned *envelope.Plan[model]) {
	remember(ctx, planned)
	planAudit(planned)
}

// remember lets what follows from the project, such as addresses, be known at plan.
func remember(_ context.Context, plan *envelope.Plan[model]) {
	plan.Set("agent_version", types.StringValue(version.Version))
	plan.Model.AgentVersion = types.StringValue(version.Version)
	warnOfOtherImage(plan)
	if plan.ID.Place == "" || plan.Unknown("local") || plan.Unknown("azure", "store") {
		return
	}
	planned := envelope.PlannedProject{Project: expand(plan.Model), Unknown: plan.Unknown}
	if plan.Prior != nil {
		before := expand(*plan.Prior)
		planned.Before = &before
	}
	plan.Places.PlanProject(plan.ID.Place, planned)
}

func control(_ context.Context, _ *project.Project, spec mlops.Project, document mlops.SpecDocument) (workload.Manifest, bool, error) {
	return workload.Control(spec, envelope.Seen(document)), true, nil
}
