package cloud

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Settings are what a person says of a cloud; "" is left out.
type Settings struct {
	Environment  string // one of Names, public unless given
	MetadataHost string // a host that tells the endpoints of Environment
	// What is given here stands before what Environment or MetadataHost say.
	Authority                string
	ResourceManager          string
	ResourceManagerAudience  string
	StorageSuffix            string
	Blob                     string
	DisableInstanceDiscovery bool
}

// Variables of the environment, the same as azurerm's and azapi's where they have one.
const (
	variableEnvironment             = "ARM_ENVIRONMENT"
	variableMetadataHost            = "ARM_METADATA_HOSTNAME"
	variableMetadataHostOld         = "ARM_METADATA_HOST"
	variableAuthority               = "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST"
	variableResourceManager         = "ARM_RESOURCE_MANAGER_ENDPOINT"
	variableResourceManagerAudience = "ARM_RESOURCE_MANAGER_AUDIENCE"
	variableStorageSuffix           = "ARM_STORAGE_SUFFIX"
	variableBlob                    = "MLOPS_BLOB_ENDPOINT"
	variableDisableDiscovery        = "ARM_DISABLE_INSTANCE_DISCOVERY"
	variableWorkloadAuthority       = "AZURE_AUTHORITY_HOST" // set in pods by the workload identity webhook
)

// WithEnvironment fills in what is left out from environment variables. get is os.Getenv.
func (s Settings) WithEnvironment(get func(string) string) Settings {
	s.Environment = cmp.Or(s.Environment, get(variableEnvironment))
	s.MetadataHost = cmp.Or(s.MetadataHost, get(variableMetadataHost), get(variableMetadataHostOld))
	s.Authority = cmp.Or(s.Authority, get(variableAuthority), get(variableWorkloadAuthority))
	s.ResourceManager = cmp.Or(s.ResourceManager, get(variableResourceManager))
	s.ResourceManagerAudience = cmp.Or(s.ResourceManagerAudience, get(variableResourceManagerAudience))
	s.StorageSuffix = cmp.Or(s.StorageSuffix, get(variableStorageSuffix))
	s.Blob = cmp.Or(s.Blob, get(variableBlob))
	s.DisableInstanceDiscovery = s.DisableInstanceDiscovery || strings.EqualFold(get(variableDisableDiscovery), "true") || get(variableDisableDiscovery) == "1"
	return s
}

// Variables are the environment of a process that shall find the same cloud: of pods.
func (c Cloud) Variables() map[string]string {
	if c == Public {
		return nil
	}
	variables := map[string]string{
		variableEnvironment: c.Name, variableAuthority: c.Authority, variableResourceManager: c.ResourceManager,
		variableResourceManagerAudience: c.ResourceManagerAudience, variableStorageSuffix: c.StorageSuffix,
	}
	if c.Blob != "" {
		variables[variableBlob] = c.Blob
	}
	if c.DisableInstanceDiscovery {
		variables[variableDisableDiscovery] = "true"
	}
	return variables
}

// Validate says what is wrong with settings, before anybody is asked. Paths are names of attributes.
func (s Settings) Validate() []mlops.Problem {
	var problems []mlops.Problem
	if s.Environment != "" && s.MetadataHost == "" && !slices.Contains(Names, s.Environment) {
		problems = append(problems, mlops.Problem{Path: []string{"environment"}, Message: fmt.Sprintf("there is no environment %q: use one of %s", s.Environment, strings.Join(Names, ", "))})
	}
	if s.MetadataHost != "" && strings.ContainsAny(s.MetadataHost, "/ ") {
		problems = append(problems, mlops.Problem{Path: []string{"metadata_host"}, Message: "give the host alone: management.example.com"})
	}
	for _, at := range []struct {
		attribute, address string
		plain              bool // http is allowed
	}{
		{"active_directory_authority_host", s.Authority, false}, {"resource_manager", s.ResourceManager, true}, {"blob", s.Blob, true},
	} {
		parsed, err := url.Parse(strings.ReplaceAll(at.address, accountPlaceholder, "account"))
		if at.address != "" && (err != nil || parsed.Host == "" || parsed.Scheme != "https" && (!at.plain || parsed.Scheme != "http")) {
			problems = append(problems, mlops.Problem{Path: []string{"endpoints", at.attribute}, Message: fmt.Sprintf("%q is not an address: write https://host", at.address)})
		}
	}
	if s.Environment == NameCustom && s.MetadataHost == "" && (s.Authority == "" || s.ResourceManager == "" || s.ResourceManagerAudience == "" || s.StorageSuffix == "" && s.Blob == "") {
		problems = append(problems, mlops.Problem{Path: []string{"environment"}, Message: "a custom cloud needs metadata_host, or all of endpoints: active_directory_authority_host, resource_manager, resource_manager_audience and storage_suffix or blob"})
	}
	return problems
}

// Resolve is the cloud that the settings mean. A metadata host is asked by client.
func (s Settings) Resolve(ctx context.Context, client *http.Client) (Cloud, error) {
	resolved, known := map[string]Cloud{"": Public, NamePublic: Public, NameUSGovernment: USGovernment, NameChina: China, NameCustom: {Name: NameCustom, MonitorAudience: Public.MonitorAudience}}[s.Environment]
	if !known && s.MetadataHost == "" {
		return Cloud{}, fmt.Errorf("%w: there is no environment %q: use one of %s", mlops.ErrInvalid, s.Environment, strings.Join(Names, ", "))
	}
	if s.MetadataHost != "" {
		told, err := fromMetadata(ctx, client, s.MetadataHost, s.Environment)
		if err != nil {
			return Cloud{}, fmt.Errorf("metadata host %s: %w", s.MetadataHost, err)
		}
		told.MonitorAudience = cmp.Or(resolved.MonitorAudience, Public.MonitorAudience)
		resolved = told
	}
	trimmed := func(given, otherwise string) string { return strings.TrimSuffix(cmp.Or(given, otherwise), "/") }
	resolved.Authority = trimmed(s.Authority, resolved.Authority)
	resolved.ResourceManager = trimmed(s.ResourceManager, resolved.ResourceManager)
	resolved.ResourceManagerAudience = cmp.Or(s.ResourceManagerAudience, resolved.ResourceManagerAudience)
	resolved.StorageSuffix = cmp.Or(s.StorageSuffix, resolved.StorageSuffix)
	resolved.Blob = trimmed(s.Blob, resolved.Blob)
	resolved.DisableInstanceDiscovery = resolved.DisableInstanceDiscovery || s.DisableInstanceDiscovery
	return resolved, nil
}
