// Command docs writes the pages in docs/ from the provider itself, templates/ and examples/. It asks the provider for its
// schema in this process and hands it to tfplugindocs, which must be on the PATH (see `make generate`), so that neither a
// Terraform nor a network is needed.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/provider"
)

//go:generate go run .

func main() {
	if err := run(context.Background(), filepath.Join("..", "..", "..")); err != nil {
		log.Fatal(err)
	}
}

// run writes docs/ of the repository at a path.
func run(ctx context.Context, repository string) error {
	server := providerserver.NewProtocol6(provider.New(provider.Places()))()
	response, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	for _, diagnostic := range response.Diagnostics {
		return fmt.Errorf("schema: %s: %s", diagnostic.Summary, diagnostic.Detail)
	}
	content, err := json.MarshalIndent(schemasOf(response), "", "  ")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "schema-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "schema.json")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "tfplugindocs", "generate", "--provider-name", "mlops", "--rendered-provider-name", "MLOps",
		"--providers-schema", file, "--provider-dir", repository)
	command.Stderr = os.Stderr
	if output, err := command.Output(); err != nil {
		return fmt.Errorf("tfplugindocs: %w\n%s", err, output)
	}
	return nil
}
