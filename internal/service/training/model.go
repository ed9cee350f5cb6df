package training

import (
	"cmp"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type model struct {
	envelope.Base
	DatasetID      types.String             `tfsdk:"dataset_id"`
	Name           types.String             `tfsdk:"name"`
	Image          types.String             `tfsdk:"image"`
	Train          *jobModel                `tfsdk:"train"`
	Evaluate       *jobModel                `tfsdk:"evaluate"`
	Serve          *serveModel              `tfsdk:"serve"`
	Parameters     map[string]types.String  `tfsdk:"parameters"`
	SourceRevision types.String             `tfsdk:"source_revision"`
	Resources      *envelope.ResourcesModel `tfsdk:"resources"`
	Engine         types.String             `tfsdk:"engine"`
	AzureML        *azureMLModel            `tfsdk:"azure_ml"`
}

type azureMLModel struct {
	WorkspaceID  types.String `tfsdk:"workspace_id"`
	ComputeID    types.String `tfsdk:"compute_id"`
	InstanceType types.String `tfsdk:"instance_type"`
	Datastore    types.String `tfsdk:"datastore"`
}

type jobModel struct {
	Command []types.String    `tfsdk:"command"`
	Timeout envelope.Duration `tfsdk:"timeout"`
	Retries types.Int64       `tfsdk:"retries"`
}

type serveModel struct {
	Command    []types.String `tfsdk:"command"`
	ScorePath  types.String   `tfsdk:"score_path"`
	HealthPath types.String   `tfsdk:"health_path"`
}

func expand(m model) mlops.Training {
	spec := mlops.Training{
		Name: m.Name.ValueString(), Dataset: envelope.NameIn(m.DatasetID), Image: m.Image.ValueString(),
		Train: expandJob(m.Train), Evaluate: expandJob(m.Evaluate), SourceRevision: m.SourceRevision.ValueString(),
		Resources: envelope.ExpandResources(m.Resources), Engine: mlops.Engine(m.Engine.ValueString()), AzureML: expandAzureML(m.AzureML),
	}
	if spec.Engine == mlops.EngineKubernetesJob {
		spec.Engine = "" // a training says only what differs
	}
	if m.Serve != nil {
		spec.Serve = mlops.ServeCommand{
			Command: envelope.Strings(m.Serve.Command), ScorePath: m.Serve.ScorePath.ValueString(), HealthPath: m.Serve.HealthPath.ValueString(),
		}
	}
	for name, value := range m.Parameters {
		if spec.Parameters == nil {
			spec.Parameters = map[string]string{}
		}
		spec.Parameters[name] = value.ValueString()
	}
	if spec.SourceRevision == "" {
		spec.SourceRevision = mlops.ImageRevision(spec.Image)
	}
	return spec
}

func expandJob(m *jobModel) mlops.JobCommand {
	if m == nil {
		return mlops.JobCommand{}
	}
	return mlops.JobCommand{Command: envelope.Strings(m.Command), Timeout: m.Timeout.Domain(), Retries: m.Retries.ValueInt64()}
}

func expandAzureML(m *azureMLModel) *mlops.AzureML {
	if m == nil {
		return nil
	}
	return &mlops.AzureML{
		WorkspaceID: m.WorkspaceID.ValueString(), ComputeID: m.ComputeID.ValueString(),
		InstanceType: m.InstanceType.ValueString(), Datastore: m.Datastore.ValueString(),
	}
}

func flatten(spec mlops.Training, at envelope.Site) model {
	m := model{
		DatasetID: at.Sibling(mlops.KindDataset, spec.Dataset), Name: types.StringValue(spec.Name), Image: types.StringValue(spec.Image),
		Train: flattenJob(spec.Train), Evaluate: flattenJob(spec.Evaluate),
		Serve: &serveModel{
			Command: envelope.StringValues(spec.Serve.Command), ScorePath: types.StringValue(spec.Serve.ScorePath), HealthPath: types.StringValue(spec.Serve.HealthPath),
		},
		SourceRevision: types.StringValue(spec.SourceRevision), Resources: envelope.FlattenResources(spec.Resources),
		Engine: types.StringValue(string(cmp.Or(spec.Engine, mlops.EngineKubernetesJob))), AzureML: flattenAzureML(spec.AzureML),
	}
	for name, value := range spec.Parameters {
		if m.Parameters == nil {
			m.Parameters = map[string]types.String{}
		}
		m.Parameters[name] = types.StringValue(value)
	}
	return m
}

func flattenAzureML(at *mlops.AzureML) *azureMLModel {
	if at == nil {
		return nil
	}
	return &azureMLModel{
		WorkspaceID: types.StringValue(at.WorkspaceID), ComputeID: envelope.StringOrNull(at.ComputeID),
		InstanceType: envelope.StringOrNull(at.InstanceType), Datastore: types.StringValue(at.Datastore),
	}
}

func flattenJob(job mlops.JobCommand) *jobModel {
	return &jobModel{Command: envelope.StringValues(job.Command), Timeout: envelope.NewDuration(job.Timeout), Retries: types.Int64Value(job.Retries)}
}
