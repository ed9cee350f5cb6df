package driftmonitor

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type model struct {
	envelope.Base
	DeploymentID types.String            `tfsdk:"deployment_id"`
	Name         types.String            `tfsdk:"name"`
	Owner        types.String            `tfsdk:"owner"`
	Reference    types.String            `tfsdk:"reference"`
	RefLength    envelope.Duration       `tfsdk:"reference_length"`
	RefFrom      types.String            `tfsdk:"reference_from"`
	RefTo        types.String            `tfsdk:"reference_to"`
	Schedule     types.String            `tfsdk:"schedule"`
	TimeZone     types.String            `tfsdk:"time_zone"`
	Window       envelope.Duration       `tfsdk:"window"`
	Features     map[string]featureModel `tfsdk:"features"`
	MinimumRows  types.Int64             `tfsdk:"minimum_rows"`
	Season       envelope.Duration       `tfsdk:"season"`
	Multivariate types.Bool              `tfsdk:"multivariate"`
	OpenAfter    types.Int64             `tfsdk:"open_after"`
	CloseAfter   types.Int64             `tfsdk:"close_after"`
	Alert        *alertModel             `tfsdk:"alert"`
}

type featureModel struct {
	Sensitivity types.Float64 `tfsdk:"sensitivity"`
}

type alertModel struct {
	Severity types.Int64    `tfsdk:"severity"`
	Notify   []types.String `tfsdk:"notify"`
}

func expand(m model) mlops.DriftMonitor {
	spec := mlops.DriftMonitor{
		Name: m.Name.ValueString(), Deployment: envelope.NameIn(m.DeploymentID), Owner: m.Owner.ValueString(),
		Reference: m.Reference.ValueString(), ReferenceLength: m.RefLength.Domain(),
		ReferenceFrom: momentOf(m.RefFrom), ReferenceTo: momentOf(m.RefTo), Schedule: m.Schedule.ValueString(), TimeZone: m.TimeZone.ValueString(),
		Window: m.Window.Domain(), MinimumRows: m.MinimumRows.ValueInt64(), Season: m.Season.Domain(),
		Multivariate: m.Multivariate.ValueBool(), OpenAfter: m.OpenAfter.ValueInt64(), CloseAfter: m.CloseAfter.ValueInt64(),
	}
	for name, feature := range m.Features {
		if spec.Features == nil {
			spec.Features = map[string]mlops.FeatureWatch{}
		}
		spec.Features[name] = mlops.FeatureWatch{Sensitivity: feature.Sensitivity.ValueFloat64()}
	}
	if m.Alert != nil {
		spec.Alert.Severity = m.Alert.Severity.ValueInt64()
		spec.Alert.Notify = envelope.Roles(m.Alert.Notify)
	}
	return spec
}

// momentOf reads a time; what is none is zero, which the domain refuses.
func momentOf(text types.String) time.Time {
	at, err := time.Parse(time.RFC3339, text.ValueString())
	if err != nil {
		return time.Time{}
	}
	return at
}

func momentOrNull(at time.Time) types.String {
	if at.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(at.Format(time.RFC3339))
}

func flatten(spec mlops.DriftMonitor, at envelope.Site) model {
	m := model{
		DeploymentID: at.Sibling(mlops.KindDeployment, spec.Deployment), Name: types.StringValue(spec.Name), Owner: envelope.StringOrNull(spec.Owner),
		Reference: types.StringValue(spec.Reference), RefLength: envelope.DurationOrNull(spec.ReferenceLength),
		RefFrom: momentOrNull(spec.ReferenceFrom), RefTo: momentOrNull(spec.ReferenceTo), Schedule: types.StringValue(spec.Schedule), TimeZone: types.StringValue(spec.TimeZone),
		Window: envelope.NewDuration(spec.Window), MinimumRows: types.Int64Value(spec.MinimumRows), Season: envelope.DurationOrNull(spec.Season),
		Multivariate: types.BoolValue(spec.Multivariate), OpenAfter: types.Int64Value(spec.OpenAfter), CloseAfter: types.Int64Value(spec.CloseAfter),
		Alert: &alertModel{Severity: types.Int64Value(spec.Alert.Severity), Notify: envelope.StringValues(spec.Alert.Notify)},
	}
	for name, feature := range spec.Features {
		if m.Features == nil {
			m.Features = map[string]featureModel{}
		}
		m.Features[name] = featureModel{Sensitivity: types.Float64Value(feature.Sensitivity)}
	}
	return m
}
