// Package agentmanifests is the mlops_agent_manifests data source: what installs a project's controller where Terraform cannot
// reach its cluster. It must not know what a cluster is made of.
package agentmanifests

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// New returns the mlops_agent_manifests data source.
func New() datasource.DataSource {
	return envelope.NewLookup(envelope.Lookup[model]{
		Name: "agent_manifests",
		Summary: "What installs the controller of a project on Azure in its default cluster, once, where Terraform cannot reach that " +
			"(`apply_from = \"controller\"`): for `kubectl apply -f`, Flux, or the cluster's run-command API. It holds no secret.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the project."},
			"yaml": schema.StringAttribute{Computed: true, MarkdownDescription: "Service accounts, rights, network policies and the controller, as YAML documents in the order in which " +
				"they are needed; the namespace too with `create_namespace`."},
		},
		Read: read,
		Reference: func(m model) envelope.Reference {
			return envelope.Reference{Path: []string{"project_id"}, Kind: mlops.KindProject, Value: m.ProjectID}
		},
	})
}

type model struct {
	envelope.Answer
	ProjectID types.String `tfsdk:"project_id"`
	YAML      types.String `tfsdk:"yaml"`
}

func read(ctx context.Context, in *project.Project, id mlops.ID, m *model) error {
	var own mlops.Project
	document, err := in.Spec(ctx, mlops.KindProject, id.Name, &own)
	if err != nil {
		return err
	}
	if in.Ground == nil {
		return envelope.At(fmt.Errorf("project %q: %w: it is on one machine: its controller is run by `mlops local`", id.Name, mlops.ErrInvalid), "project_id")
	}
	yaml, err := in.Ground.Manifests(ctx, own, workload.Control(own, envelope.Seen(document)))
	m.YAML = types.StringValue(string(yaml))
	return err
}
