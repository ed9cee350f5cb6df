package project

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func azureAlerts() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Makes Azure Monitor tell people what the controller has decided: log alert rules over its gauges in Application Insights, and one action " +
			"group for each owner. Left out, or taken out, there is none of them, and the owners' `webhook` is all that is called. " +
			"An owner's `email` and `webhook` are receivers without being named here.",
		Attributes: map[string]schema.Attribute{
			"resource_group_id": schema.StringAttribute{Required: true, MarkdownDescription: "ARM ID of the resource group in which rules and action groups are made."},
			"action_group_ids": schema.ListAttribute{Optional: true, ElementType: types.StringType,
				MarkdownDescription: "ARM IDs of action groups that every rule calls. Without `receivers` the project then makes none of its own."},
			"receivers": schema.MapNestedAttribute{
				Optional: true, NestedObject: schema.NestedAttributeObject{Attributes: azureReceivers()},
				MarkdownDescription: "Who else hears of what an owner hears of, by role: " + envelope.OneOf(mlops.Roles) + ". Receivers have names of your own, unique in a role.",
			},
		},
	}
}

func azureReceivers() map[string]schema.Attribute {
	named := func(description string, attributes map[string]schema.Attribute) schema.MapNestedAttribute {
		return schema.MapNestedAttribute{Optional: true, MarkdownDescription: description, NestedObject: schema.NestedAttributeObject{Attributes: attributes}}
	}
	needed := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Required: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"emails": schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "E-mail addresses, by name of the receiver. Azure asks a new one to confirm."},
		"push":   schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Accounts of the Azure mobile app, by name of the receiver."},
		"sms": named("Telephones that take short messages.", map[string]schema.Attribute{
			"country_code": needed("Digits alone, such as `49`."), "number": needed("Digits alone, without the zero before the area."),
		}),
		"functions": named("Azure Functions. Their key is fetched when the group is made; a key that was renewed needs another apply.", map[string]schema.Attribute{
			"id": needed("ARM ID of the function app."), "function": needed("Name of the function in it, with an HTTP trigger."),
		}),
		"logic_apps": named("Logic Apps with one request trigger. Its URL is fetched when the group is made.", map[string]schema.Attribute{
			"id": needed("ARM ID of the workflow."),
		}),
		"event_hubs": named("Event hubs, which take alerts as events.", map[string]schema.Attribute{
			"subscription_id": needed("Subscription of the namespace."), "namespace": needed("Event Hubs namespace."), "name": needed("The hub."),
			"tenant_id": schema.StringAttribute{Optional: true, MarkdownDescription: "Tenant, where it is another one."},
		}),
		"webhooks": named("Webhooks. The URL may hold a secret: it is in neither plan nor state, so `version` says that it has changed.", map[string]schema.Attribute{
			"url":     schema.StringAttribute{Required: true, WriteOnly: true, Sensitive: true, MarkdownDescription: "An https URL. Write-only."},
			"version": schema.Int64Attribute{Required: true, MarkdownDescription: "Any number from 1. Another one sends `url` again."},
		}),
		"secure_webhooks": named("Webhooks that are called with an Entra token.", map[string]schema.Attribute{
			"url": needed("An https URL, no secret."), "object_id": needed("Object id of the application's registration."),
			"identifier_uri": needed("Its identifier URI, such as `api://mlops`."), "tenant_id": needed("Its tenant."),
		}),
	}
}

func azureIncomingAlerts() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Lets the controller take alerts of Azure Monitor by secure webhook (common alert schema) behind the service of its name, at `/alerts`: " +
			"one over its own gauges makes it look at once, and one whose rule has the custom property `model` asks for training of that model.",
		Attributes: map[string]schema.Attribute{
			"tenant_id": schema.StringAttribute{Required: true, MarkdownDescription: "Entra tenant whose tokens the alerts carry."},
			"audiences": schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "Application id or identifier URI that the tokens are for."},
			"authority": schema.StringAttribute{Optional: true, MarkdownDescription: "Address of Entra. Default `https://login.microsoftonline.com`."},
		},
	}
}
