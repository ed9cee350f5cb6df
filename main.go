// Command terraform-provider-mlops serves the provider to Terraform.
package main

import (
	"context"
	"flag"
	"log"

	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/provider"
)

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print what TF_REATTACH_PROVIDERS must be, and wait")
	flag.Parse()
	err := providerserver.Serve(context.Background(),
		func() frameworkprovider.Provider { return provider.New(provider.Places()) },
		providerserver.ServeOpts{Address: provider.Address, Debug: *debug})
	if err != nil {
		log.Fatal(err)
	}
}
