package project

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

type azureAlertsModel struct {
	ResourceGroupID types.String                   `tfsdk:"resource_group_id"`
	ActionGroupIDs  []types.String                 `tfsdk:"action_group_ids"`
	Receivers       map[string]azureReceiversModel `tfsdk:"receivers"`
}

type azureReceiversModel struct {
	Emails    map[string]types.String            `tfsdk:"emails"`
	Push      map[string]types.String            `tfsdk:"push"`
	SMS       map[string]azurePhoneModel         `tfsdk:"sms"`
	Functions map[string]azureFunctionModel      `tfsdk:"functions"`
	LogicApps map[string]azureLogicAppModel      `tfsdk:"logic_apps"`
	EventHubs map[string]azureEventHubModel      `tfsdk:"event_hubs"`
	Webhooks  map[string]azureWebhookModel       `tfsdk:"webhooks"`
	Secure    map[string]azureSecureWebhookModel `tfsdk:"secure_webhooks"`
}

type azurePhoneModel struct {
	CountryCode types.String `tfsdk:"country_code"`
	Number      types.String `tfsdk:"number"`
}

type azureFunctionModel struct {
	ID       types.String `tfsdk:"id"`
	Function types.String `tfsdk:"function"`
}

type azureLogicAppModel struct {
	ID types.String `tfsdk:"id"`
}

type azureEventHubModel struct {
	SubscriptionID types.String `tfsdk:"subscription_id"`
	Namespace      types.String `tfsdk:"namespace"`
	Name           types.String `tfsdk:"name"`
	TenantID       types.String `tfsdk:"tenant_id"`
}

type azureWebhookModel struct {
	URL     types.String `tfsdk:"url"` // null but in a configuration
	Version types.Int64  `tfsdk:"version"`
}

type azureSecureWebhookModel struct {
	URL           types.String `tfsdk:"url"`
	ObjectID      types.String `tfsdk:"object_id"`
	IdentifierURI types.String `tfsdk:"identifier_uri"`
	TenantID      types.String `tfsdk:"tenant_id"`
}

type azureIncomingAlertsModel struct {
	TenantID  types.String   `tfsdk:"tenant_id"`
	Audiences []types.String `tfsdk:"audiences"`
	Authority types.String   `tfsdk:"authority"`
}

func expandAlerts(m *azureAlertsModel) *mlops.AzureAlerts {
	if m == nil {
		return nil
	}
	alerts := &mlops.AzureAlerts{ResourceGroupID: m.ResourceGroupID.ValueString(), ActionGroupIDs: envelope.Strings(m.ActionGroupIDs)}
	for role, receivers := range m.Receivers {
		if alerts.Receivers == nil {
			alerts.Receivers = map[mlops.Role]mlops.AzureReceivers{}
		}
		alerts.Receivers[mlops.Role(role)] = expandReceivers(receivers)
	}
	return alerts
}

func expandReceivers(m azureReceiversModel) mlops.AzureReceivers {
	return mlops.AzureReceivers{
		Emails: byKey(m.Emails), Push: byKey(m.Push),
		SMS: turned(m.SMS, func(one azurePhoneModel) mlops.AzurePhone {
			return mlops.AzurePhone{CountryCode: one.CountryCode.ValueString(), Number: one.Number.ValueString()}
		}),
		Functions: turned(m.Functions, func(one azureFunctionModel) mlops.AzureFunction {
			return mlops.AzureFunction{ID: one.ID.ValueString(), Function: one.Function.ValueString()}
		}),
		LogicApps: turned(m.LogicApps, func(one azureLogicAppModel) mlops.AzureLogicApp {
			return mlops.AzureLogicApp{ID: one.ID.ValueString()}
		}),
		EventHubs: turned(m.EventHubs, func(one azureEventHubModel) mlops.AzureEventHub {
			return mlops.AzureEventHub{
				SubscriptionID: one.SubscriptionID.ValueString(), Namespace: one.Namespace.ValueString(), Name: one.Name.ValueString(), TenantID: one.TenantID.ValueString(),
			}
		}),
		Webhooks: turned(m.Webhooks, func(one azureWebhookModel) mlops.AzureWebhook {
			return mlops.AzureWebhook{URL: one.URL.ValueString(), Version: one.Version.ValueInt64()}
		}),
		Secure: turned(m.Secure, func(one azureSecureWebhookModel) mlops.AzureSecureWebhook {
			return mlops.AzureSecureWebhook{
				URL: one.URL.ValueString(), ObjectID: one.ObjectID.ValueString(), IdentifierURI: one.IdentifierURI.ValueString(), TenantID: one.TenantID.ValueString(),
			}
		}),
	}
}

func flattenAlerts(a *mlops.AzureAlerts) *azureAlertsModel {
	if a == nil {
		return nil
	}
	m := &azureAlertsModel{ResourceGroupID: types.StringValue(a.ResourceGroupID), ActionGroupIDs: envelope.StringValues(a.ActionGroupIDs)}
	for role, receivers := range a.Receivers {
		if m.Receivers == nil {
			m.Receivers = map[string]azureReceiversModel{}
		}
		m.Receivers[string(role)] = flattenReceivers(receivers)
	}
	return m
}

func flattenReceivers(r mlops.AzureReceivers) azureReceiversModel {
	return azureReceiversModel{
		Emails: valuesByKey(r.Emails), Push: valuesByKey(r.Push),
		SMS: turned(r.SMS, func(one mlops.AzurePhone) azurePhoneModel {
			return azurePhoneModel{CountryCode: types.StringValue(one.CountryCode), Number: types.StringValue(one.Number)}
		}),
		Functions: turned(r.Functions, func(one mlops.AzureFunction) azureFunctionModel {
			return azureFunctionModel{ID: types.StringValue(one.ID), Function: types.StringValue(one.Function)}
		}),
		LogicApps: turned(r.LogicApps, func(one mlops.AzureLogicApp) azureLogicAppModel {
			return azureLogicAppModel{ID: types.StringValue(one.ID)}
		}),
		EventHubs: turned(r.EventHubs, func(one mlops.AzureEventHub) azureEventHubModel {
			return azureEventHubModel{
				SubscriptionID: types.StringValue(one.SubscriptionID), Namespace: types.StringValue(one.Namespace), Name: types.StringValue(one.Name),
				TenantID: envelope.StringOrNull(one.TenantID),
			}
		}),
		Webhooks: turned(r.Webhooks, func(one mlops.AzureWebhook) azureWebhookModel {
			return azureWebhookModel{Version: types.Int64Value(one.Version)}
		}),
		Secure: turned(r.Secure, func(one mlops.AzureSecureWebhook) azureSecureWebhookModel {
			return azureSecureWebhookModel{
				URL: types.StringValue(one.URL), ObjectID: types.StringValue(one.ObjectID), IdentifierURI: types.StringValue(one.IdentifierURI), TenantID: types.StringValue(one.TenantID),
			}
		}),
	}
}

// turned is a map with other values; nil stays nil.
func turned[A, B any](of map[string]A, turn func(A) B) map[string]B {
	if of == nil {
		return nil
	}
	made := make(map[string]B, len(of))
	for key, value := range of {
		made[key] = turn(value)
	}
	return made
}

// withURLs is a spec with the addresses of its webhooks, which stand in the configuration alone.
func withURLs(spec mlops.Project, config *model) mlops.Project {
	if config == nil || config.Azure == nil || config.Azure.Alerts == nil || spec.Azure == nil {
		return spec
	}
	placed := *spec.Azure
	placed.Alerts, spec.Azure = expandAlerts(config.Azure.Alerts), &placed
	return spec
}
