// Command terraform-provider-mlops serves the provider to Terraform.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"time"

	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/provider"
)

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print what TF_REATTACH_PROVIDERS must be, and wait")
	flag.Parse()
	if !*debug {
		go endWith(os.Getppid())
	}
	err := providerserver.Serve(context.Background(),
		func() frameworkprovider.Provider { return provider.New(provider.Places()) },
		providerserver.ServeOpts{Address: provider.Address, Debug: *debug})
	if err != nil {
		log.Fatal(err)
	}
}

// endWith ends this process once the Terraform that started it is gone. One that was killed cannot say so, and a provider
// that nobody calls any more would stay for ever. What it was about to write is then written whole or not at all.
func endWith(parent int) {
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}
