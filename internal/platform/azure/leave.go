package azure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/access"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload/kube"
)

// moving are the kinds of workloads that are rendered anew where they are wanted; a job runs once, where it began.
var moving = []workload.Kind{workload.KindService, workload.KindSchedule}

// Leave removes what runs in two places from where it is not wanted any more, and all else from where the project has left.
func (g *ground) Leave(ctx context.Context) ([]string, error) {
	all, own, err := g.clusters.clusters(ctx)
	if errors.Is(err, platform.ErrNowhere) || err == nil && g.clusters.here() != "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stale, err := g.staleStands(ctx, own)
	if err != nil || len(stale) == 0 && len(all) < 2 {
		return nil, err
	}
	wanted := map[workload.Kind]map[string]workload.Live{}
	for _, kind := range moving {
		if wanted[kind], err = g.dropCopies(ctx, kind, all, own); err != nil {
			return nil, err
		}
	}
	var left []string
	for _, old := range stale {
		gone, why, err := g.leave(ctx, own, old, wanted)
		if err != nil {
			return left, fmt.Errorf("leaving %s: %w", old.place(), err)
		}
		if why != "" {
			left = append(left, why)
		}
		if !gone {
			continue
		}
		if err := g.of.stands.change(ctx, func(known []stand) []stand {
			return slices.DeleteFunc(known, func(one stand) bool { return one.same(old) && one.Cluster == old.Cluster })
		}); err != nil {
			return left, err
		}
	}
	return left, nil
}

// hasLeft says whether nothing is left in stands that were left. What cannot be reached is nothing that an apply could mend.
func (g *ground) hasLeft(ctx context.Context, own mlops.Project) (bool, error) {
	if own.Azure.ApplyFrom == mlops.ApplyFromController && g.clusters.here() == "" {
		return true, nil
	}
	stale, err := g.staleStands(ctx, own)
	if err != nil {
		return false, err
	}
	for _, old := range stale {
		if _, _, _, err := g.enter(ctx, own, old); err == nil {
			return false, nil
		}
	}
	return true, nil
}

// declared are the stands of what is declared, with what is known of them.
func (g *ground) declared(ctx context.Context, own mlops.Project) (declared, known []stand, err error) {
	if known, err = g.of.stands.get(ctx); err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(own.Azure.Clusters)) {
		wanted := stand{Name: name, Cluster: own.Azure.Clusters[name], NamePrefix: own.Azure.NamePrefix}
		// The last record of a cluster is of the one that stands there now: Settle has asked it.
		for _, one := range known {
			if one.Name == name && one.Cluster.Same(wanted.Cluster) {
				wanted.UID = one.UID
			}
		}
		for _, one := range known {
			if one.same(wanted) {
				wanted.Federated = one.Federated
			}
		}
		declared = append(declared, wanted)
	}
	return declared, known, nil
}

// staleStands are the stands in which nothing is declared any more.
func (g *ground) staleStands(ctx context.Context, own mlops.Project) ([]stand, error) {
	declared, known, err := g.declared(ctx, own)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(known, func(one stand) bool { return slices.ContainsFunc(declared, one.same) }), nil
}

// dropCopies removes what of a kind runs in two declared clusters from where it is not wanted, once it runs where it is. It
// returns what is where it is wanted.
func (g *ground) dropCopies(ctx context.Context, kind workload.Kind, all map[string]platform.Workloads, own mlops.Project) (map[string]workload.Live, error) {
	found, err := copies(ctx, kind, all)
	if err != nil {
		return nil, err
	}
	wanted := map[string]workload.Live{}
	for name, in := range found {
		cluster := wantedIn(in, own)
		if own.Azure.ClusterOf(in[cluster].Manifest.Cluster) != cluster {
			continue
		}
		wanted[name] = in[cluster]
		if !follows(in[cluster]) {
			continue
		}
		for other := range in {
			if other == cluster || sameNamespace(own, cluster, other) {
				continue
			}
			if err := all[other].Delete(ctx, kind, name, ""); err != nil {
				return nil, inCluster(other, err)
			}
		}
	}
	return wanted, nil
}

