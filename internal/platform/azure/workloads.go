package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// workloads are those of a project in all of its clusters, which stand in the project's own spec: nobody is asked before
// something is asked of them.
type workloads struct {
	connection *Connection
	of         *opened
}

var _ platform.Workloads = (*workloads)(nil)

// variableCluster is set in the pods of the agent: the short name of the cluster that they are in.
const variableCluster = "MLOPS_CLUSTER"

// here is the short name of the cluster that this program runs in, "" outside of one.
func (w *workloads) here() string { return w.connection.options.Environment(variableCluster) }

// far is the project's workloads where the controller alone may talk to clusters, and this is not it; nil elsewhere.
func (w *workloads) far(ctx context.Context) *afar {
	own, err := w.of.spec.get(ctx)
	if err != nil || own.Azure.ApplyFrom != mlops.ApplyFromController || w.here() != "" || len(own.Azure.Clusters) == 0 {
		return nil
	}
	in := project.Open(platform.Platform{Place: w.of.place, Store: w.of.store}, version.Version)
	return &afar{store: in, own: own, now: w.connection.options.Now, every: afarEvery}
}

// clusters are the project's, by short name. platform.ErrNowhere where there are none, or where the controller alone may
// talk to them.
func (w *workloads) clusters(ctx context.Context) (map[string]platform.Workloads, mlops.Project, error) {
	all, own, gone, err := w.standing(ctx)
	if err == nil {
		err = gone
	}
	return all, own, err
}

// standing are the clusters that there are; gone says which are not there any more.
func (w *workloads) standing(ctx context.Context) (all map[string]platform.Workloads, own mlops.Project, gone, err error) {
	own, err = w.of.spec.get(ctx)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, own, nil, platform.ErrNowhere
	}
	if err != nil {
		return nil, own, nil, err
	}
	here := w.here()
	if len(own.Azure.Clusters) == 0 || own.Azure.ApplyFrom == mlops.ApplyFromController && here == "" {
		return nil, own, nil, platform.ErrNowhere
	}
	all = map[string]platform.Workloads{}
	for _, name := range slices.Sorted(maps.Keys(own.Azure.Clusters)) {
		client, err := w.of.cluster(ctx, own, name, here)
		switch {
		case errors.Is(err, mlops.ErrNotFound):
			gone = errors.Join(gone, inCluster(name, err))
		case err != nil:
			return nil, own, nil, inCluster(name, err)
		default:
			all[name] = client
		}
	}
	return all, own, gone, nil
}

// A revision says which cluster it was read in: what is read in one may be written in another.
func revisionIn(cluster string, live workload.Live) workload.Live {
	if live.Revision != "" {
		live.Revision = cluster + "/" + live.Revision
	}
	return live
}

// Apply declares a workload in the cluster that it asks for, else in the project's default one. What was read in another
// cluster goes on running there: see Ground.Leave.
func (w *workloads) Apply(ctx context.Context, manifest workload.Manifest, revision string) (workload.Live, error) {
	if far := w.far(ctx); far != nil {
		return far.apply(ctx, manifest)
	}
	if manifest.Name == workload.ControlService {
		w.of.spec.forget() // it is rendered from the spec whose number it names
	}
	all, own, err := w.clusters(ctx)
	if err != nil {
		return workload.Live{}, err
	}
	name := own.Azure.ClusterOf(manifest.Cluster)
	in, ok := all[name]
	if !ok {
		return workload.Live{}, fmt.Errorf("%w: project %q has no cluster %q; it has %v", mlops.ErrInvalid, own.Name, name, slices.Sorted(maps.Keys(all)))
	}
	from, read, _ := strings.Cut(revision, "/")
	if from != "" && from != name {
		if err := mayMove(ctx, all[from], manifest, read); err != nil {
			return workload.Live{}, inCluster(from, err)
		}
		read = ""
	}
	live, err := in.Apply(ctx, manifest, read)
	return revisionIn(name, live), inCluster(name, err)
}

// mayMove holds a writer in another cluster to what it has read in this one.
func mayMove(ctx context.Context, from platform.Workloads, manifest workload.Manifest, read string) error {
	if from == nil {
		return fmt.Errorf("%w: it is declared no more", mlops.ErrConflict)
	}
	live, err := from.Get(ctx, manifest.Kind, manifest.Name)
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	return workload.MayReplace(live, manifest, read)
}

// Get finds a workload where it is wanted, else wherever it is. A cluster that is gone has none.
func (w *workloads) Get(ctx context.Context, kind workload.Kind, name string) (workload.Live, error) {
	if far := w.far(ctx); far != nil {
		return far.get(ctx, kind, name)
	}
	all, own, _, err := w.standing(ctx)
	if err != nil {
		return workload.Live{}, unreachable(err)
	}
	in := map[string]workload.Live{}
	for _, cluster := range slices.Sorted(maps.Keys(all)) {
		live, err := all[cluster].Get(ctx, kind, name)
		switch {
		case errors.Is(err, mlops.ErrNotFound):
		case err != nil:
			return live, unreachable(inCluster(cluster, err))
		default:
			in[cluster] = revisionIn(cluster, live)
		}
	}
	if len(in) == 0 {
		return workload.Live{}, fmt.Errorf("workload %s/%s: %w", kind, name, mlops.ErrNotFound)
	}
	counts := wantedIn(in, own)
	live := in[counts]
	for other := range in {
		// What still runs elsewhere is for the next apply to remove: see Ground.Leave.
		if w.here() == "" && other != counts && !sameNamespace(own, counts, other) {
			live.AppliedHash = ""
			live.Status.Message = strings.TrimPrefix(live.Status.Message+"; it runs in cluster "+strconv.Quote(other)+" too", "; ")
		}
	}
	return live, nil
}

