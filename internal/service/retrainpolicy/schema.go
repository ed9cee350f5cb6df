package retrainpolicy

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "What starts a run of a model, what holds it back, and who lets a candidate into production. A model has one policy, of its own name. " +
	"A person may always ask for a run (`mlops train MODEL`), and a model without a version is filled once, with or without a policy."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"model_id": envelope.RequiredReference(mlops.KindModel, "The model. Another one is another policy: a change replaces."),
		"triggers": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "What starts a run. A trigger that is left out is off; `{}` turns on one without settings.",
			Attributes: map[string]schema.Attribute{
				"drift": schema.SingleNestedAttribute{
					Optional: true, MarkdownDescription: "An episode of one of these monitors. The run waits for data newer than what the champion has learned from.",
					Attributes: map[string]schema.Attribute{
						"monitor_ids": schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "Ids of drift monitors."},
					},
				},
				"dataset_version": empty("A new version of the dataset."),
				"code":            empty("A change of the training: image, commands, parameters or source revision."),
				"schedule": schema.SingleNestedAttribute{
					Optional: true, MarkdownDescription: "Every slot of a schedule.",
					Attributes: map[string]schema.Attribute{
						"cron":      schema.StringAttribute{Required: true, MarkdownDescription: "Cron expression of five fields: minute, hour, day, month, weekday."},
						"time_zone": envelope.TimeZone(),
					},
				},
			},
		},
		"guards":   guards(),
		"approval": approval(),
	}
}

func empty(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: map[string]schema.Attribute{}}
}

func guards() schema.SingleNestedAttribute {
	duration := func(d mlops.Duration) envelope.Duration { return envelope.NewDuration(d) }
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true, MarkdownDescription: "What holds runs back. A run that is refused says which guard did it.",
		Default: objectdefault.StaticValue(types.ObjectValueMust(
			map[string]attr.Type{
				"cooldown": envelope.DurationType{}, "maximum_runs": types.Int64Type, "budget_period": envelope.DurationType{},
				"minimum_new_rows": types.Int64Type, "wait_for_data": envelope.DurationType{},
			},
			map[string]attr.Value{
				"cooldown": duration(mlops.DefaultCooldown), "maximum_runs": types.Int64Value(0), "budget_period": duration(mlops.DefaultBudgetPeriod),
				"minimum_new_rows": types.Int64Value(0), "wait_for_data": duration(mlops.DefaultWaitForData),
			})),
		Attributes: map[string]schema.Attribute{
			"cooldown":         envelope.DefaultDuration(mlops.DefaultCooldown, "Least time between the starts of two runs."),
			"maximum_runs":     zero("Largest number of runs in `budget_period`; `0` is no limit."),
			"budget_period":    envelope.DefaultDuration(mlops.DefaultBudgetPeriod, "Period of `maximum_runs`."),
			"minimum_new_rows": zero("Least number of rows published since the champion's data."),
			"wait_for_data":    envelope.DefaultDuration(mlops.DefaultWaitForData, "How long a drift run waits for newer data before it expires."),
		},
	}
}

func zero(description string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true, Computed: true, Default: int64default.StaticInt64(0), MarkdownDescription: description + " Default `0`.",
	}
}

func approval() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true, MarkdownDescription: "Who lets a candidate that has passed the gate into production.",
		Default: objectdefault.StaticValue(types.ObjectValueMust(
			map[string]attr.Type{
				"mode": types.StringType, "first": types.StringType, "expiry": envelope.DurationType{}, "four_eyes": types.BoolType,
				"approvers": types.ListType{ElemType: types.StringType},
			},
			map[string]attr.Value{
				"mode": types.StringValue(string(mlops.ApprovalManual)), "first": types.StringValue(string(mlops.ApprovalAutomatic)),
				"expiry": envelope.NewDuration(mlops.DefaultApprovalExpiry), "four_eyes": types.BoolValue(false),
				"approvers": types.ListNull(types.StringType),
			})),
		Attributes: map[string]schema.Attribute{
			"mode":      mode(mlops.ApprovalManual, "Who approves a candidate."),
			"first":     mode(mlops.ApprovalAutomatic, "Who approves the first version of a model, which has passed the gate."),
			"expiry":    envelope.DefaultDuration(mlops.DefaultApprovalExpiry, "A candidate that waits longer expires."),
			"four_eyes": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false), MarkdownDescription: "Whoever asked for a run may not approve it. Default `false`."},
			"approvers": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Who may approve: names or e-mail addresses on one machine; on Azure a role of an owner, an e-mail address or object id " +
				"of an owner or requester, or a requester's short name, each with a `principal_id`. Left out, any owner may."},
		},
	}
}

func mode(value mlops.ApprovalMode, description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(string(value)),
		MarkdownDescription: fmt.Sprintf("%s %s. Default `%s`.", description, envelope.OneOf(mlops.ApprovalModes), value),
	}
}
