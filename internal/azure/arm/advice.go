package arm

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

const policyDenied = "RequestDisallowedByPolicy"

// refusedAction reads what ARM says of a missing role.
var refusedAction = regexp.MustCompile(`(?i)perform action '([^']+)' over scope '([^']+)'`)

// roleFor is the narrowest built-in role that allows an action, by what the action begins or ends with.
var roleFor = []struct{ action, role string }{
	{"microsoft.containerservice/managedclusters/listclusterusercredential/", "Azure Kubernetes Service Cluster User Role"},
	{"/read", "Reader"},
	{"microsoft.insights/", "Monitoring Contributor"},
	{"microsoft.authorization/roleassignments/", "Role Based Access Control Administrator"},
	{"microsoft.managedidentity/", "Managed Identity Contributor"},
	{"microsoft.storage/", "Storage Account Contributor"},
	{"microsoft.web/", "Website Contributor"},
	{"microsoft.logic/", "Logic App Contributor"},
	{"microsoft.machinelearningservices/", "AzureML Data Scientist"},
}

// RoleFor names a built-in role that allows an action ("Microsoft.Insights/actionGroups/write").
func RoleFor(action string) string {
	action = strings.ToLower(action)
	for _, known := range roleFor {
		if strings.HasPrefix(action, known.action) || strings.HasPrefix(known.action, "/") && strings.HasSuffix(action, known.action) {
			return known.role
		}
	}
	return "Contributor"
}

// NextStep says what a person can do; "" where the message must do.
func (e *Error) NextStep() string {
	code := strings.ToLower(e.Code)
	switch {
	case e.Status == http.StatusForbidden && e.Code == policyDenied:
		return "A policy of the subscription denies this: read its name above, and change the configuration or ask whoever owns the policy for an exemption."
	case e.Status == http.StatusForbidden:
		return e.missingRole()
	case code == "invalidauthenticationtokentenant":
		return "The identity belongs to another tenant: set tenant_id (ARM_TENANT_ID) to the tenant of the subscription."
	case e.Status == http.StatusUnauthorized:
		return "The token was not accepted: sign in again (az login), or renew the credential that is configured."
	case strings.Contains(code, "quota"):
		return "A quota of the subscription is used up: ask for more in the Azure portal under Quotas, or free some."
	case code == "resourcegroupnotfound":
		return "The resource group is gone: create it again, or name another one."
	case code == "subscriptionnotfound":
		return "The identity sees no such subscription: check the id, and that the identity has a role in it."
	case e.Status == http.StatusTooManyRequests:
		return "Azure throttles this subscription: try again" + e.later() + ", or with less in one run (terraform apply -parallelism=2)."
	case e.Status >= http.StatusInternalServerError:
		return fmt.Sprintf("Azure failed %d times at this: try again later; https://status.azure.com says whether it is known.", retries+1)
	}
	return ""
}

func (e *Error) later() string {
	if e.RetryAfter <= 0 {
		return " later"
	}
	return " in " + e.RetryAfter.String()
}

// missingRole names the role and the scope to grant it on.
func (e *Error) missingRole() string {
	found := refusedAction.FindStringSubmatch(e.Message)
	if found == nil {
		return "The identity lacks a role for this: grant one at the resource, its group or its subscription; a new assignment takes some minutes to act."
	}
	return fmt.Sprintf("Grant the identity the role %q on the scope %s (or one above it); a new assignment takes some minutes to act.", RoleFor(found[1]), found[2])
}
