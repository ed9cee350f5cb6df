package training

import (
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
		Resources: envelope.ExpandResources(m.Resources),
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

func flatten(spec mlops.Training, at envelope.Site) model {
	m := model{
		DatasetID: at.Sibling(mlops.KindDataset, spec.Dataset), Name: types.StringValue(spec.Name), Image: types.StringValue(spec.Image),
		Train: flattenJob(spec.Train), Evaluate: flattenJob(spec.Evaluate),
		Serve: &serveModel{
			Command: envelope.StringValues(spec.Serve.Command), ScorePath: types.StringValue(spec.Serve.ScorePath), HealthPath: types.StringValue(spec.Serve.HealthPath),
		},
		SourceRevision: types.StringValue(spec.SourceRevision), Resources: envelope.FlattenResources(spec.Resources),
	}
	for name, value := range spec.Parameters {
		if m.Parameters == nil {
			m.Parameters = map[string]types.String{}
		}
		m.Parameters[name] = types.StringValue(value)
	}
	return m
}

func flattenJob(job mlops.JobCommand) *jobModel {
	return &jobModel{Command: envelope.StringValues(job.Command), Timeout: envelope.NewDuration(job.Timeout), Retries: types.Int64Value(job.Retries)}
}
