package azure

import (
	"context"
	"fmt"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/container"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
)

// ground is what a project stands on in Azure beside its documents: containers, its own
// objects in clusters, and who may do what.
type ground struct {
	of       *opened
	clusters *workloads
}

var _ platform.Ground = (*ground)(nil)

// Prepare makes the containers. From here on the project is the one that is about to be declared.
func (g *ground) Prepare(ctx context.Context, own mlops.Project) error {
	wanted := container.Wanted{ID: g.of.place, Project: own.Name, Create: own.Azure.Store.CreateContainer}
	if _, err := container.Ensure(ctx, g.of.session.resources, wanted); err != nil {
		return err
	}
	g.of.before = nil
	if before, err := g.of.spec.get(ctx); err == nil {
		g.of.before = &before
	}
	g.of.spec.set(own)
	return nil
}

// Settle makes all else, before the controller's pod needs it.
func (g *ground) Settle(ctx context.Context, own mlops.Project) ([]string, error) {
	found, err := g.of.session.identities(ctx, own.Azure.Identities)
	if err != nil {
		return nil, err
	}
	if err := g.settleClusters(ctx, own, clientIDs(found)); err != nil {
		return nil, err
	}
	left, err := g.settleFederated(ctx, own)
	if err != nil {
		return left, err
	}
	missing, err := g.settleGrants(ctx, own, found)
	return append(left, missing...), err
}

// Settled looks whether the container is there, what clusters should have, and what is managed of access.
func (g *ground) Settled(ctx context.Context, own mlops.Project) (bool, error) {
	state, err := container.Read(ctx, g.of.session.resources, g.of.place)
	if err != nil || !state.Exists {
		return false, unreachable(err)
	}
	settled, err := g.clustersSettled(ctx, own)
	if settled {
		settled, err = g.accessSettled(ctx, own)
	}
	return settled, unreachable(err)
}

// Clear removes what clusters have of the project, what was granted for it, and the container where the history may go.
func (g *ground) Clear(ctx context.Context, own mlops.Project) ([]string, error) {
	left, err := g.clearClusters(ctx, own)
	if err != nil {
		return left, err
	}
	if err := g.clearAccess(ctx, own); err != nil {
		return left, err
	}
	kept, err := g.clearContainer(ctx, own)
	return append(left, kept...), err
}

func (g *ground) clearContainer(ctx context.Context, own mlops.Project) ([]string, error) {
	if own.OnDestroy != mlops.OnDestroyDelete || !own.Azure.Store.CreateContainer {
		return nil, nil
	}
	kept, err := container.Remove(ctx, g.of.session.resources, g.of.place, own.Name, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("remove the project's container: %w", err)
	}
	if kept.Reason != "" {
		return []string{kept.Reason}, nil
	}
	return nil, nil
}
