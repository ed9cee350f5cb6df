package armfake

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

var uuids atomic.Int64

// uuid is another one at each call, and looks like one of version 4.
func (f *Fake) uuid() string { return fmt.Sprintf("a5a5a5a5-0000-4000-8000-%012x", uuids.Add(1)) }

// ResourceGroup seeds a resource group.
func (f *Fake) ResourceGroup(name string) (id string) {
	id = "/subscriptions/" + f.Subscription + "/resourceGroups/" + name
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.resources[strings.ToLower(id)] == nil {
		f.seed(id, map[string]any{"location": "westeurope", "properties": map[string]any{"provisioningState": "Succeeded"}})
	}
	return id
}

// Cluster seeds an AKS cluster whose listClusterUserCredential answers this kubeconfig.
func (f *Fake) Cluster(group, name string, kubeconfig []byte) (id string) {
	id = f.ResourceGroup(group) + "/providers/Microsoft.ContainerService/managedClusters/" + name
	f.Put(id, map[string]any{"location": "westeurope", "properties": map[string]any{"disableLocalAccounts": true, "aadProfile": map[string]any{"managed": true}}})
	f.Answers(id, "listClusterUserCredential", map[string]any{"kubeconfigs": []any{
		map[string]any{"name": "clusterUser", "value": base64.StdEncoding.EncodeToString(kubeconfig)},
	}})
	return id
}

func (f *Fake) fillCluster(found *resource) {
	found.fill["properties.provisioningState"] = "Succeeded"
	found.fill["properties.fqdn"] = found.name + ".hcp.westeurope.fake"
	properties, _ := found.body["properties"].(map[string]any)
	if _, given := properties["oidcIssuerProfile"]; !given {
		found.fill["properties.oidcIssuerProfile"] = map[string]any{"enabled": true, "issuerURL": f.Issuer(strings.ToLower(found.name)) + "/"}
	}
}

// Identity seeds a user-assigned identity and its principal.
func (f *Fake) Identity(group, name string) (id string, principal Principal) {
	id = f.ResourceGroup(group) + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + name
	f.lock.Lock()
	defer f.lock.Unlock()
	found := f.seed(id, map[string]any{"location": "westeurope"})
	principal, _ = f.client(text(found.properties()["clientId"]))
	return id, principal
}

func (f *Fake) fillIdentity(found *resource) {
	if _, there := found.fill["properties.clientId"]; there {
		return
	}
	principal := Principal{Name: found.name, ClientID: f.uuid(), ObjectID: f.uuid()}
	f.principals[principal.ObjectID] = principal
	found.fill["properties.clientId"], found.fill["properties.principalId"], found.fill["properties.tenantId"] = principal.ClientID, principal.ObjectID, f.Tenant
}

// Function seeds a function app with one function, and its key.
func (f *Fake) Function(group, app, function, key string) (id string) {
	id = f.ResourceGroup(group) + "/providers/Microsoft.Web/sites/" + app
	f.Put(id, map[string]any{"location": "westeurope", "kind": "functionapp", "properties": map[string]any{"defaultHostName": app + ".azurewebsites.fake"}})
	invoke := "https://" + app + ".azurewebsites.fake/api/" + strings.ToLower(function)
	f.Put(id+"/functions/"+function, map[string]any{"properties": map[string]any{"invoke_url_template": invoke}})
	f.Answers(id+"/functions/"+function, "listKeys", map[string]any{"default": key})
	f.Put(id+"/host/default", map[string]any{})
	f.Answers(id+"/host/default", "listKeys", map[string]any{"functionKeys": map[string]any{"default": key}, "masterKey": "master-" + key})
	return id
}

// LogicApp seeds a workflow with one trigger, and the URL it is called by.
func (f *Fake) LogicApp(group, name, trigger, callback string) (id string) {
	id = f.ResourceGroup(group) + "/providers/Microsoft.Logic/workflows/" + name
	f.Put(id, map[string]any{"location": "westeurope", "properties": map[string]any{
		"state": "Enabled", "definition": map[string]any{"triggers": map[string]any{trigger: map[string]any{"type": "Request", "kind": "Http"}}},
	}})
	f.Put(id+"/triggers/"+trigger, map[string]any{"properties": map[string]any{}})
	f.Answers(id+"/triggers/"+trigger, "listCallbackUrl", map[string]any{"value": callback, "method": "POST"})
	return id
}

// act is a POST on a resource.
func (f *Fake) act(r *http.Request, at target, action, version string, body []byte) reply {
	found := f.resources[at.key]
	if found == nil {
		return notFound(at).reply()
	}
	kept, refused := f.judge(r.Method, at, version, action, body)
	if refused != nil {
		return refused.reply()
	}
	if given, ok := f.callbacks[at.key+"/"+strings.ToLower(action)]; ok {
		return reply{http.StatusOK, nil, given}
	}
	switch action := strings.ToLower(action); {
	case at.kind == policyKind && (action == "lock" || action == "extend"):
		if refused := policyAction(r, found, action, kept); refused != nil {
			return refused.reply()
		}
		f.touch(found)
		return reply{http.StatusOK, http.Header{"Etag": {found.tag()}}, found.shown()}
	case at.kind == containerKind && (action == "setlegalhold" || action == "clearlegalhold"):
		answered := containerAction(found, action, kept)
		f.touch(found)
		return answered
	case at.kind == jobKind && action == "cancel":
		return f.cancelJob(found, version)
	case at.kind == groupKind && action == "createnotifications":
		answered := f.promise(Lasting{Style: Location, Polls: 2}, version, func() {}, func() any {
			return map[string]any{"state": "Completed", "actionDetails": []any{}}
		})
		answered.status = http.StatusAccepted
		return answered
	default:
		return failure{Status: 404, Code: "InvalidAction", Message: fmt.Sprintf("There is no action '%s' on '%s'.", action, at.id)}.reply()
	}
}
