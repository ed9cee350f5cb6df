// Package azurescene is an Azure for acceptance tests: the fake of its management API and of Entra, Azurite for its blobs, and
// one application who may do what a platform team would allow it. It must not know what any one test is about.
package azurescene

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/armfake"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/azurite"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/blobgate"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/provider"
)

// Scene is one subscription with a storage account.
type Scene struct {
	Cloud *armfake.Fake
	Blobs *azurite.Server
	// Group is the name of the resource group, GroupID and AccountID are ARM IDs.
	Group, GroupID, AccountID string
	// Terraform is who runs it.
	Terraform armfake.Principal
	// Gate is before the blobs where roles are enforced; nil where everybody has the account's key.
	Gate *blobgate.Gate
}

// Start runs a scene until the test ends, in which everybody has the account's key.
func Start(t *testing.T) *Scene {
	t.Helper()
	return start(t, azurite.Options{})
}

// StartWithRoles runs a scene in which nobody has a key: roles say who may do what with blobs.
func StartWithRoles(t *testing.T) *Scene {
	t.Helper()
	scene := start(t, azurite.Options{OAuth: true})
	scene.Gate = blobgate.Start(t, scene.Cloud, scene.Blobs, scene.AccountID)
	return scene
}

func start(t *testing.T, options azurite.Options) *Scene {
	t.Helper()
	scene := &Scene{Cloud: armfake.Start(t, armfake.Options{}), Blobs: azurite.Start(t, options), Group: "ml"}
	scene.GroupID = scene.Cloud.ResourceGroup(scene.Group)
	scene.AccountID = scene.Cloud.StorageAccount(scene.Group, azurite.DefaultAccount, scene.Blobs.Endpoint(azurite.DefaultAccount))
	scene.Terraform = scene.Cloud.Application("terraform")
	scene.Cloud.Assign(scene.Terraform, armfake.Owner, scene.GroupID)
	// The fake keeps what ARM knows of a container, Azurite what is in it.
	scene.Cloud.Observe(func(call armfake.Call) {
		if call.Kind != armfake.Containers {
			return
		}
		if err := scene.Blobs.Mirror(context.Background(), call.Method, path.Base(call.Path)); err != nil {
			t.Error(err)
		}
	})
	return scene
}

// Environment is that of a program which is somebody in this cloud.
func (s *Scene) Environment(who armfake.Principal) map[string]string {
	environment := map[string]string{
		"ARM_TENANT_ID": s.Cloud.Tenant, "ARM_CLIENT_ID": who.ClientID, "ARM_CLIENT_SECRET": who.Secret,
		"ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST": s.Cloud.URL, "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
		"ARM_RESOURCE_MANAGER_ENDPOINT": s.Cloud.URL, "ARM_RESOURCE_MANAGER_AUDIENCE": s.Cloud.Audience(),
	}
	if s.Gate != nil {
		environment["MLOPS_BLOB_ENDPOINT"] = s.Gate.URL + "/{account}"
		return environment
	}
	environment["MLOPS_BLOB_ENDPOINT"], environment["MLOPS_BLOB_ACCOUNT_KEY"] = s.Blobs.URL+"/{account}", s.Blobs.Key
	return environment
}

// Options connect somebody to this cloud.
func (s *Scene) Options(who armfake.Principal) azure.Options {
	environment := s.Environment(who)
	return azure.Options{
		Environment: func(name string) string { return environment[name] }, Transport: s.Cloud.Client(), Retry: 10 * time.Millisecond,
	}
}

// Run runs the steps of a story as Terraform's own application.
func (s *Scene) Run(t *testing.T, test resource.TestCase) {
	t.Helper()
	s.RunAs(t, s.Terraform, test)
}

// RunAs runs them as somebody else.
func (s *Scene) RunAs(t *testing.T, who armfake.Principal, test resource.TestCase) {
	t.Helper()
	acctest.RunOn(t, func() (*envelope.Places, *azure.Connection) { return provider.PlacesOn(s.Options(who)) }, test)
}

// Place is that of a project in a container of the account.
func (s *Scene) Place(container string) string {
	return s.AccountID + "/blobServices/default/containers/" + container
}

// Open opens a project as Terraform's own application does.
func (s *Scene) Open(t *testing.T, container string) *project.Project {
	t.Helper()
	return s.open(t, container, s.Options(s.Terraform))
}

// OpenAs opens a project as an application.
func (s *Scene) OpenAs(t *testing.T, who armfake.Principal, container string) *project.Project {
	t.Helper()
	return s.open(t, container, s.Options(who))
}

// OpenInPod opens a project as a managed identity, by the token of a service account, as a pod does.
func (s *Scene) OpenInPod(t *testing.T, identity armfake.Principal, container string) *project.Project {
	t.Helper()
	issuer, subject := s.Cloud.Issuer("test"), "system:serviceaccount:test:"+identity.Name
	s.Cloud.Trust(identity, issuer, subject)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(s.Cloud.Assertion(issuer, subject)), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := s.Environment(identity)
	for _, name := range []string{"ARM_TENANT_ID", "ARM_CLIENT_ID", "ARM_CLIENT_SECRET"} {
		delete(environment, name)
	}
	environment["AZURE_TENANT_ID"], environment["AZURE_CLIENT_ID"], environment["AZURE_FEDERATED_TOKEN_FILE"] = s.Cloud.Tenant, identity.ClientID, file
	options := s.Options(identity)
	options.Environment = func(name string) string { return environment[name] }
	return s.open(t, container, options)
}

func (s *Scene) open(t *testing.T, container string, options azure.Options) *project.Project {
	t.Helper()
	on, err := azure.New(options).Open(t.Context(), s.Place(container))
	if err != nil {
		t.Fatal(err)
	}
	return project.Open(on, "test")
}
