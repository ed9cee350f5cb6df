package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/cloud"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// New is the credential of a config in a cloud. It asks nobody yet; files are read, and a config that is not whole is
// mlops.ErrInvalid.
func New(config Config, in cloud.Cloud) (azcore.TokenCredential, error) {
	if problems := config.Validate(); len(problems) > 0 {
		return nil, fmt.Errorf("credential for Azure: %w: %s", mlops.ErrInvalid, problems[0].Message)
	}
	options := policy.ClientOptions{
		Cloud:     azcloud.Configuration{ActiveDirectoryAuthorityHost: in.Authority + "/"},
		Transport: config.Transport,
	}
	clientID, err := given(config.ClientID, config.ClientIDFilePath)
	if err != nil {
		return nil, fmt.Errorf("client_id_file_path: %w", err)
	}
	made, err := config.choose(clientID, in, options)
	if err != nil {
		return nil, fmt.Errorf("credential for Azure: %w", err)
	}
	return made, nil
}

func (c Config) choose(clientID string, in cloud.Cloud, options policy.ClientOptions) (azcore.TokenCredential, error) {
	switch {
	case c.ClientCertificate != "" || c.ClientCertificatePath != "":
		return c.byCertificate(clientID, in, options)
	case c.ClientSecret != "" || c.ClientSecretFilePath != "":
		secret, err := given(c.ClientSecret, c.ClientSecretFilePath)
		if err != nil {
			return nil, fmt.Errorf("client_secret_file_path: %w", err)
		}
		return azidentity.NewClientSecretCredential(c.TenantID, clientID, secret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: in.DisableInstanceDiscovery})
	case c.UseOIDC:
		return byAssertion(c.TenantID, clientID, c.oidcAssertion(), in, options)
	case c.UseAKSWorkloadIdentity:
		return byAssertion(c.TenantID, clientID, fromFile(c.FederatedTokenFile), in, options)
	case c.UseMSI:
		managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if clientID != "" {
			managed.ID = azidentity.ClientID(clientID)
		}
		return azidentity.NewManagedIdentityCredential(managed)
	case c.UseCLI == nil || *c.UseCLI:
		made, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: c.TenantID})
		return &explained{of: made, hint: "run az login, or set ARM_TENANT_ID and ARM_CLIENT_ID with ARM_CLIENT_SECRET, ARM_CLIENT_CERTIFICATE_PATH, ARM_USE_OIDC or ARM_USE_MSI"}, err
	default:
		return nil, fmt.Errorf("%w: use_cli is false and nothing else is configured: give client_secret, client_certificate_path, use_oidc, use_aks_workload_identity or use_msi", mlops.ErrInvalid)
	}
}

func (c Config) byCertificate(clientID string, in cloud.Cloud, options policy.ClientOptions) (azcore.TokenCredential, error) {
	attribute := "client_certificate"
	data, err := certificate(c.ClientCertificate)
	if c.ClientCertificatePath != "" {
		attribute = "client_certificate_path"
		data, err = os.ReadFile(c.ClientCertificatePath)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", attribute, err)
	}
	chain, key, err := azidentity.ParseCertificates(data, []byte(c.ClientCertificatePassword))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: it holds no certificate with its key, or client_certificate_password is not its password", mlops.ErrInvalid, attribute)
	}
	return azidentity.NewClientCertificateCredential(c.TenantID, clientID, chain, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: in.DisableInstanceDiscovery, SendCertificateChain: true})
}

func byAssertion(tenant, client string, assertion func(context.Context) (string, error), in cloud.Cloud, options policy.ClientOptions) (azcore.TokenCredential, error) {
	return azidentity.NewClientAssertionCredential(tenant, client, assertion,
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: in.DisableInstanceDiscovery})
}

// given is a value, else the content of a file.
func given(value, path string) (string, error) {
	if value != "" || path == "" {
		return value, nil
	}
	data, err := os.ReadFile(path)
	text := strings.TrimSpace(string(data))
	if err == nil && text == "" {
		err = fmt.Errorf("%w: %s is empty", mlops.ErrInvalid, path)
	}
	return text, err
}

// explained says what to do where a credential cannot be had.
type explained struct {
	of   azcore.TokenCredential
	hint string
}

// GetToken is the credential's own.
func (e *explained) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := e.of.GetToken(ctx, options)
	if err != nil && ctx.Err() == nil {
		text, _, _ := strings.Cut(err.Error(), "\n") // the first line; the rest is of the CLI's own
		return token, errors.New(cmp.Or(text, "no token") + ": " + e.hint)
	}
	return token, err
}
