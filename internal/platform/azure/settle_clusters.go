package azure

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// standing is a project's own objects in one cluster.
type standing struct {
	*kube.Client
	name      string // of the cluster
	placement kube.Placement
	options   kube.ProjectOptions
}

// eachCluster does something in every cluster that this program may talk to, in the order of their names.
func (g *ground) eachCluster(ctx context.Context, own mlops.Project, as kube.Identities, do func(standing) error) error {
	here := g.clusters.connection.options.Environment(variableCluster)
	if own.Azure.ApplyFrom == mlops.ApplyFromController && here == "" {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(own.Azure.Clusters)) {
		config, err := g.of.clusterConfig(ctx, own.Azure.Clusters[name], name, here)
		if err != nil {
			return inCluster(name, err)
		}
		placement := g.of.placement(own, name)
		placement.Identities = as
		client, err := kube.New(config, placement, kube.Options{})
		if err == nil {
			err = do(standing{client, name, placement, g.projectOptions(own, name)})
		}
		if err != nil {
			return inCluster(name, err)
		}
	}
	return nil
}

// settleClusters makes the service accounts, rights and network policies that the project's pods need. Nothing is made in a
// cluster where a right for any of it is missing.
func (g *ground) settleClusters(ctx context.Context, own mlops.Project, as kube.Identities) error {
	return g.eachCluster(ctx, own, as, func(in standing) error {
		missing, err := in.Missing(ctx, in.options)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return fmt.Errorf("%w: whoever applies may not do there what the project needs, so nothing was made: grant %s in namespace %s",
				mlops.ErrInvalid, strings.Join(missing, ", "), in.placement.Namespace)
		}
		return in.ApplyProject(ctx, in.options)
	})
}

// clustersSettled says whether all of that is there, as it was made.
func (g *ground) clustersSettled(ctx context.Context, own mlops.Project) (bool, error) {
	settled := true
	err := g.eachCluster(ctx, own, kube.Identities{}, func(in standing) error {
		edits, err := in.ProjectEdits(ctx, in.options)
		settled = settled && len(edits) == 0
		return err
	})
	return settled && err == nil, err
}

// clearClusters removes all of that. A namespace in which others live stays, and is said.
func (g *ground) clearClusters(ctx context.Context, own mlops.Project) ([]string, error) {
	var left []string
	err := g.eachCluster(ctx, own, kube.Identities{}, func(in standing) error {
		kept, err := in.RemoveProject(ctx, in.options)
		if len(kept) > 0 {
			left = append(left, fmt.Sprintf("Namespace %s of cluster %q stays, for others live in it: %s.",
				in.placement.Namespace, in.name, strings.Join(kept, ", ")))
		}
		return err
	})
	return left, err
}

func (g *ground) projectOptions(own mlops.Project, name string) kube.ProjectOptions {
	options := kube.ProjectOptions{CreateNamespace: own.Azure.Clusters[name].CreateNamespace}
	// A store at an address of its own, as a private emulator, may listen at any port.
	place, err := mlops.ParseAzurePlace(g.of.place)
	if err != nil {
		return options
	}
	at, err := url.Parse(g.of.session.cloud.BlobEndpoint(place.Account))
	if err != nil || at.Port() == "" || at.Port() == "443" {
		return options
	}
	if port, err := strconv.ParseInt(at.Port(), 10, 32); err == nil {
		options.EgressPorts = []int32{int32(port)}
	}
	return options
}
