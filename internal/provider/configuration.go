package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
)

// configuration is the provider block. A project on one machine needs nothing of it.
type configuration struct {
	TenantID                  types.String            `tfsdk:"tenant_id"`
	ClientID                  types.String            `tfsdk:"client_id"`
	ClientIDFilePath          types.String            `tfsdk:"client_id_file_path"`
	ClientSecret              types.String            `tfsdk:"client_secret"`
	ClientSecretFilePath      types.String            `tfsdk:"client_secret_file_path"`
	ClientCertificate         types.String            `tfsdk:"client_certificate"`
	ClientCertificatePath     types.String            `tfsdk:"client_certificate_path"`
	ClientCertificatePassword types.String            `tfsdk:"client_certificate_password"`
	UseOIDC                   types.Bool              `tfsdk:"use_oidc"`
	OIDCToken                 types.String            `tfsdk:"oidc_token"`
	OIDCTokenFilePath         types.String            `tfsdk:"oidc_token_file_path"`
	OIDCRequestURL            types.String            `tfsdk:"oidc_request_url"`
	OIDCRequestToken          types.String            `tfsdk:"oidc_request_token"`
	ADOServiceConnectionID    types.String            `tfsdk:"ado_pipeline_service_connection_id"`
	UseAKSWorkloadIdentity    types.Bool              `tfsdk:"use_aks_workload_identity"`
	UseMSI                    types.Bool              `tfsdk:"use_msi"`
	UseCLI                    types.Bool              `tfsdk:"use_cli"`
	Environment               types.String            `tfsdk:"environment"`
	MetadataHost              types.String            `tfsdk:"metadata_host"`
	DisableInstanceDiscovery  types.Bool              `tfsdk:"disable_instance_discovery"`
	Endpoints                 *endpoints              `tfsdk:"endpoints"`
	Clusters                  map[string]clusterLogin `tfsdk:"clusters"`
}

type endpoints struct {
	Authority               types.String `tfsdk:"active_directory_authority_host"`
	ResourceManager         types.String `tfsdk:"resource_manager"`
	ResourceManagerAudience types.String `tfsdk:"resource_manager_audience"`
	StorageSuffix           types.String `tfsdk:"storage_suffix"`
	Blob                    types.String `tfsdk:"blob"`
}

type clusterLogin struct {
	Token             types.String `tfsdk:"token"`
	ClientCertificate types.String `tfsdk:"client_certificate"`
	ClientKey         types.String `tfsdk:"client_key"`
}

func configurationSchema() schema.Schema {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description}
	}
	secret := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: description}
	}
	choice := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	}
	return schema.Schema{
		MarkdownDescription: "Declares the life of a machine-learning model: data, training, the gate, deployment, drift and retraining. " +
			"Each project says where it lives. On one machine the provider needs no configuration; on Azure it takes the same attributes and `ARM_*` variables as " +
			"`azurerm`. Of what is configured the first counts: certificate, secret, OIDC, AKS workload identity, managed identity, Azure CLI.",
		Attributes: map[string]schema.Attribute{
			"tenant_id":                          text("Entra tenant. Else `ARM_TENANT_ID`."),
			"client_id":                          text("Application (client) id of the identity. Else `ARM_CLIENT_ID`."),
			"client_id_file_path":                text("File that holds the client id. Else `ARM_CLIENT_ID_FILE_PATH`."),
			"client_secret":                      secret("Client secret. Else `ARM_CLIENT_SECRET`."),
			"client_secret_file_path":            text("File that holds the client secret. Else `ARM_CLIENT_SECRET_FILE_PATH`."),
			"client_certificate":                 secret("Certificate with its key, as PEM or as PKCS#12 in base64. Else `ARM_CLIENT_CERTIFICATE`."),
			"client_certificate_path":            text("File of a certificate with its key, PEM or PKCS#12. Else `ARM_CLIENT_CERTIFICATE_PATH`."),
			"client_certificate_password":        secret("Password of the certificate. Else `ARM_CLIENT_CERTIFICATE_PASSWORD`."),
			"use_oidc":                           choice("Whether to sign in with an OIDC token: of GitHub Actions, Azure DevOps, HCP Terraform. Else `ARM_USE_OIDC`."),
			"oidc_token":                         secret("The OIDC token. Else `ARM_OIDC_TOKEN`."),
			"oidc_token_file_path":               text("File that holds the OIDC token; it is read again for every sign-in. Else `ARM_OIDC_TOKEN_FILE_PATH`."),
			"oidc_request_url":                   text("Where to ask for an OIDC token. Else `ARM_OIDC_REQUEST_URL`, `ACTIONS_ID_TOKEN_REQUEST_URL` or `SYSTEM_OIDCREQUESTURI`."),
			"oidc_request_token":                 secret("The token to ask with. Else `ARM_OIDC_REQUEST_TOKEN`, `ACTIONS_ID_TOKEN_REQUEST_TOKEN` or `SYSTEM_ACCESSTOKEN`."),
			"ado_pipeline_service_connection_id": text("Service connection of Azure DevOps. Else `ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID` or `ARM_OIDC_AZURE_SERVICE_CONNECTION_ID`."),
			"use_aks_workload_identity":          choice("Whether to be the workload identity of the pod that Terraform runs in. Else `ARM_USE_AKS_WORKLOAD_IDENTITY`."),
			"use_msi":                            choice("Whether to be the managed identity of the machine. Else `ARM_USE_MSI`."),
			"use_cli":                            choice("Whether the Azure CLI may be asked where nothing else is configured. Else `ARM_USE_CLI`, else yes."),
			"environment":                        text("The cloud: " + envelope.OneOf(azure.Environments) + ". Else `ARM_ENVIRONMENT`, else `public`."),
			"metadata_host":                      text("Host that tells the endpoints of a cloud of your own. Else `ARM_METADATA_HOSTNAME`."),
			"disable_instance_discovery":         choice("Whether Entra's address is taken on trust, as in a cloud that is cut off. Else `ARM_DISABLE_INSTANCE_DISCOVERY`."),
			"endpoints": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Endpoints that are others than the cloud's own.",
				Attributes: map[string]schema.Attribute{
					"active_directory_authority_host": text("Of Entra. Else `ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST`."),
					"resource_manager":                text("Of the management API. Else `ARM_RESOURCE_MANAGER_ENDPOINT`."),
					"resource_manager_audience":       text("Audience of tokens for it. Else `ARM_RESOURCE_MANAGER_AUDIENCE`."),
					"storage_suffix":                  text("What follows an account's name, `core.windows.net`. Else `ARM_STORAGE_SUFFIX`."),
					"blob":                            text("Of blobs, with `{account}` for the account's name. Else `MLOPS_BLOB_ENDPOINT`."),
				},
			},
			"clusters": schema.MapNestedAttribute{
				Optional: true,
				MarkdownDescription: "How to sign in to clusters that are not AKS, by the short name that `azure.clusters` of a project gives them. " +
					"A cluster that is not named here is asked with a token of Entra.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"token":              secret("Bearer token."),
					"client_certificate": text("Client certificate, as PEM."),
					"client_key":         secret("Its key, as PEM."),
				}},
			},
		},
	}
}

