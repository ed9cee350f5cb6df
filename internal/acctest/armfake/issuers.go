package armfake

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// issuerToken is the bearer that the identity providers of pipelines, and the endpoint of managed identities, ask for.
const issuerToken = "pipeline-token"

// GitHub is ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN of a run with this subject; its issuer is Issuer("github").
func (f *Fake) GitHub(subject string) (url, token string) {
	return f.URL + "/oidc/github?subject=" + subject, issuerToken
}

// DevOps is SYSTEM_OIDCREQUESTURI and SYSTEM_ACCESSTOKEN of a pipeline with this subject; its issuer is Issuer("devops").
func (f *Fake) DevOps(subject string) (url, token string) {
	return f.URL + "/oidc/devops/" + subject, issuerToken
}

// ManagedIdentity is IDENTITY_ENDPOINT and IDENTITY_HEADER of a machine that has every managed identity of the fake.
func (f *Fake) ManagedIdentity() (url, header string) { return f.URL + "/msi/token", issuerToken }

// externalToken is where pipelines get tokens of their own.
func (f *Fake) externalToken(w http.ResponseWriter, r *http.Request, rest string) {
	provider, _, _ := strings.Cut(rest, "/")
	if r.Header.Get("Authorization") != "Bearer "+issuerToken {
		answer(w, http.StatusUnauthorized, map[string]any{"message": "who are you?"})
		return
	}
	switch {
	case provider == "github" && r.Method == http.MethodGet && r.URL.Query().Get("audience") == "api://AzureADTokenExchange":
		answer(w, http.StatusOK, map[string]any{"value": f.Assertion(f.Issuer("github"), r.URL.Query().Get("subject"))})
	case provider == "devops" && r.Method == http.MethodPost && r.URL.Query().Get("serviceConnectionId") != "":
		_, subject, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/oidc/"), "/")
		answer(w, http.StatusOK, map[string]any{"oidcToken": f.Assertion(f.Issuer("devops"), subject)})
	default:
		answer(w, http.StatusBadRequest, map[string]any{"message": "not a request that the provider of a pipeline's tokens knows"})
	}
}

// managedIdentity answers as App Service does: GET ?api-version&resource[&client_id].
func (f *Fake) managedIdentity(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if r.Header.Get("X-Identity-Header") != issuerToken || query.Get("resource") == "" {
		answer(w, http.StatusBadRequest, map[string]any{"statusCode": 400, "message": "no header or no resource"})
		return
	}
	f.lock.Lock()
	principal, ok := f.client(query.Get("client_id"))
	f.lock.Unlock()
	if !ok {
		answer(w, http.StatusBadRequest, map[string]any{"statusCode": 400, "message": "No User Assigned or Delegated Managed Identity found for specified ClientId"})
		return
	}
	expires := f.options.Now().Add(time.Hour)
	answer(w, http.StatusOK, map[string]any{
		"access_token": f.Token(principal, query.Get("resource"), time.Hour), "token_type": "Bearer", "resource": query.Get("resource"),
		"expires_on": strconv.FormatInt(expires.Unix(), 10),
	})
}
