package model

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "An entry of the registry: its training, its owner, and the gate that every version must pass. Versions are made by runs. " +
	"A destroy ends the runs and keeps the versions in the project's memory."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"training_id": envelope.RequiredReference(mlops.KindTraining, "The code that trains, evaluates and serves it. Another training is new code for the same model."),
		"name":        envelope.RequiredName(),
		"owner":       schema.StringAttribute{Optional: true, MarkdownDescription: "E-mail address of who answers for the model."},
		"validation": schema.SingleNestedAttribute{
			Required:            true,
			MarkdownDescription: "The gate between a candidate and the registry, judged on a holdout that neither candidate nor champion has learned from.",
			Attributes: map[string]schema.Attribute{
				"metrics": schema.MapNestedAttribute{
					Required: true,
					MarkdownDescription: "What must hold, by metric. Known are " + envelope.OneOf(mlops.MetricNames()) +
						"; another needs `custom = true` and is taken from `metrics.json` as it is.",
					NestedObject: schema.NestedAttributeObject{Attributes: gate()},
				},
				"slices": schema.MapNestedAttribute{
					Optional:            true,
					MarkdownDescription: "Fairness: bounds, by column, how far a metric may lie apart between the values of that column.",
					NestedObject:        schema.NestedAttributeObject{Attributes: slice()},
				},
			},
		},
	}
}

func gate() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"goal":    schema.StringAttribute{Required: true, MarkdownDescription: "Which way is better: " + envelope.OneOf(mlops.Goals) + "."},
		"minimum": schema.Float64Attribute{Optional: true, MarkdownDescription: "Least value of a candidate."},
		"maximum": schema.Float64Attribute{Optional: true, MarkdownDescription: "Largest value of a candidate."},
		"tolerance": schema.Float64Attribute{
			Optional: true, Computed: true, Default: float64default.StaticFloat64(0),
			MarkdownDescription: "How much worse than the champion a candidate may be. Where both have predictions, the lower end of the 95 % interval " +
				"of its gain must lie above `-tolerance`. Default `0`.",
		},
		"custom": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Allows a metric that only the evaluate command knows. Default `false`.",
		},
	}
}

func slice() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"metric":      schema.StringAttribute{Required: true, MarkdownDescription: "The metric: one of `" + strings.Join(mlops.MetricNames(), "`, `") + "`."},
		"maximum_gap": schema.Float64Attribute{Required: true, MarkdownDescription: "Largest difference between the best and the worst value."},
		"minimum_rows": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(mlops.DefaultSliceRows),
			MarkdownDescription: fmt.Sprintf("Least number of rows for a value of the column to be judged. Default `%d`.", mlops.DefaultSliceRows),
		},
	}
}
