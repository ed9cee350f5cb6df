package azure

import (
	"cmp"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// agentRepository is where the product's own image is published.
const agentRepository = "ghcr.io/terraform-mlops/mlops"

// agentImage is the image of a project's agent: the product's own or its mirror, of the version that the project names where
// it names no other. What is of our own version runs by digest, where the build knows that: no mirror can put another in its
// place.
func agentImage(own mlops.Project) string {
	image, of := cmp.Or(own.Azure.AgentImage, agentRepository), cmp.Or(own.AgentVersion, version.Version)
	if name := image[strings.LastIndexByte(image, '/')+1:]; strings.ContainsAny(name, ":@") {
		return image
	}
	if image += ":" + of; of == version.Version && version.AgentDigest != "" {
		image += "@" + version.AgentDigest
	}
	return image
}
