package model

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type model struct {
	envelope.Base
	TrainingID types.String     `tfsdk:"training_id"`
	Name       types.String     `tfsdk:"name"`
	Owner      types.String     `tfsdk:"owner"`
	Validation *validationModel `tfsdk:"validation"`
}

type validationModel struct {
	Metrics map[string]gateModel  `tfsdk:"metrics"`
	Slices  map[string]sliceModel `tfsdk:"slices"`
}

type gateModel struct {
	Goal      types.String  `tfsdk:"goal"`
	Minimum   types.Float64 `tfsdk:"minimum"`
	Maximum   types.Float64 `tfsdk:"maximum"`
	Tolerance types.Float64 `tfsdk:"tolerance"`
	Custom    types.Bool    `tfsdk:"custom"`
}

type sliceModel struct {
	Metric      types.String  `tfsdk:"metric"`
	MaximumGap  types.Float64 `tfsdk:"maximum_gap"`
	MinimumRows types.Int64   `tfsdk:"minimum_rows"`
}

func expand(m model) mlops.Model {
	spec := mlops.Model{Name: m.Name.ValueString(), Training: envelope.NameIn(m.TrainingID), Owner: m.Owner.ValueString()}
	if m.Validation == nil {
		return spec
	}
	for name, gate := range m.Validation.Metrics {
		if spec.Validation.Metrics == nil {
			spec.Validation.Metrics = map[string]mlops.Gate{}
		}
		spec.Validation.Metrics[name] = mlops.Gate{
			Goal: mlops.Goal(gate.Goal.ValueString()), Minimum: gate.Minimum.ValueFloat64Pointer(), Maximum: gate.Maximum.ValueFloat64Pointer(),
			Tolerance: gate.Tolerance.ValueFloat64(), Custom: gate.Custom.ValueBool(),
		}
	}
	for column, slice := range m.Validation.Slices {
		if spec.Validation.Slices == nil {
			spec.Validation.Slices = map[string]mlops.Slice{}
		}
		spec.Validation.Slices[column] = mlops.Slice{
			Metric: slice.Metric.ValueString(), MaximumGap: slice.MaximumGap.ValueFloat64(), MinimumRows: slice.MinimumRows.ValueInt64(),
		}
	}
	return spec
}

func flatten(spec mlops.Model, at envelope.Site) model {
	m := model{
		TrainingID: at.Sibling(mlops.KindTraining, spec.Training), Name: types.StringValue(spec.Name), Owner: envelope.StringOrNull(spec.Owner),
		Validation: &validationModel{Metrics: map[string]gateModel{}},
	}
	for name, gate := range spec.Validation.Metrics {
		m.Validation.Metrics[name] = gateModel{
			Goal: types.StringValue(string(gate.Goal)), Minimum: types.Float64PointerValue(gate.Minimum), Maximum: types.Float64PointerValue(gate.Maximum),
			Tolerance: types.Float64Value(gate.Tolerance), Custom: types.BoolValue(gate.Custom),
		}
	}
	for column, slice := range spec.Validation.Slices {
		if m.Validation.Slices == nil {
			m.Validation.Slices = map[string]sliceModel{}
		}
		m.Validation.Slices[column] = sliceModel{
			Metric: types.StringValue(slice.Metric), MaximumGap: types.Float64Value(slice.MaximumGap), MinimumRows: types.Int64Value(slice.MinimumRows),
		}
	}
	return m
}
