package azure

import (
	"testing"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

func TestAgentImage(t *testing.T) {
	before, digest := version.Version, version.AgentDigest
	t.Cleanup(func() { version.Version, version.AgentDigest = before, digest })
	version.Version, version.AgentDigest = "1.2.0", "sha256:ab"
	for _, one := range []struct{ given, version, want string }{
		{"", "", "ghcr.io/terraform-mlops/mlops:1.2.0@sha256:ab"},
		{"", "1.1.0", "ghcr.io/terraform-mlops/mlops:1.1.0"}, // its digest is that build's to know
		{"mirror.example:5000/mlops", "1.2.0", "mirror.example:5000/mlops:1.2.0@sha256:ab"},
		{"mirror.example/mlops:mine", "1.2.0", "mirror.example/mlops:mine"},
		{"mirror.example/mlops@sha256:cd", "1.2.0", "mirror.example/mlops@sha256:cd"},
	} {
		if got := agentImage(mlops.Project{AgentVersion: one.version, Azure: &mlops.Azure{AgentImage: one.given}}); got != one.want {
			t.Errorf("%q of %q: %s, want %s", one.given, one.version, got, one.want)
		}
	}
}
