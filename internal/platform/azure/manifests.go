package azure

import (
	"context"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// Manifests are what installs a project's controller in its default cluster, once: service accounts, rights, network policies
// and the controller itself, as YAML in the order in which they are needed.
func (g *ground) Manifests(ctx context.Context, own mlops.Project, control workload.Manifest) ([]byte, error) {
	name := own.Azure.ClusterOf("")
	if _, ok := own.Azure.Clusters[name]; !ok {
		return nil, fmt.Errorf("project %q: %w: it has no cluster: give azure.clusters one", own.Name, mlops.ErrInvalid)
	}
	found, err := g.of.session.identities(ctx, own.Azure.Identities)
	if err != nil {
		return nil, err
	}
	placement := g.of.placement(own, name)
	placement.Identities = clientIDs(found)
	objects, err := kube.Project(placement, g.projectOptions(own, name))
	if err != nil {
		return nil, err
	}
	rendered, err := kube.Render(control, g.of.placement(own, name))
	if err != nil {
		return nil, err
	}
	return kube.YAML(append(objects, rendered.Objects()...))
}