// readConfiguration takes a provider block to settings. What is known after apply only is named in them.
func readConfiguration(ctx context.Context, config tfsdk.Config) (azure.Settings, diag.Diagnostics) {
	if unknown := unknownIn(config.Raw); len(unknown) > 0 {
		return azure.Settings{Unknown: unknown}, nil
	}
	var c configuration
	if diagnostics := config.Get(ctx, &c); diagnostics.HasError() {
		return azure.Settings{}, diagnostics
	}
	settings := azure.Settings{
		Credential: azure.Credential{
			TenantID: c.TenantID.ValueString(), ClientID: c.ClientID.ValueString(), ClientIDFilePath: c.ClientIDFilePath.ValueString(),
			ClientSecret: c.ClientSecret.ValueString(), ClientSecretFilePath: c.ClientSecretFilePath.ValueString(),
			ClientCertificate: c.ClientCertificate.ValueString(), ClientCertificatePath: c.ClientCertificatePath.ValueString(),
			ClientCertificatePassword: c.ClientCertificatePassword.ValueString(),
			UseOIDC:                   c.UseOIDC.ValueBool(), OIDCToken: c.OIDCToken.ValueString(), OIDCTokenFilePath: c.OIDCTokenFilePath.ValueString(),
			OIDCRequestURL: c.OIDCRequestURL.ValueString(), OIDCRequestToken: c.OIDCRequestToken.ValueString(),
			ADOServiceConnectionID: c.ADOServiceConnectionID.ValueString(), UseAKSWorkloadIdentity: c.UseAKSWorkloadIdentity.ValueBool(),
			UseMSI: c.UseMSI.ValueBool(), UseCLI: c.UseCLI.ValueBoolPointer(),
		},
		Cloud: azure.Cloud{
			Environment: c.Environment.ValueString(), MetadataHost: c.MetadataHost.ValueString(), DisableInstanceDiscovery: c.DisableInstanceDiscovery.ValueBool(),
		},
		Clusters: map[string]azure.ClusterLogin{},
	}
	if e := c.Endpoints; e != nil {
		settings.Cloud.Authority, settings.Cloud.ResourceManager = e.Authority.ValueString(), e.ResourceManager.ValueString()
		settings.Cloud.ResourceManagerAudience, settings.Cloud.StorageSuffix = e.ResourceManagerAudience.ValueString(), e.StorageSuffix.ValueString()
		settings.Cloud.Blob = e.Blob.ValueString()
	}
	for name, login := range c.Clusters {
		settings.Clusters[name] = azure.ClusterLogin{
			Token: login.Token.ValueString(), ClientCertificate: login.ClientCertificate.ValueString(), ClientKey: login.ClientKey.ValueString(),
		}
	}
	return settings, nil
}

// unknownIn names the top-level attributes of a block that are not known, in whole or in part.
func unknownIn(raw tftypes.Value) []string {
	var attributes map[string]tftypes.Value
	if !raw.IsKnown() || raw.IsNull() || raw.As(&attributes) != nil {
		return nil
	}
	var unknown []string
	for name, value := range attributes {
		if !value.IsFullyKnown() {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// asDiagnostics blames attributes for problems.
func asDiagnostics(problems []mlops.Problem) diag.Diagnostics {
	var diagnostics diag.Diagnostics
	for _, problem := range problems {
		at := path.Root(problem.Path[0])
		for _, name := range problem.Path[1:] {
			at = at.AtName(name)
		}
		diagnostics.AddAttributeError(at, "Invalid provider configuration", fmt.Sprintf("%s: %s.", strings.Join(problem.Path, "."), problem.Message))
	}
	return diagnostics
}
