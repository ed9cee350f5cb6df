package armfake

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// versions of types that the oracle does not know.
var versions = map[string][]string{
	"microsoft.resources/subscriptions":       {"2021-04-01", "2022-12-01"},
	"microsoft.resources/resourcegroups":      {"2021-04-01", "2024-03-01", "2025-04-01"},
	"microsoft.authorization/roleassignments": {"2022-04-01"},
	"microsoft.authorization/roledefinitions": {"2022-04-01"},
	identityKind: {"2023-01-31", "2024-11-30"},
	identityKind + "/federatedidentitycredentials": {"2023-01-31", "2024-11-30"},
	"microsoft.web/sites":                          {"2022-09-01", "2023-12-01", "2024-04-01"},
	"microsoft.web/sites/functions":                {"2022-09-01", "2023-12-01", "2024-04-01"},
	"microsoft.web/sites/host":                     {"2022-09-01", "2023-12-01", "2024-04-01"},
	"microsoft.logic/workflows":                    {"2019-05-01"},
	"microsoft.logic/workflows/triggers":           {"2019-05-01"},
}

const identityKind = "microsoft.managedidentity/userassignedidentities"

// arm answers one request to the management API.
func (f *Fake) arm(r *http.Request, body []byte) reply {
	principal, refused := f.bearer(r)
	if refused != nil {
		return refused.reply()
	}
	if operation, ok := strings.CutPrefix(r.URL.Path, "/operations/"); ok {
		return f.poll(operation)
	}
	version := r.URL.Query().Get("api-version")
	if version == "" {
		return failure{Status: 400, Code: "MissingApiVersionParameter", Message: "The api-version query parameter (?api-version=) is required for all requests."}.reply()
	}
	if registered := registration(r); registered != nil {
		return *registered
	}
	at, ok := parse(r.URL.Path)
	action := ""
	if ok && r.Method == http.MethodPost {
		cut := strings.LastIndexByte(at.id, '/')
		action = at.id[cut+1:]
		at, ok = parse(at.id[:cut])
	}
	if !ok || at.name == "" && r.Method != http.MethodGet {
		return failure{Status: 400, Code: "InvalidRequestUri", Message: "The request URI is not valid: " + r.URL.Path}.reply()
	}
	if refused := f.supports(at, version); refused != nil {
		return refused.reply()
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	if refused := f.authorized(principal, at, r.Method, action); refused != nil {
		return refused.reply()
	}
	if missing := f.above(at); missing != nil {
		return missing.reply()
	}
	switch r.Method {
	case http.MethodGet:
		if at.name == "" {
			return f.list(r, at)
		}
		return f.get(at)
	case http.MethodPut, http.MethodPatch:
		return f.write(r, at, version, body)
	case http.MethodDelete:
		return f.delete(r, at)
	case http.MethodPost:
		return f.act(r, at, action, version, body)
	default:
		return failure{Status: 405, Code: "MethodNotAllowed", Message: "The method " + r.Method + " is not supported."}.reply()
	}
}

// bearer checks the token: signature, time, audience and tenant.
func (f *Fake) bearer(r *http.Request) (Principal, *failure) {
	refused := func(code, message string) *failure {
		return &failure{Status: 401, Code: code, Message: message, Header: http.Header{
			"Www-Authenticate": {fmt.Sprintf(`Bearer authorization_uri="%s/%s", error="invalid_token", error_description="%s"`, f.URL, f.Tenant, message)},
		}}
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return Principal{}, refused("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
	}
	read, err := verify(token, &f.key.PublicKey, f.options.Now())
	switch {
	case errors.Is(err, errExpired):
		return Principal{}, refused("ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.")
	case err != nil:
		return Principal{}, refused("InvalidAuthenticationToken", "The access token is invalid.")
	}
	audience, _ := read["aud"].(string)
	if !slices.Contains([]string{f.URL, "https://management.azure.com", "https://management.core.windows.net"}, strings.TrimSuffix(audience, "/")) {
		return Principal{}, refused("InvalidAuthenticationTokenAudience", fmt.Sprintf("The access token has been obtained for wrong audience or resource '%s'.", audience))
	}
	if tenant, _ := read["tid"].(string); tenant != f.Tenant {
		return Principal{}, refused("InvalidAuthenticationTokenTenant",
			fmt.Sprintf("The access token is from the wrong issuer 'https://sts.windows.net/%s/'. It must match the tenant 'https://sts.windows.net/%s/' associated with this subscription.", tenant, f.Tenant))
	}
	object, _ := read["oid"].(string)
	client, _ := read["appid"].(string)
	return Principal{ObjectID: object, ClientID: client}, nil
}

// registration answers for resource providers, all of which are registered.
func registration(r *http.Request) *reply {
	parts := strings.Split(strings.Trim(strings.ToLower(r.URL.Path), "/"), "/")
	if len(parts) >= 4 && parts[0] == "subscriptions" && parts[2] == "providers" && (len(parts) == 4 || len(parts) == 5 && parts[4] == "register") {
		return &reply{status: http.StatusOK, body: map[string]any{"namespace": parts[3], "registrationState": "Registered"}}
	}
	return nil
}

// supports checks the api-version of a type.
func (f *Fake) supports(at target, version string) *failure {
	known := versions[at.kind]
	if len(known) == 0 && f.types != nil {
		known = f.types.Versions(at.kind)
	}
	if slices.Contains(known, version) || f.types == nil && len(known) == 0 {
		return nil
	}
	return &failure{Status: 400, Code: "NoRegisteredProviderFound", Message: fmt.Sprintf(
		"No registered resource provider found for type '%s' and API version '%s'. The supported api-versions are '%s'.", at.shown, version, strings.Join(known, ", "))}
}

// above looks for what must be there before a resource can be: its group and its parent.
func (f *Fake) above(at target) *failure {
	if name := group(at.key); name != "" && f.resources[name] == nil && name != at.key {
		return &failure{Status: 404, Code: "ResourceGroupNotFound", Message: fmt.Sprintf("Resource group '%s' could not be found.", name[strings.LastIndexByte(name, '/')+1:])}
	}
	parent := at.parent
	for parent != "" && implicit(parent) {
		parent = parent[:strings.LastIndex(parent, "/blobservices/default")]
	}
	if parent != "" && strings.Contains(parent, "/providers/") && f.resources[parent] == nil {
		return &failure{Status: 404, Code: "ParentResourceNotFound", Message: fmt.Sprintf(
			"Failed to perform the operation on resource '%s' of type '%s', because the parent resource '%s' could not be found.", at.name, at.shown, parent)}
	}
	return nil
}
