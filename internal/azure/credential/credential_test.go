package credential_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/cloud"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/credential"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const (
	tenant = "00000000-0000-0000-0000-00000000000a"
	client = "00000000-0000-0000-0000-00000000000b"
	secret = "sesame-open-sesame"
)

// entra issues tokens for whoever asks, refuses whoever proves himself with "bad", and keeps what was asked.
type entra struct {
	*httptest.Server
	lock     sync.Mutex
	requests []url.Values
	headers  []http.Header // of those who ask for an assertion
}

func start(t *testing.T) *entra {
	t.Helper()
	fake := &entra{}
	fake.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fake.lock.Lock()
		defer fake.lock.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
			at := fake.URL + "/" + tenant
			fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q}`, at+"/v2.0", at+"/oauth2/v2.0/authorize", at+"/oauth2/v2.0/token")
		case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
			_ = r.ParseForm()
			fake.requests = append(fake.requests, r.PostForm)
			if r.PostForm.Get("client_secret") == "bad" {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`)
				return
			}
			fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, len(fake.requests))
		case r.URL.Path == "/github" && r.URL.Query().Get("audience") == "api://AzureADTokenExchange", r.URL.Path == "/pipeline" && r.URL.Query().Get("serviceConnectionId") == "connection":
			fake.headers = append(fake.headers, r.Header)
			fmt.Fprintf(w, `{"value":"from github %d","oidcToken":"from pipeline %d"}`, len(fake.headers), len(fake.headers))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(fake.Close)
	return fake
}

func (f *entra) cloud() cloud.Cloud {
	return cloud.Cloud{Authority: f.URL, DisableInstanceDiscovery: true}
}

// ask gets a token for one scope and returns what Entra was told.
func (f *entra) ask(t *testing.T, config credential.Config, scope string) (url.Values, error) {
	t.Helper()
	config.Transport = f.Client()
	made, err := credential.New(config, f.cloud())
	if err != nil {
		return nil, err
	}
	token, err := made.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(token.Token, "token-") {
		t.Errorf("token %q", token.Token)
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.requests[len(f.requests)-1], nil
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemPair(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mlops"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// Each way of being somebody proves it in its own way.
func TestWaysOfBeingSomebody(t *testing.T) {
	fake := start(t)
	id := credential.Config{TenantID: tenant, ClientID: client}
	with := func(change func(*credential.Config)) credential.Config {
		config := id
		change(&config)
		return config
	}
	pair := pemPair(t)
	for name, test := range map[string]struct {
		config      credential.Config
		field, want string
	}{
		"secret":           {with(func(c *credential.Config) { c.ClientSecret = secret }), "client_secret", secret},
		"secret in a file": {with(func(c *credential.Config) { c.ClientSecretFilePath = file(t, secret+"\n") }), "client_secret", secret},
		"id in a file": {
			credential.Config{TenantID: tenant, ClientIDFilePath: file(t, client+"\n"), ClientSecret: secret}, "client_id", client,
		},
		"certificate":          {with(func(c *credential.Config) { c.ClientCertificatePath = file(t, pair) }), "client_assertion", "."},
		"certificate in place": {with(func(c *credential.Config) { c.ClientCertificate = pair }), "client_assertion", "."},
		"token":                {with(func(c *credential.Config) { c.UseOIDC, c.OIDCToken = true, "told" }), "client_assertion", "told"},
		"token file":           {with(func(c *credential.Config) { c.UseOIDC, c.OIDCTokenFilePath = true, file(t, "read\n") }), "client_assertion", "read"},
		"GitHub": {with(func(c *credential.Config) {
			c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken = true, fake.URL+"/github?a=b", "r"
		}), "client_assertion", "from github"},
		"AKS workload identity": {with(func(c *credential.Config) { c.UseAKSWorkloadIdentity, c.FederatedTokenFile = true, file(t, "pod") }), "client_assertion", "pod"},
		"Azure DevOps": {with(func(c *credential.Config) {
			c.UseOIDC, c.OIDCRequestURL, c.OIDCRequestToken, c.ADOServiceConnectionID = true, fake.URL+"/pipeline", "r", "connection"
		}), "client_assertion", "from pipeline"},
	} {
		t.Run(name, func(t *testing.T) {
			told, err := fake.ask(t, test.config, "https://management.azure.com/.default")
			if err != nil || !strings.Contains(told.Get(test.field), test.want) || !strings.Contains(told.Get("scope"), "https://management.azure.com/.default") {
				t.Errorf("%v: %s is %q, want %q", err, test.field, told.Get(test.field), test.want)
			}
		})
	}
	for _, header := range fake.headers {
		if header.Get("Authorization") != "Bearer r" {
			t.Errorf("the request token is %q", header.Get("Authorization"))
		}
	}
}

// HCP Terraform and Kubernetes write a new token into the same file: the next exchange takes that one.
func TestTokenFileIsReadForEveryAssertion(t *testing.T) {
	fake, path := start(t), file(t, "first")
	config := credential.Config{TenantID: tenant, ClientID: client, UseOIDC: true, OIDCTokenFilePath: path, Transport: fake.Client()}
	made, err := credential.New(config, fake.cloud())
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		// Another scope each time: what is known of one is not asked for again.
		if _, err := made.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{fmt.Sprintf("https://scope%d/.default", i)}}); err != nil {
			t.Fatal(err)
		}
		if told := fake.requests[len(fake.requests)-1].Get("client_assertion"); told != text {
			t.Errorf("assertion %q, want %q", told, text)
		}
	}
}

