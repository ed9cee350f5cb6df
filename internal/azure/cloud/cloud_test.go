package cloud_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/cloud"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func TestCloudsByName(t *testing.T) {
	for name, want := range map[string]cloud.Cloud{"": cloud.Public, "public": cloud.Public, "usgovernment": cloud.USGovernment, "china": cloud.China} {
		got, err := cloud.Settings{Environment: name}.Resolve(t.Context(), nil)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v", name, got, err)
		}
	}
	if _, err := (cloud.Settings{Environment: "german"}).Resolve(t.Context(), nil); !errors.Is(err, mlops.ErrInvalid) {
		t.Errorf("%v, want an error about the name", err)
	}
	if at := cloud.USGovernment.BlobEndpoint("flights"); at != "https://flights.blob.core.usgovcloudapi.net" {
		t.Error(at)
	}
}

// What is given stands before what the cloud says, and what a process is told by its environment is the same cloud.
func TestEndpointsByHand(t *testing.T) {
	settings := cloud.Settings{Authority: "https://127.0.0.1:1/", ResourceManager: "http://127.0.0.1:2/", Blob: "http://127.0.0.1:3/{account}/", DisableInstanceDiscovery: true}
	if problems := settings.Validate(); problems != nil {
		t.Fatal(problems)
	}
	got, err := settings.Resolve(t.Context(), nil)
	if err != nil || got.Authority != "https://127.0.0.1:1" || got.ResourceManager != "http://127.0.0.1:2" || got.ResourceManagerAudience != cloud.Public.ResourceManagerAudience {
		t.Errorf("%+v, %v", got, err)
	}
	if at := got.BlobEndpoint("flights"); at != "http://127.0.0.1:3/flights" {
		t.Error(at)
	}
	environment := got.Variables()
	again, err := cloud.Settings{}.WithEnvironment(func(name string) string { return environment[name] }).Resolve(t.Context(), nil)
	if err != nil || again != got {
		t.Errorf("%+v came back as %+v, %v", got, again, err)
	}
	if cloud.Public.Variables() != nil {
		t.Error("the public cloud needs no environment")
	}
}

func TestMetadataHost(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metadata/endpoints" || r.URL.Query().Get("api-version") != "2022-09-01" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `{"name":"Stack","resourceManager":"https://management.stack.example/","authentication":{"loginEndpoint":"https://login.stack.example/",
			"audiences":["https://management.core.stack.example/","https://management.stack.example"]},"suffixes":{"storage":"core.stack.example"}}`)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	got, err := cloud.Settings{MetadataHost: host, Environment: "stack"}.Resolve(t.Context(), server.Client())
	if err != nil || got.Authority != "https://login.stack.example" || got.ResourceManagerAudience != "https://management.stack.example" || got.BlobEndpoint("a") != "https://a.blob.core.stack.example" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := (cloud.Settings{MetadataHost: host, Environment: "china"}).Resolve(t.Context(), server.Client()); err == nil || !strings.Contains(err.Error(), `cloud "Stack", and environment is "china"`) {
		t.Errorf("%v, want that it is another cloud", err)
	}
}

func TestSlipsOfSettings(t *testing.T) {
	for path, settings := range map[string]cloud.Settings{
		"environment":   {Environment: "german"},
		"metadata_host": {MetadataHost: "https://x"},
		"endpoints.active_directory_authority_host": {Authority: "http://x"},
		"endpoints.resource_manager":                {ResourceManager: "x"},
		"endpoints.blob":                            {Blob: "127.0.0.1:10000"},
	} {
		if problems := settings.Validate(); len(problems) != 1 || strings.Join(problems[0].Path, ".") != path {
			t.Errorf("%s: %v", path, problems)
		}
	}
	if problems := (cloud.Settings{Environment: cloud.NameCustom, Authority: "https://x"}).Validate(); len(problems) != 1 {
		t.Errorf("a custom cloud without its endpoints: %v", problems)
	}
}
