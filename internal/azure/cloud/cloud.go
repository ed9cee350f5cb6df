// Package cloud is the endpoints of one Azure cloud as a value: by name, from a metadata host, or given one by one. It must
// not know who asks there, nor what for.
package cloud

import (
	"fmt"
	"strings"
)

// Names of clouds, as azurerm's environment has them.
const (
	NamePublic       = "public"
	NameUSGovernment = "usgovernment"
	NameChina        = "china"
	// NameCustom is a cloud whose endpoints are all given.
	NameCustom = "custom"
)

// Names lists every choice once.
var Names = []string{NamePublic, NameUSGovernment, NameChina, NameCustom}

// KubernetesServerApplication is the Entra application of AKS API servers, the same in every cloud.
const KubernetesServerApplication = "6dae42f8-4368-4678-94ff-3960e28e3630"

// accountPlaceholder stands in a blob endpoint for the storage account's name.
const accountPlaceholder = "{account}"

// Cloud is where things are. URLs have no slash at the end.
type Cloud struct {
	Name                    string
	Authority               string // of Entra: https://login.microsoftonline.com
	ResourceManager         string // https://management.azure.com
	ResourceManagerAudience string // of its tokens
	StorageSuffix           string // core.windows.net
	MonitorAudience         string // of tokens for telemetry
	// Blob is the endpoint of storage accounts where it does not follow from the suffix; {account} in it is the account's
	// name: http://127.0.0.1:10000/{account} for Azurite.
	Blob string
	// DisableInstanceDiscovery keeps clients from asking the public cloud whether Authority is real.
	DisableInstanceDiscovery bool
}

// Clouds that Microsoft runs.
var (
	Public = Cloud{
		Name: NamePublic, Authority: "https://login.microsoftonline.com", ResourceManager: "https://management.azure.com",
		ResourceManagerAudience: "https://management.azure.com", StorageSuffix: "core.windows.net", MonitorAudience: "https://monitor.azure.com",
	}
	USGovernment = Cloud{
		Name: NameUSGovernment, Authority: "https://login.microsoftonline.us", ResourceManager: "https://management.usgovcloudapi.net",
		ResourceManagerAudience: "https://management.usgovcloudapi.net", StorageSuffix: "core.usgovcloudapi.net", MonitorAudience: "https://monitor.azure.us",
	}
	China = Cloud{
		Name: NameChina, Authority: "https://login.chinacloudapi.cn", ResourceManager: "https://management.chinacloudapi.cn",
		ResourceManagerAudience: "https://management.chinacloudapi.cn", StorageSuffix: "core.chinacloudapi.cn", MonitorAudience: "https://monitor.azure.cn",
	}
)

// BlobEndpoint is the address of a storage account's blobs, without a slash at the end.
func (c Cloud) BlobEndpoint(account string) string {
	if c.Blob != "" {
		return strings.ReplaceAll(strings.TrimSuffix(c.Blob, "/"), accountPlaceholder, account)
	}
	return fmt.Sprintf("https://%s.blob.%s", account, c.StorageSuffix)
}
