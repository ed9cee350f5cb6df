package training

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "The code of a model, versioned and reusable: one image with its train, evaluate and serve commands. " +
	"A change of it is new code: with the trigger `code` it makes a run, and it never restarts what serves."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"dataset_id": envelope.RequiredReference(mlops.KindDataset, "The dataset that is learned from."),
		"name":       envelope.RequiredName(),
		"image": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The image that holds the code, for example `flight-delay:1.0.0`. On one machine it is a name: programs are found on the PATH of `mlops local`.",
		},
		"train":    job("Trains: reads `MLOPS_INPUT_DIR`, writes `model/` into `MLOPS_OUTPUT_DIR`."),
		"evaluate": job("Judges a model on the holdout: writes `metrics.json`, and for the paired test `predictions.csv`, into `MLOPS_OUTPUT_DIR`."),
		"serve": schema.SingleNestedAttribute{
			Required:            true,
			MarkdownDescription: "Serves the model in `MLOPS_MODEL_DIR` on `HOST` and `PORT`.",
			Attributes: map[string]schema.Attribute{
				"command":     command(),
				"score_path":  servedPath(mlops.DefaultScorePath, "Where it answers scoring requests."),
				"health_path": servedPath(mlops.DefaultHealthPath, "Where it answers 200 once it is ready."),
			},
		},
		"parameters": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "What the trainer is told, as JSON in `MLOPS_PARAMETERS`.",
		},
		"source_revision": schema.StringAttribute{
			Optional: true, Computed: true, PlanModifiers: []planmodifier.String{revisionOfImage{}},
			MarkdownDescription: "Revision of the source that the image was built from. Default: the image's digest or tag.",
		},
		"resources": envelope.Resources("What a train or evaluate job may use."),
		"engine": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(mlops.EngineKubernetesJob)),
			MarkdownDescription: "What runs the train command: `kubernetes_job`, a job of the project (on one machine a process), or `azure_ml_job`, a command job of " +
				"an Azure Machine Learning workspace. Evaluations are the project's own jobs with either. A change is no new code. Default `kubernetes_job`.",
		},
		"azure_ml": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Where in Azure Machine Learning it trains, with `engine = \"azure_ml_job\"`. See the guide [a project on Azure](../guides/azure.md#training-in-azure-machine-learning).",
			Attributes: map[string]schema.Attribute{
				"workspace_id":  schema.StringAttribute{Required: true, MarkdownDescription: "ARM ID of the workspace."},
				"compute_id":    schema.StringAttribute{Optional: true, MarkdownDescription: "ARM ID of a compute of the workspace. Default: serverless compute."},
				"instance_type": schema.StringAttribute{Optional: true, MarkdownDescription: "Size of the machine (`Standard_DS3_v2`), or an instance type of an attached cluster. Default: the compute's own."},
				"datastore": schema.StringAttribute{
					Optional: true, Computed: true, Default: stringdefault.StaticString(mlops.DefaultDatastore),
					MarkdownDescription: fmt.Sprintf("Datastore of the workspace, a blob container, that holds input and output while the job runs. Default `%s`.", mlops.DefaultDatastore),
				},
			},
		},
	}
}

func job(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Required: true, MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"command": command(),
			"timeout": envelope.DefaultDuration(mlops.DefaultJobTimeout, "Longest time that it may take."),
			"retries": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(mlops.DefaultRetries),
				MarkdownDescription: fmt.Sprintf("How often it is started again when it was killed or lost. A command that ends with an error is not. Default `%d`.", mlops.DefaultRetries),
			},
		},
	}
}

func command() schema.ListAttribute {
	return schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "The program and its arguments."}
}

func servedPath(value, description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(value),
		MarkdownDescription: fmt.Sprintf("%s Default `%s`.", description, value),
	}
}

// revisionOfImage plans the source revision where the configuration gives none.
type revisionOfImage struct{}

func (revisionOfImage) Description(context.Context) string {
	return "the image's digest or tag, unless given"
}

func (r revisionOfImage) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

func (revisionOfImage) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var image types.String
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("image"), &image)...)
	if image.IsUnknown() {
		resp.PlanValue = types.StringUnknown()
		return
	}
	resp.PlanValue = types.StringValue(mlops.ImageRevision(image.ValueString()))
}
