package project

import (
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "Where a project lives, who owns it, and how long it remembers. Everything else is declared in a project. " +
	"A controller runs for each project between applies: it trains, judges and promotes."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": envelope.RequiredName(),
		"local": schema.SingleNestedAttribute{
			Optional: true, Validators: []validator.Object{onePlace{environment: os.Getenv}},
			MarkdownDescription: "Places the project on this machine: a folder for its memory, processes for what runs. Start them with `mlops local`. " +
				"Give this or `azure`. Refused in a run of HCP Terraform, whose machine is gone afterwards.",
			Attributes: map[string]schema.Attribute{
				"path": schema.StringAttribute{
					Required:            true,
					MarkdownDescription: "Folder, relative to where Terraform runs unless absolute. It is made where it is missing. The place is the project's identity: it cannot change.",
				},
				"port": schema.Int64Attribute{
					Optional: true, Computed: true, Default: int64default.StaticInt64(mlops.DefaultLocalPort),
					MarkdownDescription: fmt.Sprintf("Port on 127.0.0.1 of the one address behind which all models of the project are served. Default `%d`.", mlops.DefaultLocalPort),
				},
			},
		},
		"azure": azure(),
		"owners": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Who answers for which part, and hears of it.",
			Attributes: map[string]schema.Attribute{
				string(mlops.RoleDataEngineer):  owner("Answers for the data: hears of data-quality faults."),
				string(mlops.RoleDataScientist): owner("Answers for the model: hears of candidates that wait for approval, were rejected or failed."),
				string(mlops.RoleMLOpsEngineer): owner("Answers for what runs: hears of drift and promotions."),
			},
		},
		"retention": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "How long what grows is kept. Left out, it is kept for ever.",
			Attributes: map[string]schema.Attribute{
				"record_days": days("Inference records"),
				"report_days": days("Drift reports"),
			},
		},
		"on_destroy": schema.StringAttribute{
			Optional: true, Computed: true, PlanModifiers: []planmodifier.String{onDestroyOf{}},
			MarkdownDescription: "What a destroy does with the history: `refuse` to destroy a project that has model or dataset versions " +
				"(checked when the destroy is planned), `retain` the history and end only what runs, or `delete` everything. " +
				"Apply a change of this attribute before you destroy. One of " + envelope.OneOf(mlops.OnDestroys) + ", default `refuse`.",
		},
		"force_destroy": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "The short form of `on_destroy = \"delete\"`: a destroy deletes the project with all its versions. Apply it before you destroy.",
		},
		"agent_version": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "Version of the agent that runs for the project: the provider's own. A newer provider plans a change of it, which rolls the controller; " +
				"collectors follow with their deployment's next roll-out. An older provider than the last is refused.",
		},
		"notifications": schema.MapAttribute{
			Optional: true, ElementType: types.SetType{ElemType: types.StringType},
			MarkdownDescription: "Which roles hear of which topic, where it is not the default owner. Topics: " + envelope.OneOf(mlops.Topics) +
				". Roles: " + envelope.OneOf(mlops.Roles) + ".",
		},
	}
}

func owner(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"email":          schema.StringAttribute{Required: true, MarkdownDescription: "E-mail address of the person or group."},
			"webhook":        schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "URL that notifications are posted to as JSON."},
			"principal_id":   schema.StringAttribute{Optional: true, MarkdownDescription: "Object id of the person or group in Entra. Only on Azure."},
			"principal_type": schema.StringAttribute{Optional: true, MarkdownDescription: "What `principal_id` is: " + envelope.OneOf(mlops.PrincipalTypes) + "."},
		},
	}
}

func days(what string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true, Computed: true, Default: int64default.StaticInt64(0),
		MarkdownDescription: what + " are removed after so many days. Default `0`: never.",
	}
}