// wantedIn is the cluster of the workload that counts, of one workload by cluster: where it is wanted, and of those the one
// that has seen most.
func wantedIn(in map[string]workload.Live, own mlops.Project) string {
	return slices.MaxFunc(slices.Sorted(maps.Keys(in)), func(a, b string) int {
		one, two := in[a].Manifest, in[b].Manifest
		inPlace := func(cluster string) int {
			if own.Azure.ClusterOf(in[cluster].Manifest.Cluster) == cluster {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(inPlace(a), inPlace(b)), cmp.Compare(one.SpecSequence, two.SpecSequence), cmp.Compare(one.LogSequence, two.LogSequence))
	})
}

// List is those of all clusters, each once.
func (w *workloads) List(ctx context.Context, kind workload.Kind) ([]workload.Live, error) {
	if far := w.far(ctx); far != nil {
		return far.list(ctx, kind)
	}
	all, own, _, err := w.standing(ctx)
	if errors.Is(err, platform.ErrNowhere) {
		return nil, nil
	}
	if err != nil {
		return nil, unreachable(err)
	}
	found, err := copies(ctx, kind, all)
	if err != nil {
		return nil, unreachable(err)
	}
	var lives []workload.Live
	for _, name := range slices.Sorted(maps.Keys(found)) {
		cluster := wantedIn(found[name], own)
		lives = append(lives, revisionIn(cluster, found[name][cluster]))
	}
	return lives, nil
}

// copies are the workloads of a kind in all clusters, by name and cluster.
func copies(ctx context.Context, kind workload.Kind, all map[string]platform.Workloads) (map[string]map[string]workload.Live, error) {
	found := map[string]map[string]workload.Live{}
	for _, cluster := range slices.Sorted(maps.Keys(all)) {
		some, err := all[cluster].List(ctx, kind)
		if err != nil {
			return nil, inCluster(cluster, err)
		}
		for _, live := range some {
			if found[live.Manifest.Name] == nil {
				found[live.Manifest.Name] = map[string]workload.Live{}
			}
			found[live.Manifest.Name][cluster] = live
		}
	}
	return found, nil
}

// Delete removes a workload wherever it is, also where the project has left and it has not moved yet. A cluster that is gone
// has nothing.
func (w *workloads) Delete(ctx context.Context, kind workload.Kind, name, incarnation string) error {
	if far := w.far(ctx); far != nil {
		return far.delete(ctx, kind, name, incarnation)
	}
	all, own, _, err := w.standing(ctx)
	if errors.Is(err, platform.ErrNowhere) {
		return nil
	}
	if err != nil {
		return err
	}
	var faults []error
	for _, cluster := range slices.Sorted(maps.Keys(all)) {
		faults = append(faults, inCluster(cluster, all[cluster].Delete(ctx, kind, name, incarnation)))
	}
	if w.here() != "" {
		return errors.Join(faults...)
	}
	g := &ground{of: w.of, clusters: w}
	stale, err := g.staleStands(ctx, own)
	faults = append(faults, err)
	for _, old := range stale {
		client, _, there, err := g.enter(ctx, own, old)
		if err == nil && there {
			err = client.Delete(ctx, kind, name, incarnation)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", old.place(), err))
		}
	}
	return errors.Join(faults...)
}

// Logs are those of the cluster that has the workload.
func (w *workloads) Logs(ctx context.Context, kind workload.Kind, name string, follow bool, to io.Writer) error {
	if far := w.far(ctx); far != nil {
		return far.logs(kind, name, to)
	}
	all, _, err := w.clusters(ctx)
	if err != nil {
		return err
	}
	for _, cluster := range slices.Sorted(maps.Keys(all)) {
		_, err := all[cluster].Get(ctx, kind, name)
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err == nil {
			err = all[cluster].Logs(ctx, kind, name, follow, to)
		}
		return inCluster(cluster, err)
	}
	return fmt.Errorf("workload %s/%s: %w", kind, name, mlops.ErrNotFound)
}

// Running says whether the controller runs.
func (w *workloads) Running(ctx context.Context) (bool, string) {
	if far := w.far(ctx); far != nil {
		return far.running(ctx)
	}
	all, own, err := w.clusters(ctx)
	switch {
	case errors.Is(err, platform.ErrNowhere):
		return false, "the project has no cluster: give azure.clusters one"
	case err != nil:
		return false, err.Error()
	}
	return all[own.Azure.ClusterOf("")].Running(ctx)
}

// Endpoint is pure: see the package's.
func (w *workloads) Endpoint(project mlops.Project, deployment mlops.Deployment) string {
	return Endpoint(project, deployment)
}

// inCluster names the cluster of an error.
func inCluster(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cluster %q: %w", name, err)
}
