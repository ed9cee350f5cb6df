package driftmonitor

import (
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "Watches the traffic of a deployment against a reference: data quality first, then drift. Windows that agree open an episode, " +
	"and an episode, not a single window, alerts and starts a run. Changes in place."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"deployment_id": envelope.RequiredReference(mlops.KindDeployment, "The deployment that is watched. Another one is another monitor: a change replaces."),
		"name":          envelope.NameLike("deployment_id", mlops.KindDeployment, "Default: the deployment's name."),
		"owner":         schema.StringAttribute{Optional: true, MarkdownDescription: "E-mail address of who answers for the monitor."},
		"reference": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(mlops.ReferenceTraining),
			Validators: []validator.String{stringvalidator.OneOf(mlops.References...)},
			MarkdownDescription: "What a window is compared with: `" + mlops.ReferenceTraining + "`, the training split of the version that served; `" +
				mlops.ReferenceWindow + "`, the traffic between `reference_from` and `reference_to`; `" + mlops.ReferenceRolling +
				"`, the traffic of `reference_length` right before the window; `" + mlops.ReferenceSeason +
				"`, the traffic of the same window of the last cycle of `season`. Default `" + mlops.ReferenceTraining + "`.",
		},
		"reference_length": schema.StringAttribute{
			Optional: true, CustomType: envelope.DurationType{}, PlanModifiers: []planmodifier.String{envelope.KeepEqual()},
			MarkdownDescription: "How much traffic before a window a `" + mlops.ReferenceRolling + "` reference takes, for example `30d`.",
		},
		"reference_from": moment("The beginning of a `" + mlops.ReferenceWindow + "` reference, for example `2026-01-01T00:00:00Z`."),
		"reference_to":   moment("Its end, which is no part of it."),
		"schedule": schema.StringAttribute{
			Required: true, MarkdownDescription: "When it looks, as a cron expression of five fields: minute, hour, day, month, weekday. Windows that are complete and not judged yet are judged then.",
		},
		"time_zone": envelope.TimeZone(),
		"window":    envelope.RequiredDuration("Length of a window, over the time of events. It is judged once the watermark of the collectors has passed its end."),
		"features": schema.MapNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Limits and tunes what is watched. Left out, every feature of the dataset is.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"sensitivity": schema.Float64Attribute{
					Optional: true, Computed: true, Default: float64default.StaticFloat64(1),
					MarkdownDescription: "`2` raises at half the effect, `0.5` at twice. Default `1`.",
				},
			}},
		},
		"minimum_rows": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(0),
			MarkdownDescription: "A window with fewer rows is `insufficient`. Default `0`: the method says.",
		},
		"season": schema.StringAttribute{
			Optional: true, CustomType: envelope.DurationType{}, PlanModifiers: []planmodifier.String{envelope.KeepEqual()},
			MarkdownDescription: "Length of a cycle, `24h`, `7d`, or `365d` for a calendar year. A shift that the same window of the last cycle shows as well is `seasonal`, " +
				"which raises nothing; before one cycle is recorded the report says `season_unknown`. Left out, no season is looked for.",
		},
		"multivariate": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Looks at all features together, too, with a classifier and with principal components: a change in how they hang together shows " +
				"though each looks stable. It reads the rows of the reference at every look. Default `false`.",
		},
		"open_after":  count(mlops.DefaultOpenAfter, "Windows that agree before an episode opens; they share less than half of their rows."),
		"close_after": count(mlops.DefaultCloseAfter, "Stable windows before it closes."),
		"alert": schema.SingleNestedAttribute{
			Optional: true, Computed: true, MarkdownDescription: "How loud an episode is, and who hears it.",
			Default: objectdefault.StaticValue(types.ObjectValueMust(
				map[string]attr.Type{"severity": types.Int64Type, "notify": types.ListType{ElemType: types.StringType}},
				map[string]attr.Value{"severity": types.Int64Value(mlops.DefaultSeverity), "notify": types.ListNull(types.StringType)})),
			Attributes: map[string]schema.Attribute{
				"severity": count(mlops.DefaultSeverity, "From `0`, critical, to `4`, verbose."),
				"notify": schema.ListAttribute{
					Optional: true, ElementType: types.StringType,
					MarkdownDescription: "Roles that hear of it: " + envelope.OneOf(mlops.Roles) + ". Left out, the project says.",
				},
			},
		},
	}
}

// moment is a time as RFC 3339 writes it.
func moment(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, MarkdownDescription: description,
		Validators: []validator.String{stringvalidator.RegexMatches(momentForm, "write a time such as 2026-01-01T00:00:00Z")},
	}
}

var momentForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$`)

func count(value int64, description string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true, Computed: true, Default: int64default.StaticInt64(value),
		MarkdownDescription: fmt.Sprintf("%s Default `%d`.", description, value),
	}
}
