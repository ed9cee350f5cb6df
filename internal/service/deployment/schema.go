package deployment

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "Serves a model, by alias or pinned version, behind one stable address. An alias follows promotions between applies and never shows as a change. " +
	"While the model has no version yet, nothing serves: the first promotion starts it. The code that serves is the version's own, so a rollback brings back artifact and code."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"model_id": envelope.RequiredReference(mlops.KindModel, "The model. Another one is another deployment: a change replaces."),
		"name":     envelope.NameLike("model_id", mlops.KindModel, "Default: the model's name."),
		"alias": schema.StringAttribute{
			Optional: true, Computed: true, PlanModifiers: []planmodifier.String{championUnlessPinned{}},
			MarkdownDescription: "The alias that is followed: " + envelope.OneOf(mlops.Aliases) + ". Default `" + mlops.AliasChampion + "`, unless `version` pins one.",
		},
		"cluster": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Short name of the cluster, from the project's `azure.clusters`, that serves it. Default: the project's `default_cluster`, or its only one.",
		},
		"version": schema.Int64Attribute{Optional: true, MarkdownDescription: "Pins a version, instead of an alias."},
		"replicas": schema.Int64Attribute{
			Optional: true, Computed: true, PlanModifiers: []planmodifier.Int64{oneUnlessAutoscaled{}},
			MarkdownDescription: fmt.Sprintf("How many replicas serve. Default `%d`, unless `autoscaling` owns the count.", mlops.DefaultReplicas),
		},
		"autoscaling": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Bounds the replicas by load. One machine runs the minimum.",
			Attributes: map[string]schema.Attribute{
				"minimum":     schema.Int64Attribute{Required: true, MarkdownDescription: "Least number of replicas, at least 1."},
				"maximum":     schema.Int64Attribute{Required: true, MarkdownDescription: "Largest number of replicas."},
				"cpu_percent": schema.Int64Attribute{Required: true, MarkdownDescription: "Mean CPU use, in percent of what is requested, that it aims at."},
			},
		},
		"data_collection": dataCollection(),
		"resources":       envelope.Resources("What a replica may use."),
		"roll_out":        rollOut(),
		"health":          health(),
		"endpoint_url": schema.StringAttribute{
			Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			MarkdownDescription: "The stable address. It is there before anything serves; the score path of the training is below it.",
		},
	}
}

var (
	collectionDefault = collectionModel{
		Enabled: types.BoolValue(true), SamplingPercentage: types.Int64Value(mlops.DefaultSamplingPercentage),
		RetentionDays: types.Int64Value(mlops.DefaultRecordDays),
	}
	rollOutDefault = rollOutModel{
		Timeout: envelope.NewDuration(mlops.DefaultRollOutTimeout), Watch: envelope.NewDuration(mlops.DefaultRollOutWatch),
	}
)

func dataCollection() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "What is kept of scoring traffic, for drift and audit. Left out, everything is kept for the default time. Changes in place.",
		Default: objectdefault.StaticValue(types.ObjectValueMust(
			map[string]attr.Type{
				"enabled": types.BoolType, "sampling_percentage": types.Int64Type, "retention_days": types.Int64Type,
				"redact": types.ListType{ElemType: types.StringType}, "on_full": types.StringType, "sync": types.StringType,
				"log_claim": types.StringType,
			},
			map[string]attr.Value{
				"enabled": collectionDefault.Enabled, "sampling_percentage": collectionDefault.SamplingPercentage,
				"retention_days": collectionDefault.RetentionDays, "redact": types.ListNull(types.StringType),
				"on_full": types.StringValue(mlops.OnFullCount), "sync": types.StringValue(mlops.SyncGrouped),
				"log_claim": types.StringNull(),
			})),
		Attributes: map[string]schema.Attribute{
			"enabled": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true), MarkdownDescription: "Whether anything is kept. Default `true`.",
			},
			"sampling_percentage": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(mlops.DefaultSamplingPercentage),
				MarkdownDescription: fmt.Sprintf("Share of requests that is kept, in percent. Default `%d`.", mlops.DefaultSamplingPercentage),
			},
			"retention_days": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(mlops.DefaultRecordDays),
				MarkdownDescription: fmt.Sprintf("Records are removed so many days after they arrived; `0` leaves it to the project's `record_days`. Default `%d`.", mlops.DefaultRecordDays),
			},
			"redact": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Columns whose values are never stored. A body that cannot be read whole is then not stored at all.",
			},
			"on_full": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(mlops.OnFullCount),
				MarkdownDescription: "What happens while the collector's log is full because the store is away: `count` (the oldest records go, and each is counted) or `block` (scoring waits). Default `count`.",
			},
			"sync": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(mlops.SyncGrouped),
				MarkdownDescription: "When a record is safe against the end of the machine: `grouped` (within 50 ms) or `always` (before the answer ends, at the cost of its latency). A killed process loses nothing either way. Default `grouped`.",
			},
			"log_claim": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Name of a ReadWriteMany volume claim in the project's namespace that keeps the collectors' logs, in a folder for each pod, so that what a pod that is gone could not ship is shipped by another. " +
					"Its file system must lock files across nodes, as NFS 4 does; see the [collector guide](../guides/collector#on-kubernetes). Left out, a log goes with its pod. Not on one machine, where logs outlive processes already. A change starts the pods anew.",
			},
		},
	}
}

