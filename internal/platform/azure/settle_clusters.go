package azure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/access"
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

// eachCluster does something in every cluster that this program may talk to, in the order of their names. Clusters that are
// gone are an error that wraps mlops.ErrNotFound, when all is done in the others.
func (g *ground) eachCluster(ctx context.Context, own mlops.Project, as kube.Identities, do func(standing) error) error {
	here := g.clusters.here()
	if own.Azure.ApplyFrom == mlops.ApplyFromController && here == "" {
		return nil
	}
	var gone error
	for _, name := range slices.Sorted(maps.Keys(own.Azure.Clusters)) {
		config, err := g.of.clusterConfig(ctx, own.Azure.Clusters[name], name, here)
		if errors.Is(err, mlops.ErrNotFound) {
			gone = errors.Join(gone, inCluster(name, err))
			continue
		}
		if err != nil {
			return inCluster(name, err)
		}
		placement := g.of.placement(own, name)
		placement.Identities = as
		client, err := kube.New(config, placement, g.of.session.kube)
		if err == nil {
			err = do(standing{client, name, placement, g.projectOptions(own, name)})
		}
		if err != nil {
			return inCluster(name, err)
		}
	}
	return gone
}

// noteStands writes down where the project is about to stand, before anything is made there: what is begun and not ended, and
// what is left, is found by that.
func (g *ground) noteStands(ctx context.Context, own mlops.Project) error {
	var wanted []stand
	err := g.eachCluster(ctx, own, kube.Identities{}, func(in standing) error {
		uid, err := in.ClusterUID(ctx)
		wanted = append(wanted, stand{Name: in.name, Cluster: own.Azure.Clusters[in.name], NamePrefix: own.Azure.NamePrefix, UID: uid})
		return err
	})
	if err != nil {
		return err
	}
	return g.of.stands.change(ctx, func(known []stand) []stand {
		if before := g.of.before; len(known) == 0 && before != nil { // made before anybody wrote it down
			for _, name := range slices.Sorted(maps.Keys(before.Azure.Clusters)) {
				known = append(known, stand{Name: name, Cluster: before.Azure.Clusters[name], NamePrefix: before.Azure.NamePrefix})
			}
		}
		for _, one := range wanted {
			for _, other := range known {
				if one.same(other) {
					one.Federated = merged(one.Federated, other.Federated)
				}
			}
			known = append(slices.DeleteFunc(known, one.same), one)
		}
		return known
	})
}

func merged(some, more []access.Federated) []access.Federated {
	for _, one := range more {
		if !slices.Contains(some, one) {
			some = append(some, one)
		}
	}
	return some
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
	stale, err := g.staleStands(ctx, own)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, old := range stale {
		client, options, there, err := g.enter(ctx, own, old)
		if err == nil && there {
			err = clearStand(ctx, client, options)
		}
		if err != nil {
			left = append(left, fmt.Sprintf("What the project has in %s is left: %v.", old.place(), err))
		}
		if err := g.leaveFederated(ctx, own, old); err != nil {
			return left, err
		}
	}
	err = g.eachCluster(ctx, own, kube.Identities{}, func(in standing) error {
		kept, err := in.RemoveProject(ctx, in.options)
		if len(kept) > 0 {
			left = append(left, fmt.Sprintf("Namespace %s of cluster %q stays, for others live in it: %s.",
				in.placement.Namespace, in.name, strings.Join(kept, ", ")))
		}
		return err
	})
	if errors.Is(err, mlops.ErrNotFound) { // with a cluster went all in it
		return left, nil
	}
	return left, err
}

func (g *ground) projectOptions(own mlops.Project, name string) kube.ProjectOptions {
	options := kube.ProjectOptions{
		CreateNamespace: own.Azure.Clusters[name].CreateNamespace,
		IncomingAlerts:  own.Azure.IncomingAlerts != nil && own.Azure.ClusterOf("") == name,
	}
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
