package azure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
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

// clusters are the project's, by short name. platform.ErrNowhere where there are none, or where the controller alone may
// talk to them.
func (w *workloads) clusters(ctx context.Context) (map[string]platform.Workloads, mlops.Project, error) {
	own, err := w.of.spec.get(ctx)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, own, platform.ErrNowhere
	}
	if err != nil {
		return nil, own, err
	}
	here := w.connection.options.Environment(variableCluster)
	if len(own.Azure.Clusters) == 0 || own.Azure.ApplyFrom == mlops.ApplyFromController && here == "" {
		return nil, own, platform.ErrNowhere
	}
	all := map[string]platform.Workloads{}
	for name := range own.Azure.Clusters {
		client, err := w.of.cluster(ctx, own, name, here)
		if err != nil {
			return nil, own, fmt.Errorf("cluster %q: %w", name, err)
		}
		all[name] = client
	}
	return all, own, nil
}

// Apply declares a workload in the cluster that it asks for, else in the project's default one.
func (w *workloads) Apply(ctx context.Context, manifest workload.Manifest, revision string) (workload.Live, error) {
	all, own, err := w.clusters(ctx)
	if err != nil {
		return workload.Live{}, err
	}
	name := own.Azure.ClusterOf(manifest.Cluster)
	in, ok := all[name]
	if !ok {
		return workload.Live{}, fmt.Errorf("%w: project %q has no cluster %q; it has %v", mlops.ErrInvalid, own.Name, name, slices.Sorted(maps.Keys(all)))
	}
	live, err := in.Apply(ctx, manifest, revision)
	return live, inCluster(name, err)
}

// Get finds a workload where it is wanted, else wherever it is.
func (w *workloads) Get(ctx context.Context, kind workload.Kind, name string) (workload.Live, error) {
	all, own, err := w.clusters(ctx)
	if err != nil {
		return workload.Live{}, unreachable(err)
	}
	var elsewhere workload.Live
	found := false
	for _, cluster := range slices.Sorted(maps.Keys(all)) {
		live, err := all[cluster].Get(ctx, kind, name)
		switch {
		case errors.Is(err, mlops.ErrNotFound):
		case err != nil:
			return live, unreachable(inCluster(cluster, err))
		case own.Azure.ClusterOf(live.Manifest.Cluster) == cluster:
			return live, nil
		case !found:
			elsewhere, found = live, true
		}
	}
	if found {
		return elsewhere, nil
	}
	return workload.Live{}, fmt.Errorf("workload %s/%s: %w", kind, name, mlops.ErrNotFound)
}

// List is those of all clusters.
func (w *workloads) List(ctx context.Context, kind workload.Kind) ([]workload.Live, error) {
	all, _, err := w.clusters(ctx)
	if errors.Is(err, platform.ErrNowhere) {
		return nil, nil
	}
	if err != nil {
		return nil, unreachable(err)
	}
	var lives []workload.Live
	for _, cluster := range slices.Sorted(maps.Keys(all)) {
		some, err := all[cluster].List(ctx, kind)
		if err != nil {
			return nil, unreachable(inCluster(cluster, err))
		}
		lives = append(lives, some...)
	}
	slices.SortStableFunc(lives, func(a, b workload.Live) int { return strings.Compare(a.Manifest.Name, b.Manifest.Name) })
	return lives, nil
}

// Delete removes a workload wherever it is.
func (w *workloads) Delete(ctx context.Context, kind workload.Kind, name, incarnation string) error {
	all, _, err := w.clusters(ctx)
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
	return errors.Join(faults...)
}

// Logs are those of the cluster that has the workload.
func (w *workloads) Logs(ctx context.Context, kind workload.Kind, name string, follow bool, to io.Writer) error {
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
	all, own, err := w.clusters(ctx)
	switch {
	case errors.Is(err, platform.ErrNowhere) && own.Azure != nil && len(own.Azure.Clusters) > 0:
		return true, "" // the controller does all that, and says so itself
	case errors.Is(err, platform.ErrNowhere):
		return false, "the project has no cluster: give azure.clusters one"
	case err != nil:
		return false, err.Error()
	}
	return all[own.Azure.ClusterOf("")].Running(ctx)
}

// Endpoint is pure: see the package's.
func (w *workloads) Endpoint(project mlops.Project, service string) string {
	return Endpoint(project, service)
}

// inCluster names the cluster of an error.
func inCluster(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cluster %q: %w", name, err)
}