func TestEnvironment(t *testing.T) {
	read := func(environment map[string]string) credential.Config {
		return credential.Config{}.WithEnvironment(func(name string) string { return environment[name] })
	}
	hcp := read(map[string]string{"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "t", "ARM_CLIENT_ID": "c", "ARM_TENANT_ID": "n", "ARM_USE_CLI": "false"})
	if !hcp.UseOIDC || hcp.OIDCToken != "t" || hcp.ClientID != "c" || hcp.TenantID != "n" || hcp.UseCLI == nil || *hcp.UseCLI {
		t.Error("HCP Terraform's variables are not what is read")
	}
	actions := read(map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "u", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t", "SYSTEM_ACCESSTOKEN": "later"})
	if actions.OIDCRequestURL != "u" || actions.OIDCRequestToken != "t" {
		t.Error("GitHub's variables are not what is read")
	}
	pod := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "f", "AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "n"}
	if found := credential.OfPod(func(name string) string { return pod[name] }); !found.UseAKSWorkloadIdentity || found.FederatedTokenFile != "f" || found.ClientID != "c" || found.TenantID != "n" {
		t.Error("a pod's variables are not what is read")
	}
	if found := read(pod); found.ClientID != "" || found.UseAKSWorkloadIdentity {
		t.Error("a pod's variables count only where they are asked for")
	}
	if given := (credential.Config{ClientID: "mine"}).WithEnvironment(func(string) string { return "theirs" }); given.ClientID != "mine" || given.TenantID != "theirs" {
		t.Error("what is given stands before the environment")
	}
}

func TestSlipsOfAConfig(t *testing.T) {
	no, key := false, func() string {
		made, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		der, _ := x509.MarshalECPrivateKey(made)
		return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	}()
	for says, config := range map[string]credential.Config{
		"a client secret needs tenant_id: set it, or ARM_TENANT_ID": {ClientID: client, ClientSecret: secret},
		"a client secret needs client_id":                           {TenantID: tenant, ClientSecret: secret},
		"permissions: id-token: write":                              {TenantID: tenant, ClientID: client, UseOIDC: true},
		"does not run in a pod":                                     {TenantID: tenant, ClientID: client, UseAKSWorkloadIdentity: true},
		"use_cli is false and nothing else":                         {UseCLI: &no},
		"client_certificate is neither PEM nor base64":              {TenantID: tenant, ClientID: client, ClientCertificate: "%%%"},
		"no certificate with its key":                               {TenantID: tenant, ClientID: client, ClientCertificate: key},
	} {
		if _, err := credential.New(config, cloud.Public); !errors.Is(err, mlops.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	missing := credential.Config{TenantID: tenant, ClientID: client, ClientSecretFilePath: filepath.Join(t.TempDir(), "no")}
	if _, err := credential.New(missing, cloud.Public); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "client_secret_file_path") {
		t.Errorf("%v, want a missing file", err)
	}
}

// Nothing that proves an identity is part of an error or of what is printed.
func TestSecretsAreNotRepeated(t *testing.T) {
	fake := start(t)
	config := credential.Config{TenantID: tenant, ClientID: client, ClientSecret: "bad", OIDCRequestToken: secret, OIDCToken: secret}
	if text := fmt.Sprintf("%v %+v %#v %s", config, config, config, config); strings.Contains(text, secret) || strings.Contains(text, "bad") {
		t.Error(text)
	}
	_, err := fake.ask(t, config, "https://x/.default")
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") || strings.Contains(err.Error(), secret) {
		t.Errorf("%v, want what Entra says and no secret", err)
	}
	lost := credential.Config{TenantID: tenant, ClientID: client, UseOIDC: true, OIDCRequestURL: fake.URL + "/nowhere?key=" + secret, OIDCRequestToken: secret}
	_, err = fake.ask(t, lost, "https://x/.default")
	if err == nil || !strings.Contains(err.Error(), "it answered 404") || strings.Contains(err.Error(), secret) {
		t.Errorf("%v, want the answer and no secret", err)
	}
}

// A person's own identity comes from the az command, and where there is none the error says what to do.
func TestAzureCLI(t *testing.T) {
	fake, bin := start(t), t.TempDir()
	script := "#!/bin/sh\necho '{\"accessToken\":\"token-cli\",\"expires_on\":4102444800,\"expiresOn\":\"2100-01-01 00:00:00.000000\"}'\n"
	if err := os.WriteFile(filepath.Join(bin, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	made, err := credential.New(credential.Config{}, fake.cloud())
	if err != nil {
		t.Fatal(err)
	}
	scope := policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	if token, err := made.GetToken(t.Context(), scope); err != nil || token.Token != "token-cli" {
		t.Errorf("%q, %v", token.Token, err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := made.GetToken(t.Context(), scope); err == nil || !strings.Contains(err.Error(), "run az login") {
		t.Errorf("%v, want what to do", err)
	}
}

// A managed identity is asked for where the machine says that it has one.
func TestManagedIdentity(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-IDENTITY-HEADER") != "h" || r.URL.Query().Get("client_id") != client {
			http.Error(w, "who", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"token-msi","token_type":"Bearer","expires_on":"4102444800","resource":"x"}`)
	}))
	defer server.Close()
	t.Setenv("IDENTITY_ENDPOINT", server.URL)
	t.Setenv("IDENTITY_HEADER", "h")
	made, err := credential.New(credential.Config{UseMSI: true, ClientID: client}, cloud.Public)
	if err != nil {
		t.Fatal(err)
	}
	token, err := made.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://x/.default"}})
	if err != nil || token.Token != "token-msi" {
		t.Errorf("%q, %v", token.Token, err)
	}
}
