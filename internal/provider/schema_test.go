package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	acceptance "github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/acctest"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/provider"
)

// Every schema is one that the framework can serve.
func TestSchemas(t *testing.T) {
	served := provider.New(provider.Places())
	for _, made := range served.Resources(t.Context()) {
		var response resource.SchemaResponse
		made().Schema(t.Context(), resource.SchemaRequest{}, &response)
		for _, problem := range response.Schema.ValidateImplementation(t.Context()) {
			t.Errorf("%T: %s: %s", made(), problem.Summary(), problem.Detail())
		}
	}
	for _, made := range served.DataSources(t.Context()) {
		var response datasource.SchemaResponse
		made().Schema(t.Context(), datasource.SchemaRequest{}, &response)
		for _, problem := range response.Schema.ValidateImplementation(t.Context()) {
			t.Errorf("%T: %s: %s", made(), problem.Summary(), problem.Detail())
		}
	}
}

// Whoever reads the docs finds a word about everything.
func TestEverythingIsDescribed(t *testing.T) {
	server := providerserver.NewProtocol6(provider.New(provider.Places()))()
	response, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(response.Diagnostics) > 0 {
		t.Fatal(err, response.Diagnostics)
	}
	var undescribed func(at string, attributes []*tfprotov6.SchemaAttribute)
	undescribed = func(at string, attributes []*tfprotov6.SchemaAttribute) {
		for _, attribute := range attributes {
			name := at + "." + attribute.Name
			if attribute.Description == "" {
				t.Errorf("%s has no description", name)
			}
			if attribute.NestedType != nil {
				undescribed(name, attribute.NestedType.Attributes)
			}
		}
	}
	for name, schema := range response.ResourceSchemas {
		undescribed(name, schema.Block.Attributes)
	}
	for name, schema := range response.DataSourceSchemas {
		undescribed(name, schema.Block.Attributes)
	}
}

// The examples of the docs, put together, are one project that applies.
func TestExamplesApply(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/mlops_*/*e.tf")
	if err != nil || len(files) != 13 {
		t.Fatalf("%d examples %v, want one for each of 13 resources and data sources: %v", len(files), files, err)
	}
	var all strings.Builder
	for _, file := range files {
		if strings.Contains(file, "mlops_agent_manifests") {
			continue // of a project on Azure: it has a test of its own
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	source, err := filepath.Abs("../../examples/quickstart/data/2001-01.csv")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		`"data/2001-01.csv"`, `"`+source+`"`, `".mlops"`, `"`+acctest.Folder(t)+`"`, `name  = "flights"`, "name  = \"flights\"\n  on_destroy = \"delete\"",
	).Replace(all.String())
	acctest.Run(t, acceptance.TestCase{Steps: []acceptance.TestStep{{Config: text}}})
}
