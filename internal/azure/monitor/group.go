package monitor

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Group is an action group as it is sent.
type Group struct {
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	Properties GroupProperties   `json:"properties"`
}

// GroupProperties are those that we own. Every list is sent, so that a receiver that was added by hand is taken out.
type GroupProperties struct {
	ShortName string           `json:"groupShortName"`
	Enabled   bool             `json:"enabled"`
	Emails    []map[string]any `json:"emailReceivers"`
	SMS       []map[string]any `json:"smsReceivers"`
	Push      []map[string]any `json:"azureAppPushReceivers"`
	Functions []map[string]any `json:"azureFunctionReceivers"`
	LogicApps []map[string]any `json:"logicAppReceivers"`
	EventHubs []map[string]any `json:"eventHubReceivers"`
	Webhooks  []map[string]any `json:"webhookReceivers"`
}

// secretKeys hold addresses with secrets in them: they are filled at apply, and never compared, shown or kept.
var secretKeys = []string{"httpTriggerUrl", "callbackUrl", secretURI}

// secretURI stands for serviceUri where that is a secret; it is never sent under this name.
const secretURI = "mlops:serviceUri"

// secretsTag changes with the versions of the secrets, which cannot be compared themselves.
const secretsTag = "mlops-secrets"

// maximumShortName of a group, in characters.
const maximumShortName = 12

// groups are one for each role that somebody stands behind.
func (d Declared) actionGroups() map[string]Group {
	groups := map[string]Group{}
	for _, role := range mlops.Roles {
		if d.reachable(role) {
			groups[d.groupID(role)] = d.group(role)
		}
	}
	return groups
}

func (d Declared) group(role mlops.Role) Group {
	owner, owned := d.Project.Owners[role]
	more := d.Project.Azure.Alerts.Receivers[role]
	name := strings.Trim(d.Project.Name[:min(len(d.Project.Name), maximumShortName)], "-")
	group := Group{Location: "Global", Tags: d.tags(), Properties: GroupProperties{ShortName: name, Enabled: true}}
	to := &group.Properties
	if owned && owner.Email != "" {
		to.Emails = append(to.Emails, map[string]any{"name": mlops.OwnerReceiver, "emailAddress": owner.Email, common: true})
	}
	to.Emails = append(to.Emails, receivers(more.Emails, func(address string) map[string]any { return map[string]any{"emailAddress": address, common: true} })...)
	to.SMS = receivers(more.SMS, func(phone mlops.AzurePhone) map[string]any {
		return map[string]any{"countryCode": phone.CountryCode, "phoneNumber": phone.Number}
	})
	to.Push = receivers(more.Push, func(address string) map[string]any { return map[string]any{"emailAddress": address} })
	to.Functions = receivers(more.Functions, func(f mlops.AzureFunction) map[string]any {
		return map[string]any{"functionAppResourceId": f.ID, "functionName": f.Function, "httpTriggerUrl": "", common: true}
	})
	to.LogicApps = receivers(more.LogicApps, func(app mlops.AzureLogicApp) map[string]any {
		return map[string]any{"resourceId": app.ID, "callbackUrl": "", common: true}
	})
	to.EventHubs = receivers(more.EventHubs, func(hub mlops.AzureEventHub) map[string]any {
		found := map[string]any{"subscriptionId": hub.SubscriptionID, "eventHubNameSpace": hub.Namespace, "eventHubName": hub.Name, common: true}
		if hub.TenantID != "" {
			found["tenantId"] = hub.TenantID
		}
		return found
	})
	to.Webhooks = receivers(more.Webhooks, func(mlops.AzureWebhook) map[string]any { return map[string]any{secretURI: "", common: true} })
	if owned && owner.Webhook != "" {
		to.Webhooks = append(to.Webhooks, map[string]any{"name": mlops.OwnerWebhookReceiver, "serviceUri": owner.Webhook, common: true})
	}
	to.Webhooks = append(to.Webhooks, receivers(more.Secure, func(hook mlops.AzureSecureWebhook) map[string]any {
		return map[string]any{
			"serviceUri": hook.URL, common: true, "useAadAuth": true, "objectId": hook.ObjectID, "identifierUri": hook.IdentifierURI, "tenantId": hook.TenantID,
		}
	})...)
	for _, list := range to.lists() {
		if *list == nil {
			*list = []map[string]any{}
		}
	}
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(more.Webhooks)) {
		versions = append(versions, name+"="+strconv.FormatInt(more.Webhooks[name].Version, 10))
	}
	if len(versions) > 0 {
		group.Tags[secretsTag] = short(strings.Join(versions, "\n"), 6)
	}
	return group
}

// common asks for the common alert schema, which is off unless asked for.
const common = "useCommonAlertSchema"

func (p *GroupProperties) lists() []*[]map[string]any {
	return []*[]map[string]any{&p.Emails, &p.SMS, &p.Push, &p.Functions, &p.LogicApps, &p.EventHubs, &p.Webhooks}
}

// receivers makes them in order of name.
func receivers[V any](of map[string]V, receiver func(V) map[string]any) []map[string]any {
	var receivers []map[string]any
	for _, name := range slices.Sorted(maps.Keys(of)) {
		one := receiver(of[name])
		one["name"] = name
		receivers = append(receivers, one)
	}
	return receivers
}