func health() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "When the owners hear that it is ill, by its collectors' own numbers of half an hour. A rule of Azure Monitor watches it, so it takes the " +
			"project's `azure.alerts` and `data_collection`. One machine keeps it, and nobody watches it there.",
		Attributes: map[string]schema.Attribute{
			"failure_percent": schema.Float64Attribute{Optional: true,
				MarkdownDescription: "Share of requests, in percent, above which too many fail: the model answers 500 and above, or breaks off its answer."},
			"p95_latency": schema.StringAttribute{Optional: true, CustomType: envelope.DurationType{}, PlanModifiers: []planmodifier.String{envelope.KeepEqual()},
				MarkdownDescription: "The 95th percentile of the latency above which answers are slow, for example `500ms`."},
			"minimum_requests": schema.Int64Attribute{Optional: true, MarkdownDescription: "Number of requests in half an hour below which there is no traffic. `1` says when nobody asks."},
			"severity": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(mlops.DefaultHealthSeverity),
				MarkdownDescription: fmt.Sprintf("From `0`, critical, to `4`, verbose. Default `%d`.", mlops.DefaultHealthSeverity)},
			"notify": schema.ListAttribute{Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Roles that hear of it: " + envelope.OneOf(mlops.Roles) + ". Left out, the project says."},
		},
	}
}

func rollOut() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true, MarkdownDescription: "How a change, and a promotion, goes into production.",
		Default: objectdefault.StaticValue(types.ObjectValueMust(
			map[string]attr.Type{"timeout": envelope.DurationType{}, "watch": envelope.DurationType{}},
			map[string]attr.Value{"timeout": rollOutDefault.Timeout, "watch": rollOutDefault.Watch})),
		Attributes: map[string]schema.Attribute{
			"timeout": envelope.DefaultDuration(mlops.DefaultRollOutTimeout, "Longest time until the new replicas are ready. What takes longer goes back."),
			"watch":   envelope.DefaultDuration(mlops.DefaultRollOutWatch, "How long a promoted version is watched before the alias moves."),
		},
	}
}

// championUnlessPinned plans the alias where the configuration gives none.
type championUnlessPinned struct{}

func (championUnlessPinned) Description(context.Context) string {
	return "champion, unless version pins one"
}

func (c championUnlessPinned) MarkdownDescription(ctx context.Context) string {
	return c.Description(ctx)
}

func (championUnlessPinned) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var version types.Int64
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("version"), &version)...)
	switch {
	case version.IsUnknown():
		resp.PlanValue = types.StringUnknown()
	case version.IsNull():
		resp.PlanValue = types.StringValue(mlops.AliasChampion)
	default:
		resp.PlanValue = types.StringNull()
	}
}

// oneUnlessAutoscaled plans the replicas where the configuration gives none.
type oneUnlessAutoscaled struct{}

func (oneUnlessAutoscaled) Description(context.Context) string {
	return "1, unless autoscaling owns the count"
}

func (o oneUnlessAutoscaled) MarkdownDescription(ctx context.Context) string {
	return o.Description(ctx)
}

func (oneUnlessAutoscaled) PlanModifyInt64(ctx context.Context, req planmodifier.Int64Request, resp *planmodifier.Int64Response) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var autoscaling types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("autoscaling"), &autoscaling)...)
	switch {
	case autoscaling.IsUnknown():
		resp.PlanValue = types.Int64Unknown()
	case autoscaling.IsNull():
		resp.PlanValue = types.Int64Value(mlops.DefaultReplicas)
	default:
		resp.PlanValue = types.Int64Null()
	}
}
