package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const (
	metadataVersion = "2022-09-01"
	metadataTimeout = 30 * time.Second
	metadataBytes   = 1 << 20
)

// metadata is what a metadata host answers, as far as it matters here.
type metadata struct {
	Name            string `json:"name"`
	ResourceManager string `json:"resourceManager"`
	Authentication  struct {
		LoginEndpoint string   `json:"loginEndpoint"`
		Audiences     []string `json:"audiences"`
	} `json:"authentication"`
	Suffixes struct {
		Storage string `json:"storage"`
	} `json:"suffixes"`
}

// fromMetadata asks a host for the endpoints of its cloud, which must have the name that is expected, where one is.
func fromMetadata(ctx context.Context, client *http.Client, host, name string) (Cloud, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/metadata/endpoints?api-version="+metadataVersion, nil)
	if err != nil {
		return Cloud{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return Cloud{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Cloud{}, fmt.Errorf("it answered %s", response.Status)
	}
	var told metadata
	if err := json.NewDecoder(io.LimitReader(response.Body, metadataBytes)).Decode(&told); err != nil {
		return Cloud{}, fmt.Errorf("its answer is no metadata: %w", err)
	}
	if name != "" && name != NameCustom && !strings.EqualFold(name, told.Name) {
		return Cloud{}, fmt.Errorf("%w: it is of cloud %q, and environment is %q", mlops.ErrInvalid, told.Name, name)
	}
	if told.ResourceManager == "" || told.Authentication.LoginEndpoint == "" || told.Suffixes.Storage == "" {
		return Cloud{}, fmt.Errorf("%w: its answer names no resource manager, login endpoint or storage suffix", mlops.ErrInvalid)
	}
	audience := strings.TrimSuffix(told.ResourceManager, "/")
	if len(told.Authentication.Audiences) > 0 {
		audience = told.Authentication.Audiences[len(told.Authentication.Audiences)-1]
	}
	return Cloud{
		Name: NameCustom, Authority: told.Authentication.LoginEndpoint, ResourceManager: told.ResourceManager,
		ResourceManagerAudience: audience, StorageSuffix: told.Suffixes.Storage, DisableInstanceDiscovery: true,
	}, nil
}
