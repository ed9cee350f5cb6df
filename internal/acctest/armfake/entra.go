package armfake

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Principal is somebody with tokens: an application, a managed identity, a user.
type Principal struct {
	Name, ClientID, ObjectID string
	Secret                   string
	certificate              *rsa.PublicKey
}

// trust lets the subject of another issuer have a principal's tokens.
type trust struct{ clientID, issuer, subject string }

// Application registers a principal with a client secret.
func (f *Fake) Application(name string) Principal {
	p := Principal{Name: name, ClientID: f.uuid(), ObjectID: f.uuid(), Secret: "secret-" + f.uuid()}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.principals[p.ObjectID] = p
	return p
}

// Trust adds a federated credential to an application. Those of managed identities are resources.
func (f *Fake) Trust(p Principal, issuer, subject string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.trusts = append(f.trusts, trust{p.ClientID, issuer, subject})
}

// Certify lets a certificate stand for a principal.
func (f *Fake) Certify(p Principal, certificate *x509.Certificate) error {
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("not an RSA certificate")
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	p.certificate = key
	f.principals[p.ObjectID] = p
	return nil
}

// Member puts a principal into a group.
func (f *Fake) Member(group, member string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.members[group] = append(f.members[group], member)
}

// Issuer is another identity provider's, whose tokens Assertion signs: "github", "cluster-1".
func (f *Fake) Issuer(name string) string { return f.URL + "/issuer/" + name }

// Assertion is a token of such an issuer.
func (f *Fake) Assertion(issuer, subject string) string {
	now := f.options.Now()
	return f.Sign(map[string]any{
		"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange", "iat": now.Unix() - 60, "nbf": now.Unix() - 60, "exp": now.Add(time.Hour).Unix(),
	})
}

// jwks are the public keys of all tokens.
func (f *Fake) jwks() any {
	return map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID, "n": base64.RawURLEncoding.EncodeToString(f.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(f.key.E)).Bytes()),
	}}}
}

// entra answers what is not ARM; false where the path is none of its.
func (f *Fake) entra(w http.ResponseWriter, r *http.Request) bool {
	path := strings.ToLower(strings.Trim(r.URL.Path, "/"))
	tenant, rest, _ := strings.Cut(path, "/")
	switch {
	case path == "metadata/endpoints":
		answer(w, http.StatusOK, f.metadata())
	case path == "common/discovery/instance":
		answer(w, http.StatusOK, map[string]any{"tenant_discovery_endpoint": f.URL + "/" + f.Tenant + "/v2.0/.well-known/openid-configuration", "metadata": []any{}})
	case tenant == "msi":
		f.managedIdentity(w, r)
	case tenant == "oidc":
		f.externalToken(w, r, rest)
	case tenant == "issuer" && strings.HasSuffix(path, "/.well-known/openid-configuration"):
		issuer := f.URL + strings.TrimSuffix(r.URL.Path, "/.well-known/openid-configuration")
		answer(w, http.StatusOK, map[string]any{"issuer": issuer, "jwks_uri": f.URL + "/" + f.Tenant + "/discovery/v2.0/keys"})
	case rest == "v2.0/.well-known/openid-configuration" || rest == ".well-known/openid-configuration":
		answer(w, http.StatusOK, map[string]any{
			"issuer": f.URL + "/" + tenant + "/v2.0", "authorization_endpoint": f.URL + "/" + tenant + "/oauth2/v2.0/authorize",
			"token_endpoint": f.URL + "/" + tenant + "/oauth2/v2.0/token", "jwks_uri": f.URL + "/" + tenant + "/discovery/v2.0/keys",
		})
	case rest == "discovery/v2.0/keys" || rest == "discovery/keys":
		answer(w, http.StatusOK, f.jwks())
	case rest == "oauth2/v2.0/token":
		f.token(w, r, tenant)
	default:
		return false
	}
	return true
}

// metadata is what metadata_host is asked for.
func (f *Fake) metadata() any {
	return map[string]any{
		"name": "AzureCloud", "portal": f.URL, "resourceManager": f.URL, "microsoftGraphResourceId": f.URL + "/graph", "logAnalyticsResourceId": f.URL + "/logs",
		"authentication": map[string]any{"loginEndpoint": f.URL, "audiences": []any{f.Audience()}, "tenant": f.Tenant, "identityProvider": "AAD"},
		"suffixes":       map[string]any{"storage": "core.fake", "keyVaultDns": "vault.fake", "acrLoginServer": "acr.fake"},
	}
}

