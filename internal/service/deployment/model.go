package deployment

import (
	"cmp"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type model struct {
	envelope.Base
	ModelID        types.String             `tfsdk:"model_id"`
	Name           types.String             `tfsdk:"name"`
	Alias          types.String             `tfsdk:"alias"`
	Cluster        types.String             `tfsdk:"cluster"`
	Version        types.Int64              `tfsdk:"version"`
	Replicas       types.Int64              `tfsdk:"replicas"`
	Autoscaling    *autoscalingModel        `tfsdk:"autoscaling"`
	DataCollection *collectionModel         `tfsdk:"data_collection"`
	Resources      *envelope.ResourcesModel `tfsdk:"resources"`
	RollOut        *rollOutModel            `tfsdk:"roll_out"`
	Health         *healthModel             `tfsdk:"health"`
	EndpointURL    types.String             `tfsdk:"endpoint_url"`
}

type autoscalingModel struct {
	Minimum    types.Int64 `tfsdk:"minimum"`
	Maximum    types.Int64 `tfsdk:"maximum"`
	CPUPercent types.Int64 `tfsdk:"cpu_percent"`
}

type collectionModel struct {
	Enabled            types.Bool     `tfsdk:"enabled"`
	SamplingPercentage types.Int64    `tfsdk:"sampling_percentage"`
	RetentionDays      types.Int64    `tfsdk:"retention_days"`
	Redact             []types.String `tfsdk:"redact"`
	OnFull             types.String   `tfsdk:"on_full"`
	Sync               types.String   `tfsdk:"sync"`
	LogClaim           types.String   `tfsdk:"log_claim"`
}

type rollOutModel struct {
	Timeout envelope.Duration `tfsdk:"timeout"`
	Watch   envelope.Duration `tfsdk:"watch"`
}

type healthModel struct {
	FailurePercent  types.Float64     `tfsdk:"failure_percent"`
	P95Latency      envelope.Duration `tfsdk:"p95_latency"`
	MinimumRequests types.Int64       `tfsdk:"minimum_requests"`
	Severity        types.Int64       `tfsdk:"severity"`
	Notify          []types.String    `tfsdk:"notify"`
}

func expand(m model) mlops.Deployment {
	spec := mlops.Deployment{
		Name: m.Name.ValueString(), Model: envelope.NameIn(m.ModelID), Alias: m.Alias.ValueString(), Cluster: m.Cluster.ValueString(),
		Version: m.Version.ValueInt64Pointer(), Replicas: m.Replicas.ValueInt64Pointer(), Resources: envelope.ExpandResources(m.Resources),
	}
	if a := m.Autoscaling; a != nil {
		spec.Autoscaling = &mlops.Autoscaling{Minimum: a.Minimum.ValueInt64(), Maximum: a.Maximum.ValueInt64(), CPUPercent: a.CPUPercent.ValueInt64()}
	}
	if c := m.DataCollection; c != nil {
		spec.DataCollection = mlops.DataCollection{
			Enabled: c.Enabled.ValueBool(), SamplingPercentage: c.SamplingPercentage.ValueInt64(), RetentionDays: c.RetentionDays.ValueInt64(),
			Redact: envelope.Strings(c.Redact), OnFull: unlessDefault(c.OnFull, mlops.OnFullCount), Sync: unlessDefault(c.Sync, mlops.SyncGrouped),
			LogClaim: c.LogClaim.ValueString(),
		}
	}
	if r := m.RollOut; r != nil {
		spec.RollOut = mlops.RollOut{Timeout: r.Timeout.Domain(), Watch: r.Watch.Domain()}
	}
	if h := m.Health; h != nil {
		spec.Health = &mlops.Health{
			FailurePercent: h.FailurePercent.ValueFloat64(), P95Latency: h.P95Latency.Domain(), MinimumRequests: h.MinimumRequests.ValueInt64(),
			Severity: h.Severity.ValueInt64(), Notify: envelope.Roles(h.Notify),
		}
	}
	return spec
}

// unlessDefault leaves a default out of the spec, so that those from before it was there say the same.
func unlessDefault(value types.String, otherwise string) string {
	if value.ValueString() == otherwise {
		return ""
	}
	return value.ValueString()
}

func flatten(spec mlops.Deployment, at envelope.Site) model {
	m := model{
		ModelID: at.Sibling(mlops.KindModel, spec.Model), Name: types.StringValue(spec.Name), Alias: envelope.StringOrNull(spec.Alias), Cluster: envelope.StringOrNull(spec.Cluster),
		Version: types.Int64PointerValue(spec.Version), Replicas: types.Int64PointerValue(spec.Replicas),
		Resources: envelope.FlattenResources(spec.Resources),
		DataCollection: &collectionModel{
			Enabled: types.BoolValue(spec.DataCollection.Enabled), SamplingPercentage: types.Int64Value(spec.DataCollection.SamplingPercentage),
			RetentionDays: types.Int64Value(spec.DataCollection.RetentionDays), Redact: envelope.StringValues(spec.DataCollection.Redact),
			OnFull: types.StringValue(cmp.Or(spec.DataCollection.OnFull, mlops.OnFullCount)), Sync: types.StringValue(cmp.Or(spec.DataCollection.Sync, mlops.SyncGrouped)),
			LogClaim: envelope.StringOrNull(spec.DataCollection.LogClaim),
		},
		RollOut: &rollOutModel{Timeout: envelope.NewDuration(spec.RollOut.Timeout), Watch: envelope.NewDuration(spec.RollOut.Watch)},
	}
	if a := spec.Autoscaling; a != nil {
		m.Autoscaling = &autoscalingModel{
			Minimum: types.Int64Value(a.Minimum), Maximum: types.Int64Value(a.Maximum), CPUPercent: types.Int64Value(a.CPUPercent),
		}
	}
	if h := spec.Health; h != nil {
		m.Health = &healthModel{
			FailurePercent: orNull(types.Float64Value, h.FailurePercent), P95Latency: envelope.DurationOrNull(h.P95Latency),
			MinimumRequests: orNull(types.Int64Value, h.MinimumRequests), Severity: types.Int64Value(h.Severity), Notify: envelope.StringValues(h.Notify),
		}
	}
	return m
}

// orNull is null for zero, which means that nothing is given: the zero value of a value is null.
func orNull[N comparable, V any](value func(N) V, number N) (v V) {
	if number == *new(N) {
		return v
	}
	return value(number)
}
