package mlops

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// AzureReceivers are who hears of alerts for one role, beside the owner's e-mail address and webhook. Names are unique in a
// role: Azure tells receivers of a group apart by them.
type AzureReceivers struct {
	Emails    map[string]string             `json:"emails,omitempty"` // name: address
	SMS       map[string]AzurePhone         `json:"sms,omitempty"`
	Push      map[string]string             `json:"push,omitempty"` // name: the account's e-mail address in the Azure app
	Functions map[string]AzureFunction      `json:"functions,omitempty"`
	LogicApps map[string]AzureLogicApp      `json:"logic_apps,omitempty"`
	EventHubs map[string]AzureEventHub      `json:"event_hubs,omitempty"`
	Webhooks  map[string]AzureWebhook       `json:"webhooks,omitempty"`
	Secure    map[string]AzureSecureWebhook `json:"secure_webhooks,omitempty"`
}

// AzurePhone takes short messages.
type AzurePhone struct {
	CountryCode string `json:"country_code"` // "49"
	Number      string `json:"number"`       // digits alone
}

// AzureFunction is called with its own key, which is fetched when the alert is made.
type AzureFunction struct {
	ID       string `json:"id"` // ARM id of the function app
	Function string `json:"function"`
}

// AzureLogicApp is called at the URL of its request trigger, which is fetched when the alert is made.
type AzureLogicApp struct {
	ID string `json:"id"` // ARM id of the workflow
}

// AzureEventHub takes alerts as events.
type AzureEventHub struct {
	SubscriptionID string `json:"subscription_id"`
	Namespace      string `json:"namespace"`
	Name           string `json:"name"`
	TenantID       string `json:"tenant_id,omitempty"`
}

// AzureWebhook is a URL that may hold a secret, so it is not in the spec: only which version of it was last given.
type AzureWebhook struct {
	Version int64 `json:"version"`
	// URL is known while it is being applied, and to nobody afterwards.
	URL string `json:"-"`
}

// String hides the address.
func (h AzureWebhook) String() string { return fmt.Sprintf("AzureWebhook{%d}", h.Version) }

// GoString hides the address.
func (h AzureWebhook) GoString() string { return h.String() }

// AzureSecureWebhook is called with an Entra token for an application.
type AzureSecureWebhook struct {
	URL           string `json:"url"`
	ObjectID      string `json:"object_id"`      // of the application's registration
	IdentifierURI string `json:"identifier_uri"` // api://...
	TenantID      string `json:"tenant_id"`
}

// Types of the receivers that are resources.
const (
	ARMFunctionApp = "Microsoft.Web/sites"
	ARMWorkflow    = "Microsoft.Logic/workflows"
)

// MaximumReceivers of a kind in one action group; of e-mail addresses there may be more.
const MaximumReceivers = 10

// Names of the receivers that every owner has.
const (
	OwnerReceiver        = "owner"
	OwnerWebhookReceiver = "owner webhook"
)

var (
	reservedReceivers = []string{OwnerReceiver, OwnerWebhookReceiver}

	phonePattern    = regexp.MustCompile(`^[0-9]{4,15}$`)
	countryPattern  = regexp.MustCompile(`^[1-9][0-9]{0,2}$`)
	receiverPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _-]{0,62}$`)
)

// Validate checks names, addresses and ids.
func (r AzureReceivers) Validate() []Problem {
	var problems []Problem
	seen := map[string]bool{}
	add := func(text string, path ...string) { problems = append(problems, problem(text, path...)) }
	names := func(kind string, of []string) {
		slices.Sort(of)
		for _, name := range of {
			if !receiverPattern.MatchString(name) {
				add("a receiver's name has 1 to 63 letters, digits, spaces, hyphens and underscores", kind, name)
			}
			if slices.Contains(reservedReceivers, strings.ToLower(name)) {
				add("the owner's own receivers are called that: choose another name", kind, name)
			}
			if seen[strings.ToLower(name)] {
				add(fmt.Sprintf("another receiver of this role is called %q: names are unique", name), kind, name)
			}
			seen[strings.ToLower(name)] = true
		}
		if len(of) > MaximumReceivers && kind != "emails" {
			add(fmt.Sprintf("an action group takes at most %d receivers of a kind", MaximumReceivers), kind)
		}
	}
	names("emails", keysOf(r.Emails))
	names("sms", keysOf(r.SMS))
	names("push", keysOf(r.Push))
	names("functions", keysOf(r.Functions))
	names("logic_apps", keysOf(r.LogicApps))
	names("event_hubs", keysOf(r.EventHubs))
	names("webhooks", append(keysOf(r.Webhooks), keysOf(r.Secure)...))
	for kind, addresses := range map[string]map[string]string{"emails": r.Emails, "push": r.Push} {
		for name, address := range addresses {
			if !strings.Contains(address, "@") || len(address) > 64 {
				add(fmt.Sprintf("%q is not an e-mail address of at most 64 characters", address), kind, name)
			}
		}
	}
	for name, phone := range r.SMS {
		if !countryPattern.MatchString(phone.CountryCode) || !phonePattern.MatchString(phone.Number) {
			add(`write country_code = "49" and number = "1515550100": digits alone`, "sms", name)
		}
	}
	for name, function := range r.Functions {
		problems = append(problems, armProblem(ARMFunctionApp, function.ID, "functions", name, "id")...)
		if function.Function == "" {
			add("name the function inside the app", "functions", name, "function")
		}
	}
	for name, app := range r.LogicApps {
		problems = append(problems, armProblem(ARMWorkflow, app.ID, "logic_apps", name, "id")...)
	}
	for name, hub := range r.EventHubs {
		if hub.SubscriptionID == "" || hub.Namespace == "" || hub.Name == "" {
			add("an event hub is given by subscription_id, namespace and name", "event_hubs", name)
		}
	}
	for name, hook := range r.Webhooks {
		// The address may be a secret, so it is not repeated; a plan does not know it.
		if at, err := url.Parse(hook.URL); hook.URL != "" && (err != nil || at.Scheme != "https" || at.Host == "") {
			add("not a URL: write https://host/path", "webhooks", name, "url")
		}
		if hook.Version < 1 {
			add("versions count from 1", "webhooks", name, "version")
		}
	}
	for name, hook := range r.Secure {
		if at, err := url.Parse(hook.URL); err != nil || at.Scheme != "https" || at.Host == "" {
			add("not a URL: write https://host/path", "secure_webhooks", name, "url")
		}
		if hook.ObjectID == "" || hook.IdentifierURI == "" || hook.TenantID == "" {
			add("a secure webhook needs object_id, identifier_uri and tenant_id of its application", "secure_webhooks", name)
		}
	}
	return problems
}

func keysOf[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	return keys
}
