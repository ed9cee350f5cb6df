// Package acctest runs acceptance tests: real Terraform against the provider in this process and a project in a temporary
// folder, and what such tests need to change behind Terraform's back. It must not know what any one test is about.
package acctest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/fakeworkloads"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest/memstore"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/azure"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform/local"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/provider"
)

// Run runs the steps of a story with the provider in this process. Tests run beside each other.
func Run(t *testing.T, test resource.TestCase) {
	t.Helper()
	run(t, provider.Places, test)
}

// RunAlone is Run for a test that changes the environment, which no other may then do beside it.
func RunAlone(t *testing.T, test resource.TestCase) {
	t.Helper()
	steps(t, provider.Places, test)
}

// RunOn is Run with places of a test's own.
func RunOn(t *testing.T, places func() (*envelope.Places, *azure.Connection), test resource.TestCase) {
	t.Helper()
	steps(t, places, test)
}

func run(t *testing.T, places func() (*envelope.Places, *azure.Connection), test resource.TestCase) {
	t.Helper()
	t.Parallel()
	steps(t, places, test)
}

func steps(t *testing.T, places func() (*envelope.Places, *azure.Connection), test resource.TestCase) {
	t.Helper()
	needCLI(t)
	test.ProtoV6ProviderFactories = map[string]func() (tfprotov6.ProviderServer, error){
		"mlops": func() (tfprotov6.ProviderServer, error) {
			return providerserver.NewProtocol6WithError(provider.New(places()))()
		},
	}
	resource.UnitTest(t, test)
}

// Fakes are a project in memory whose store and workloads misbehave when told to.
type Fakes struct {
	Store     *memstore.Store
	Workloads *fakeworkloads.Workloads
	Project   *project.Project
}

// NewFakes returns an empty project.
func NewFakes() *Fakes {
	fakes := &Fakes{Store: memstore.New(), Workloads: fakeworkloads.New()}
	fakes.Project = project.Open(platform.Platform{Place: "file:fake", Store: fakes.Store, Workloads: fakes.Workloads}, "test")
	return fakes
}

// Run is Run with every project being this one.
func (f *Fakes) Run(t *testing.T, test resource.TestCase) {
	t.Helper()
	open := func(ctx context.Context, _ string) (*project.Project, error) { return f.Project, ctx.Err() }
	run(t, func() (*envelope.Places, *azure.Connection) {
		return envelope.NewPlaces(open, open, f.Workloads.Endpoint), azure.New(azure.Options{})
	}, test)
}

// cli is found once: plugin-testing would download one.
var cli = sync.OnceValue(func() string {
	if given := os.Getenv("TF_ACC_TERRAFORM_PATH"); given != "" {
		return given
	}
	for _, name := range []string{"terraform", "tofu"} {
		found, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		_ = os.Setenv("TF_ACC_TERRAFORM_PATH", found)
		if name == "tofu" {
			_ = os.Setenv("TF_ACC_PROVIDER_HOST", "registry.opentofu.org")
		}
		return found
	}
	return ""
})

// configuration keeps the user's own CLI configuration, and warnings about a missing one, out of the tests.
var configuration = sync.OnceFunc(func() { _ = os.Setenv("TF_CLI_CONFIG_FILE", os.DevNull) })

func needCLI(t *testing.T) {
	t.Helper()
	configuration()
	if cli() == "" {
		t.Skip("neither terraform nor tofu is on the PATH: make tools")
	}
}

// Folder is where a test's project will live; it is not there yet.
func Folder(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "project")
}

// Open opens the project in a folder, as provider and agent do.
func Open(t *testing.T, folder string) *project.Project {
	t.Helper()
	on, err := local.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	return project.Open(on, "test")
}

// File writes a file below a temporary folder and returns its path.
func File(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
