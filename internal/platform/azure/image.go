package azure

import "github.com/terraform-mlops/terraform-provider-mlops/internal/version"

// agentRepository is where the product's own image is published.
const agentRepository = "ghcr.io/terraform-mlops/mlops"

// defaultAgentImage is the image of this version of the product.
func defaultAgentImage() string { return agentRepository + ":" + version.Version }
