// Package provider is what Terraform sees: the list of resources and data sources, and how projects are opened for them.
// It must not know what any one resource does.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/agentmanifests"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/datasetversion"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/deployment"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/driftmonitor"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/driftreport"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/model"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/modelversion"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/retrainpolicy"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/runs"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/service/training"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// Address is where registries know the provider.
const Address = "registry.terraform.io/terraform-mlops/mlops"

// New returns the provider. places is how it opens projects, on is who it is on Azure; one of each for a provider.
func New(places *envelope.Places, on *azure.Connection) provider.Provider {
	return &mlopsProvider{places: places, azure: on}
}

type mlopsProvider struct {
	places *envelope.Places
	azure  *azure.Connection
}

func (p *mlopsProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "mlops", version.Version
}

func (p *mlopsProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = configurationSchema()
}

// Configure asks nobody: who is never asked for a project on Azure needs no identity there.
func (p *mlopsProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	settings, diagnostics := readConfiguration(ctx, req.Config)
	if resp.Diagnostics.Append(diagnostics...); diagnostics.HasError() {
		return
	}
	if settings.Given() {
		resp.Diagnostics.Append(asDiagnostics(p.azure.Validate(settings))...)
	}
	p.azure.Configure(settings)
	p.places.Begin()
	resp.ResourceData, resp.DataSourceData = p.places, p.places
	resp.EphemeralResourceData, resp.ActionData, resp.ListResourceData = p.places, p.places, p.places
}

func (p *mlopsProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		project.New, dataset.New, datasetversion.New, training.New, model.New, deployment.New, driftmonitor.New, retrainpolicy.New,
	}
}

func (p *mlopsProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{modelversion.New, driftreport.New, runs.New, lineage.New, agentmanifests.New}
}