// refusal is an error of Entra, numbered as Entra numbers it.
type refusal struct {
	code    int
	message string
}

func (f *Fake) token(w http.ResponseWriter, r *http.Request, tenant string) {
	if err := r.ParseForm(); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": err.Error()})
		return
	}
	principal, refused := f.authenticate(r, tenant)
	if refused != nil {
		answer(w, http.StatusUnauthorized, map[string]any{
			"error": "invalid_client", "error_codes": []int{refused.code}, "error_description": fmt.Sprintf("AADSTS%d: %s", refused.code, refused.message),
		})
		return
	}
	scope, _, _ := strings.Cut(r.PostForm.Get("scope"), " ") // clients add "openid offline_access profile"
	f.give(w, principal, strings.TrimSuffix(scope, "/.default"))
}

// authenticate is the client credentials grant with a secret, a certificate or another issuer's token.
func (f *Fake) authenticate(r *http.Request, tenant string) (Principal, *refusal) {
	form := r.PostForm
	if !strings.EqualFold(tenant, f.Tenant) {
		return Principal{}, &refusal{90002, fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID.", tenant)}
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	principal, ok := f.client(form.Get("client_id"))
	if !ok {
		return principal, &refusal{700016, fmt.Sprintf("Application with identifier '%s' was not found in the directory.", form.Get("client_id"))}
	}
	assertion := form.Get("client_assertion")
	if assertion == "" {
		if principal.Secret == "" || form.Get("client_secret") != principal.Secret {
			return principal, &refusal{7000215, "Invalid client secret provided."}
		}
		return principal, nil
	}
	read, _, _, err := claims(assertion)
	if err != nil {
		return principal, &refusal{50027, "JWT token is invalid or malformed: " + err.Error()}
	}
	issuer, _ := read["iss"].(string)
	subject, _ := read["sub"].(string)
	now := f.options.Now()
	switch {
	case issuer == principal.ClientID && principal.certificate != nil:
		_, err = verify(assertion, principal.certificate, now)
	case strings.HasPrefix(issuer, f.URL+"/"):
		_, err = verify(assertion, &f.key.PublicKey, now)
	default: // the keys of a real cluster are its own: its tokens are read alone
		err = current(read, now)
	}
	switch {
	case errors.Is(err, errExpired):
		return principal, &refusal{700024, "Client assertion is not within its valid time range."}
	case err != nil:
		return principal, &refusal{700027, "The certificate or key used to sign the client assertion is not registered: " + err.Error()}
	case issuer == principal.ClientID:
		return principal, nil
	case !strings.Contains(fmt.Sprint(read["aud"]), "api://AzureADTokenExchange"):
		return principal, &refusal{700212, fmt.Sprintf("No matching federated identity record found for presented assertion audience '%v'.", read["aud"])}
	case !f.trusted(principal, issuer, subject):
		return principal, &refusal{70021, fmt.Sprintf("No matching federated identity record found for presented assertion. Assertion Issuer: '%s'. Assertion Subject: '%s'.", issuer, subject)}
	}
	return principal, nil
}

func (f *Fake) client(id string) (Principal, bool) {
	for _, principal := range f.principals {
		if id != "" && strings.EqualFold(principal.ClientID, id) {
			return principal, true
		}
	}
	return Principal{}, false
}

// trusted looks at applications' credentials and at those of managed identities, which are resources.
func (f *Fake) trusted(p Principal, issuer, subject string) bool {
	if slices.Contains(f.trusts, trust{p.ClientID, issuer, subject}) {
		return true
	}
	for _, found := range f.resources {
		if found.kind != identityKind+"/federatedidentitycredentials" || found.properties()["issuer"] != issuer || found.properties()["subject"] != subject {
			continue
		}
		if parent := f.resources[found.parent]; parent != nil && parent.properties()["clientId"] == p.ClientID {
			return true
		}
	}
	return false
}

func (f *Fake) give(w http.ResponseWriter, principal Principal, audience string) {
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": f.Token(principal, audience, time.Hour)})
}