// sameNamespace says that two declared names are one place.
func sameNamespace(own mlops.Project, one, other string) bool {
	a, b := stand{Cluster: own.Azure.Clusters[one]}, stand{Cluster: own.Azure.Clusters[other]}
	return a.sameNamespace(b)
}

// follows says that what ran elsewhere may go. Two controllers would each repair what the other removes: of those the old one
// goes at once.
func follows(live workload.Live) bool {
	return live.Manifest.Kind != workload.KindService || live.Manifest.Name == workload.ControlService || live.RolledOut()
}

// leave removes what runs in a stand and runs elsewhere too, and where nothing else runs there, all that the project has
// there. gone says that nothing is left; why says, in a sentence, what is in the way.
func (g *ground) leave(ctx context.Context, own mlops.Project, old stand, wanted map[workload.Kind]map[string]workload.Live) (gone bool, why string, err error) {
	client, options, there, err := g.enter(ctx, own, old)
	if err != nil {
		return false, fmt.Sprintf("What the project has in %s stays until somebody can reach it: %v.", old.place(), err), nil
	}
	if there {
		stays := false
		for _, kind := range moving {
			some, err := client.List(ctx, kind)
			if err != nil {
				return false, fmt.Sprintf("What the project has in %s stays until somebody can reach it: %v.", old.place(), err), nil
			}
			for _, live := range some {
				now, runs := wanted[kind][live.Manifest.Name]
				if !runs || !follows(now) || now.Revision == live.Revision { // the last is one and the same object
					stays = true
					continue
				}
				if err := client.Delete(ctx, kind, live.Manifest.Name, ""); err != nil {
					return false, "", err
				}
			}
		}
		if stays {
			return false, "", nil
		}
		if err := clearStand(ctx, client, options); err != nil {
			return false, "", err
		}
	}
	return true, "", g.leaveFederated(ctx, own, old)
}

// leaveFederated removes the credentials of a stand that no other stand needs.
func (g *ground) leaveFederated(ctx context.Context, own mlops.Project, old stand) error {
	declared, _, err := g.declared(ctx, own)
	if err != nil {
		return err
	}
	needless := slices.DeleteFunc(slices.Clone(old.Federated), func(one access.Federated) bool {
		return slices.ContainsFunc(declared, func(stand stand) bool { return slices.Contains(stand.Federated, one) })
	})
	if len(needless) == 0 {
		return nil
	}
	err = access.RemoveFederated(ctx, g.of.session.resources, needless)
	if errors.Is(err, mlops.ErrNotFound) { // the identity is gone, and its credentials with it
		return nil
	}
	return err
}

// clearStand removes jobs, which are begun anew elsewhere, and the project's own objects.
func clearStand(ctx context.Context, client *kube.Client, options kube.ProjectOptions) error {
	jobs, err := client.List(ctx, workload.KindJob)
	if err != nil {
		return err
	}
	for _, live := range jobs {
		if err := client.Delete(ctx, workload.KindJob, live.Manifest.Name, ""); err != nil {
			return err
		}
	}
	_, err = client.RemoveProject(ctx, options)
	return err
}

// enter opens a stand. It is not there where its cluster is gone, or another one stands in its place.
func (g *ground) enter(ctx context.Context, own mlops.Project, old stand) (client *kube.Client, options kube.ProjectOptions, there bool, err error) {
	was := old.of(own)
	config, err := g.of.clusterConfig(ctx, old.Cluster, old.Name, "")
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, options, false, nil
	}
	if err != nil {
		return nil, options, false, err
	}
	if client, err = kube.New(config, g.of.placement(was, old.Name), kube.Options{}); err != nil {
		return nil, options, false, err
	}
	uid, err := client.ClusterUID(ctx)
	if err != nil {
		return nil, options, false, err
	}
	options = g.projectOptions(was, old.Name)
	declared, _, err := g.declared(ctx, own)
	if old.UID == "" || slices.ContainsFunc(declared, old.sameNamespace) { // the namespace lives on where the project is in it
		options.CreateNamespace = false
	}
	return client, options, old.UID == "" || uid == "" || old.UID == uid, err
}
