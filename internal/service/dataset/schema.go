package dataset

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "The columns of a dataset, what must hold in every version of it, and how versions are split. " +
	"What does not hold is refused when a version is published, and is a data-quality fault in scoring traffic."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"project_id": envelope.RequiredReference(mlops.KindProject, "The project. Another one is another dataset: a change replaces."),
		"name":       envelope.RequiredName(),
		"columns": schema.MapNestedAttribute{
			Required:            true,
			MarkdownDescription: "The columns by name.",
			NestedObject:        schema.NestedAttributeObject{Attributes: column()},
		},
		"minimum_rows": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(0),
			MarkdownDescription: "Least number of rows of a version. Default `0`.",
		},
		"maximum_duplicate_percent": schema.Float64Attribute{
			Optional: true, MarkdownDescription: "Largest share of rows that repeat another, in percent. Left out, it is not checked.",
		},
		"holdout_percent": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(mlops.DefaultHoldoutPercent),
			MarkdownDescription: fmt.Sprintf("Share of the rows, the last by timestamp, that is kept from training and judges candidate and champion. "+
				"Without a timestamp column they are chosen by a hash. Default `%d`.", mlops.DefaultHoldoutPercent),
		},
	}
}

func column() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"type": schema.StringAttribute{
			Required: true, MarkdownDescription: "How the cells are read: " + envelope.OneOf(mlops.ColumnTypes) + ".",
		},
		"role": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(mlops.RoleFeature)),
			MarkdownDescription: "What the column is for: " + envelope.OneOf(mlops.ColumnRoles) + ". Default `" + string(mlops.RoleFeature) + "`. " +
				"All but features stand once at most.",
		},
		"minimum": schema.Float64Attribute{Optional: true, MarkdownDescription: "Least number that can be true."},
		"maximum": schema.Float64Attribute{Optional: true, MarkdownDescription: "Largest number that can be true."},
		"categories": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Closes the set of values of a category: any other is a fault. Left out, an unseen value is a change, not a fault.",
		},
		"maximum_null_percent": schema.Float64Attribute{
			Optional:            true,
			MarkdownDescription: "Largest share of empty cells, in percent. Left out: `100` for features, `0` for label, timestamp and id.",
		},
		"unit": schema.StringAttribute{Optional: true, MarkdownDescription: "Unit of the numbers, for people; a unit shift is named against it."},
	}
}
