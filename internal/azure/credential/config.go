// Package credential turns what a person or a pod says of an identity into one token credential for everything on Azure:
// management, blobs, clusters and telemetry. Tokens and secrets stay in it: errors name where they came from and never what
// they are. It must not know what tokens are used for.
package credential

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Config says which identity to be, in azurerm's words. The first that is configured is taken, in this order: certificate,
// secret, OIDC (token, file, Azure DevOps, GitHub), AKS workload identity, managed identity, Azure CLI.
type Config struct {
	TenantID                  string
	ClientID                  string
	ClientIDFilePath          string
	ClientSecret              string
	ClientSecretFilePath      string
	ClientCertificate         string // PKCS#12 in base64, or PEM
	ClientCertificatePath     string
	ClientCertificatePassword string
	UseOIDC                   bool
	OIDCToken                 string
	OIDCTokenFilePath         string
	OIDCRequestURL            string
	OIDCRequestToken          string
	ADOServiceConnectionID    string
	UseAKSWorkloadIdentity    bool
	FederatedTokenFile        string // of AKS workload identity
	UseMSI                    bool
	// UseCLI is whether the Azure CLI may be asked; nil is yes.
	UseCLI *bool
	// Transport sends requests to Entra; nil: azcore's own.
	Transport policy.Transporter
}

// String hides everything: a config holds secrets.
func (Config) String() string { return "credential.Config{...}" }

// GoString hides everything.
func (c Config) GoString() string { return c.String() }

// Variables of the environment, the same as azurerm's.
const (
	variableTenant            = "ARM_TENANT_ID"
	variableClient            = "ARM_CLIENT_ID"
	variableClientFile        = "ARM_CLIENT_ID_FILE_PATH"
	variableSecret            = "ARM_CLIENT_SECRET"
	variableSecretFile        = "ARM_CLIENT_SECRET_FILE_PATH"
	variableCertificate       = "ARM_CLIENT_CERTIFICATE"
	variableCertificatePath   = "ARM_CLIENT_CERTIFICATE_PATH"
	variablePassword          = "ARM_CLIENT_CERTIFICATE_PASSWORD"
	variableUseOIDC           = "ARM_USE_OIDC"
	variableOIDCToken         = "ARM_OIDC_TOKEN"
	variableOIDCFile          = "ARM_OIDC_TOKEN_FILE_PATH"
	variableUseMSI            = "ARM_USE_MSI"
	variableUseCLI            = "ARM_USE_CLI"
	variableUseAKS            = "ARM_USE_AKS_WORKLOAD_IDENTITY"
	variableWorkloadClient    = "AZURE_CLIENT_ID"
	variableWorkloadTenant    = "AZURE_TENANT_ID"
	variableWorkloadTokenFile = "AZURE_FEDERATED_TOKEN_FILE"
)

// Where CI systems say how to ask for an OIDC token, first to last.
var (
	variablesRequestURL   = []string{"ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"}
	variablesRequestToken = []string{"ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"}
	variablesConnection   = []string{"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"}
)

// WithEnvironment fills in what is left out from environment variables. get is os.Getenv.
func (c Config) WithEnvironment(get func(string) string) Config {
	first := func(given string, variables ...string) string {
		for _, variable := range variables {
			given = cmp.Or(given, get(variable))
		}
		return given
	}
	on := func(given bool, variable string) bool {
		says, err := strconv.ParseBool(get(variable))
		return given || err == nil && says
	}
	c.TenantID = first(c.TenantID, variableTenant)
	c.ClientID = first(c.ClientID, variableClient)
	c.ClientIDFilePath = first(c.ClientIDFilePath, variableClientFile)
	c.ClientSecret = first(c.ClientSecret, variableSecret)
	c.ClientSecretFilePath = first(c.ClientSecretFilePath, variableSecretFile)
	c.ClientCertificate = first(c.ClientCertificate, variableCertificate)
	c.ClientCertificatePath = first(c.ClientCertificatePath, variableCertificatePath)
	c.ClientCertificatePassword = first(c.ClientCertificatePassword, variablePassword)
	c.UseOIDC = on(c.UseOIDC, variableUseOIDC)
	c.OIDCToken = first(c.OIDCToken, variableOIDCToken)
	c.OIDCTokenFilePath = first(c.OIDCTokenFilePath, variableOIDCFile)
	c.OIDCRequestURL = first(c.OIDCRequestURL, variablesRequestURL...)
	c.OIDCRequestToken = first(c.OIDCRequestToken, variablesRequestToken...)
	c.ADOServiceConnectionID = first(c.ADOServiceConnectionID, variablesConnection...)
	c.UseMSI = on(c.UseMSI, variableUseMSI)
	c.UseAKSWorkloadIdentity = on(c.UseAKSWorkloadIdentity, variableUseAKS)
	c.FederatedTokenFile = first(c.FederatedTokenFile, variableWorkloadTokenFile)
	if c.UseAKSWorkloadIdentity {
		c.TenantID, c.ClientID = first(c.TenantID, variableWorkloadTenant), first(c.ClientID, variableWorkloadClient)
	}
	if says, err := strconv.ParseBool(get(variableUseCLI)); c.UseCLI == nil && err == nil {
		c.UseCLI = &says
	}
	return c
}

// OfPod is the config of a process that finds its identity in its environment: AKS workload identity where the webhook has
// put one in, else what a person's shell has.
func OfPod(get func(string) string) Config {
	return Config{UseAKSWorkloadIdentity: get(variableWorkloadTokenFile) != ""}.WithEnvironment(get)
}

// Validate says what is wrong with a config alone. Paths are names of attributes.
func (c Config) Validate() []mlops.Problem {
	var problems []mlops.Problem
	needs := func(what string) {
		if c.TenantID == "" {
			problems = append(problems, mlops.Problem{Path: []string{"tenant_id"}, Message: what + " needs tenant_id: set it, or ARM_TENANT_ID"})
		}
		if c.ClientID == "" && c.ClientIDFilePath == "" {
			problems = append(problems, mlops.Problem{Path: []string{"client_id"}, Message: what + " needs client_id: set it, or ARM_CLIENT_ID"})
		}
	}
	switch {
	case c.ClientCertificate != "" || c.ClientCertificatePath != "":
		needs("a client certificate")
	case c.ClientSecret != "" || c.ClientSecretFilePath != "":
		needs("a client secret")
	case c.UseOIDC:
		needs("use_oidc")
		if c.OIDCToken == "" && c.OIDCTokenFilePath == "" && (c.OIDCRequestURL == "" || c.OIDCRequestToken == "") {
			problems = append(problems, mlops.Problem{Path: []string{"use_oidc"}, Message: "there is no token: give oidc_token_file_path, oidc_token, or oidc_request_url with oidc_request_token. " +
				"In GitHub Actions the job needs permissions: id-token: write"})
		}
	case c.UseAKSWorkloadIdentity:
		needs("use_aks_workload_identity")
		if c.FederatedTokenFile == "" {
			problems = append(problems, mlops.Problem{Path: []string{"use_aks_workload_identity"}, Message: "AZURE_FEDERATED_TOKEN_FILE is not set: this does not run in a pod with workload identity"})
		}
	}
	return problems
}

// certificate is the bytes of a certificate given in the configuration itself.
func certificate(text string) ([]byte, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") {
		return []byte(text), nil
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("%w: client_certificate is neither PEM nor base64", mlops.ErrInvalid)
	}
	return data, nil
}
