package azure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/azure/access"
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

// Prepare makes the containers, and lets whoever applies write what is declared. From here on the project is the one that is
// about to be declared.
func (g *ground) Prepare(ctx context.Context, own mlops.Project) error {
	for _, id := range g.containers(own) {
		wanted := container.Wanted{ID: id, Project: own.Name, Create: own.Azure.Store.CreateContainer}
		if _, err := container.Ensure(ctx, g.of.session.resources, wanted); err != nil {
			return err
		}
	}
	if audit := own.Azure.Store.Audit; audit != nil {
		policy := container.Policy{Days: audit.RetentionDays, Locked: audit.Locked}
		if err := container.EnsurePolicy(ctx, g.of.session.resources, g.places(own).Audit, policy); err != nil {
			return err
		}
	}
	if err := g.grantApplier(ctx, own); err != nil {
		return err
	}
	g.of.session.configs.forget() // another cluster may stand under an ID by now
	g.of.before = nil
	if before, err := g.of.spec.get(ctx); err == nil {
		g.of.before = &before
	}
	if err := g.of.alerts.leave(ctx, g.of.before, own); err != nil {
		return err
	}
	g.of.spec.set(own)
	return nil
}

// places are the scopes of a project.
func (g *ground) places(own mlops.Project) access.Places {
	store := own.Azure.Store
	places := access.Places{Container: g.of.place, Inbox: store.Beside(store.Inbox())}
	if store.Audit != nil {
		places.Audit = store.Beside(store.Audit.Container)
	}
	if own.Azure.Telemetry != nil {
		places.Telemetry = own.Azure.Telemetry.ApplicationInsightsID
	}
	return places
}

// containers are the ARM IDs of the project's containers, its memory first.
func (g *ground) containers(own mlops.Project) []string {
	places := g.places(own)
	if places.Audit == "" {
		return []string{places.Container, places.Inbox}
	}
	return []string{places.Container, places.Inbox, places.Audit}
}

// Settle makes all else, before the controller's pod needs it.
func (g *ground) Settle(ctx context.Context, own mlops.Project) ([]string, error) {
	found, err := g.of.session.identities(ctx, own.Azure.Identities)
	if err != nil {
		return nil, err
	}
	if err := g.noteStands(ctx, own); err != nil {
		return nil, err
	}
	if err := g.settleClusters(ctx, own, clientIDs(found)); err != nil {
		return nil, err
	}
	if err := g.settleTelemetry(ctx, own); err != nil {
		return nil, err
	}
	if err := g.of.alerts.settleAll(ctx, own); err != nil {
		return nil, err
	}
	left, err := g.settleFederated(ctx, own)
	if err != nil {
		return left, err
	}
	missing, err := g.settleGrants(ctx, own, found)
	return append(left, missing...), err
}

// Settled looks whether the containers are there, what clusters should have, and what is managed of access.
func (g *ground) Settled(ctx context.Context, own mlops.Project) (bool, error) {
	for _, id := range g.containers(own) {
		state, err := container.Read(ctx, g.of.session.resources, id)
		if err != nil || !state.Exists {
			return false, unreachable(err)
		}
		if audit := own.Azure.Store.Audit; id == g.places(own).Audit && !state.Policy.Is(audit.RetentionDays, audit.Locked) {
			return false, nil
		}
	}
	settled, err := g.clustersSettled(ctx, own)
	if errors.Is(err, mlops.ErrNotFound) { // a cluster is gone; the project is not
		return false, nil
	}
	if settled && err == nil {
		settled, err = g.hasLeft(ctx, own)
	}
	if settled && err == nil {
		settled, err = g.accessSettled(ctx, own)
	}
	if settled {
		settled, err = g.telemetrySettled(ctx, own)
	}
	if settled && err == nil {
		settled, err = g.of.alerts.othersSettled(ctx, own)
	}
	return settled, unreachable(err)
}

// Clear removes what clusters have of the project, what was granted for it, and the containers where the history may go.
// Whoever applies keeps his role as long as there is a memory, for the end of the project has yet to be written there.
func (g *ground) Clear(ctx context.Context, own mlops.Project) ([]string, error) {
	if own.Azure.Alerts != nil { // before the controller's silence is one
		if err := g.of.alerts.remove(ctx, own.Azure.Alerts.ResourceGroupID); err != nil {
			return nil, err
		}
	}
	left, err := g.clearClusters(ctx, own)
	if far := g.clusters.far(ctx); far != nil && err == nil {
		left, err = far.left(ctx)
	}
	if err != nil {
		return left, err
	}
	written, err := g.lastSeal(ctx, own)
	if err != nil {
		return left, err
	}
	appliers, err := g.clearAccess(ctx, own)
	if err != nil || own.OnDestroy != mlops.OnDestroyDelete || !own.Azure.Store.CreateContainer {
		return left, err
	}
	kept, gone, err := g.clearContainers(ctx, own, written)
	if left = append(left, kept...); err != nil || !gone {
		return left, err
	}
	if err := access.Revoke(ctx, g.of.session.resources, appliers); err != nil {
		return left, err
	}
	return left, fmt.Errorf("container %s: %w", g.of.place, mlops.ErrNotFound)
}

// clearContainers removes those that were made for the project; gone says that its memory is among them. written is when the
// last audit head was.
func (g *ground) clearContainers(ctx context.Context, own mlops.Project, written time.Time) (left []string, gone bool, err error) {
	places := g.places(own)
	for _, id := range slices.Backward(g.containers(own)) { // the memory last: what is killed half-way goes on from there
		newest := time.Time{}
		if id == places.Audit {
			newest = written
		}
		kept, err := container.Remove(ctx, g.of.session.resources, id, own.Name, newest)
		if err != nil {
			return left, false, err
		}
		if kept.Reason != "" {
			left = append(left, kept.Reason)
		}
		gone = id == places.Container && kept.Reason == ""
	}
	return left, gone, nil
}

// lastSeal is when the last audit head was written, at the latest: by its key, or before now where that cannot be read.
func (g *ground) lastSeal(ctx context.Context, own mlops.Project) (time.Time, error) {
	if own.Azure.Store.Audit == nil {
		return time.Time{}, nil
	}
	seals := &beside{of: g.of, name: sealsOf}
	entries, err := seals.List(ctx, mlops.SealPrefix, "", 0)
	switch {
	case errors.Is(err, mlops.ErrForbidden), err == nil && len(entries) == 0:
		return g.of.spec.now(), nil
	case errors.Is(err, mlops.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	return mlops.SealHour(entries[len(entries)-1].Key)
}
