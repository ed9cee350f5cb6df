package dataset

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type model struct {
	envelope.Base
	ProjectID               types.String           `tfsdk:"project_id"`
	Name                    types.String           `tfsdk:"name"`
	Columns                 map[string]columnModel `tfsdk:"columns"`
	MinimumRows             types.Int64            `tfsdk:"minimum_rows"`
	MaximumDuplicatePercent types.Float64          `tfsdk:"maximum_duplicate_percent"`
	HoldoutPercent          types.Int64            `tfsdk:"holdout_percent"`
}

type columnModel struct {
	Type               types.String   `tfsdk:"type"`
	Role               types.String   `tfsdk:"role"`
	Minimum            types.Float64  `tfsdk:"minimum"`
	Maximum            types.Float64  `tfsdk:"maximum"`
	Categories         []types.String `tfsdk:"categories"`
	MaximumNullPercent types.Float64  `tfsdk:"maximum_null_percent"`
	Unit               types.String   `tfsdk:"unit"`
}

func expand(m model) mlops.Dataset {
	spec := mlops.Dataset{
		Name: m.Name.ValueString(), MinimumRows: m.MinimumRows.ValueInt64(),
		MaximumDuplicatePercent: m.MaximumDuplicatePercent.ValueFloat64Pointer(), HoldoutPercent: m.HoldoutPercent.ValueInt64(),
	}
	if m.Columns != nil {
		spec.Columns = map[string]mlops.Column{}
	}
	for name, column := range m.Columns {
		spec.Columns[name] = mlops.Column{
			Type: mlops.ColumnType(column.Type.ValueString()), Role: mlops.ColumnRole(column.Role.ValueString()),
			Minimum: column.Minimum.ValueFloat64Pointer(), Maximum: column.Maximum.ValueFloat64Pointer(),
			Categories: envelope.Strings(column.Categories), MaximumNullPercent: column.MaximumNullPercent.ValueFloat64Pointer(),
			Unit: column.Unit.ValueString(),
		}
	}
	return spec
}

func flatten(spec mlops.Dataset, at envelope.Site) model {
	m := model{
		ProjectID: at.Sibling(mlops.KindProject, at.Project), Name: types.StringValue(spec.Name),
		Columns: map[string]columnModel{}, MinimumRows: types.Int64Value(spec.MinimumRows),
		MaximumDuplicatePercent: types.Float64PointerValue(spec.MaximumDuplicatePercent), HoldoutPercent: types.Int64Value(spec.HoldoutPercent),
	}
	for name, column := range spec.Columns {
		m.Columns[name] = columnModel{
			Type: types.StringValue(string(column.Type)), Role: types.StringValue(string(column.Role)),
			Minimum: types.Float64PointerValue(column.Minimum), Maximum: types.Float64PointerValue(column.Maximum),
			Categories: envelope.StringValues(column.Categories), MaximumNullPercent: types.Float64PointerValue(column.MaximumNullPercent),
			Unit: envelope.StringOrNull(column.Unit),
		}
	}
	return m
}
