package mlops_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestAzureReceivers(t *testing.T) {
	const app = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app"
	good := mlops.AzureReceivers{
		Emails: map[string]string{"deputy": "a@example.com"}, SMS: map[string]mlops.AzurePhone{"sms": {CountryCode: "49", Number: "1515550100"}},
		Functions: map[string]mlops.AzureFunction{"f": {ID: app, Function: "onAlert"}},
		Secure:    map[string]mlops.AzureSecureWebhook{"s": {URL: "https://x/y", ObjectID: "o", IdentifierURI: "api://x", TenantID: "t"}},
		Webhooks:  map[string]mlops.AzureWebhook{"w": {Version: 1}},
	}
	if problems := good.Validate(); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
	many := map[string]mlops.AzureWebhook{}
	for i := range mlops.MaximumReceivers + 1 {
		many[fmt.Sprint("w", i)] = mlops.AzureWebhook{}
	}
	for want, bad := range map[string]mlops.AzureReceivers{
		"names are unique":     {Emails: map[string]string{"x": "a@example.com"}, Push: map[string]string{"X": "a@example.com"}},
		"choose another name":  {Emails: map[string]string{"owner": "a@example.com"}},
		"1 to 63 letters":      {Emails: map[string]string{"a/b": "a@example.com"}},
		"not an e-mail":        {Push: map[string]string{"x": "nobody"}},
		"digits alone":         {SMS: map[string]mlops.AzurePhone{"x": {CountryCode: "+49", Number: "1"}}},
		"at most 10 receivers": {Webhooks: many},
		"not the ARM ID":       {LogicApps: map[string]mlops.AzureLogicApp{"x": {ID: "flow"}}},
		"name the function":    {Functions: map[string]mlops.AzureFunction{"x": {ID: app}}},
		"given by":             {EventHubs: map[string]mlops.AzureEventHub{"x": {}}},
		"write https://":       {Secure: map[string]mlops.AzureSecureWebhook{"x": {URL: "http://x"}}},
	} {
		if problems := bad.Validate(); !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("%v, want %q", problems, want)
		}
	}
	alerts := mlops.Azure{Alerts: &mlops.AzureAlerts{Receivers: map[mlops.Role]mlops.AzureReceivers{mlops.RoleDataEngineer: {Push: map[string]string{"x": "nobody"}}}}}
	if problems := alerts.Validate(); !strings.Contains(fmt.Sprint(problems), "alerts receivers data_engineer push x") {
		t.Errorf("%v", problems)
	}
}
