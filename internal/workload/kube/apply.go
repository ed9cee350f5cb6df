package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

const (
	// neverVersion is older than any object, so that sending it is a conflict where there is one already.
	neverVersion = "1"
	// statusTries bounds how often the cluster's own notes on an object may come between our reading and our writing.
	statusTries = 20
	// goneWithin is how long a predecessor that is being removed is waited for.
	goneWithin, goneEvery = 5 * time.Second, 100 * time.Millisecond
)

// Apply implements platform.Workloads. The primary object is written last and only over what was read: it decides. Those
// beside it are held to the sequences too, so that of two writers the one that has seen less changes nothing for good.
func (c *Client) Apply(ctx context.Context, manifest workload.Manifest, revision string) (workload.Live, error) {
	rendered, err := Render(manifest, c.placement)
	if err != nil {
		return workload.Live{}, err
	}
	fail := func(err error) (workload.Live, error) {
		return workload.Live{}, fmt.Errorf("workload %s/%s: %w", manifest.Kind, manifest.Name, err)
	}
	current, err := c.current(ctx, rendered.Primary)
	if err != nil {
		return fail(err)
	}
	live, err := c.declared(current, manifest)
	if err != nil {
		return fail(err)
	}
	if err := workload.MayReplace(live, manifest, revision); err != nil {
		return fail(err)
	}
	if current != nil && manifest.Kind == workload.KindJob {
		return c.Get(ctx, manifest.Kind, manifest.Name) // it runs, and never changes
	}
	if err := c.applyBeside(ctx, rendered, manifest); err != nil {
		return fail(err)
	}
	if err := c.applyPrimary(ctx, rendered.Primary, manifest, current); err != nil {
		return fail(err)
	}
	return c.Get(ctx, manifest.Kind, manifest.Name)
}

// current is the live object of a name, nil where there is none. One that is going is waited for a little.
func (c *Client) current(ctx context.Context, wanted Object) (object, error) {
	for end := c.now().Add(goneWithin); ; {
		found, err := c.api.get(ctx, wanted.Resource, wanted.Name)
		if errors.Is(err, mlops.ErrNotFound) {
			return nil, nil //nolint:nilnil // none is an answer
		}
		if err != nil || found.meta().DeletionTimestamp == nil {
			return found, err
		}
		if c.now().After(end) {
			return nil, fmt.Errorf("%w: %s %s of before is still being removed", mlops.ErrConflict, wanted.Resource.Kind, wanted.Name)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(goneEvery):
		}
	}
}

// declared is what a live primary object says that it is; an object of somebody else is an error that says whose it is.
func (c *Client) declared(current object, manifest workload.Manifest) (workload.Live, error) {
	if current == nil {
		return workload.Live{}, nil
	}
	if !c.owns(current, manifest.Name) {
		return workload.Live{}, c.foreign(current)
	}
	set := objects{kind: manifest.Kind, name: manifest.Name, primary: current}
	return workload.Live{Manifest: set.manifest(), Revision: set.revision(), AppliedHash: set.appliedHash()}, nil
}

func (c *Client) applyBeside(ctx context.Context, rendered Rendered, manifest workload.Manifest) error {
	if manifest.Kind != workload.KindService {
		return nil
	}
	for _, resource := range secondaryOfServices {
		at := slices.IndexFunc(rendered.Secondary, func(o Object) bool { return o.Resource == resource })
		if at < 0 {
			err := c.removeBeside(ctx, resource, rendered.Primary.Name, func(o object) bool { return c.owns(o, manifest.Name) })
			if err != nil {
				return err
			}
			continue
		}
		if err := c.writeBeside(ctx, rendered.Secondary[at], manifest); err != nil {
			return err
		}
	}
	return nil
}

// writeBeside writes one object, whatever the cluster notes on it meanwhile, unless a writer that has seen more was here.
func (c *Client) writeBeside(ctx context.Context, wanted Object, manifest workload.Manifest) error {
	for try := 1; ; try++ {
		current, err := c.current(ctx, wanted)
		if err != nil {
			return err
		}
		if current != nil && !c.owns(current, manifest.Name) {
			return c.foreign(current)
		}
		if current != nil && seenMore(current, manifest) {
			return fmt.Errorf("%w: %s %s was written by one that has seen more", mlops.ErrConflict, wanted.Resource.Kind, wanted.Name)
		}
		err = c.write(ctx, wanted, current)
		invalid := apierrors.IsInvalid(err) && current != nil
		if try == statusTries || !invalid && !errors.Is(err, mlops.ErrConflict) {
			return err
		}
		if invalid {
			// What somebody has put into a list beside ours cannot be taken out by an apply: it is made anew.
			if err := c.api.remove(ctx, wanted.Resource, wanted.Name, current.meta().UID); err != nil {
				return err
			}
		}
	}
}

func seenMore(current object, manifest workload.Manifest) bool {
	annotations := current.meta().Annotations
	if annotations[annotationIdentity] != manifest.Incarnation {
		return false // numbers of another life
	}
	log, _ := strconv.ParseInt(annotations[annotationLog], 10, 64)
	spec, _ := strconv.ParseInt(annotations[annotationSpec], 10, 64)
	return log > manifest.LogSequence || spec > manifest.SpecSequence
}

// applyPrimary writes over the state that was read. Whatever the cluster notes meanwhile (status) is no other state.
func (c *Client) applyPrimary(ctx context.Context, wanted Object, manifest workload.Manifest, current object) error {
	for try := 1; ; try++ {
		next := wanted
		if manifest.Service != nil && manifest.Service.Autoscaling != nil {
			next = withReplicas(wanted, liveReplicas(current, manifest.Service.Autoscaling.Minimum))
		}
		err := c.write(ctx, next, current)
		if !errors.Is(err, mlops.ErrConflict) || current == nil || try == statusTries {
			return err
		}
		latest, readErr := c.api.get(ctx, wanted.Resource, wanted.Name)
		before := objects{kind: manifest.Kind, name: manifest.Name, primary: current}
		after := objects{kind: manifest.Kind, name: manifest.Name, primary: latest}
		if readErr != nil || before.revision() != after.revision() && !onlyScaled(before, after, manifest) {
			return err
		}
		current = latest
	}
}

// onlyScaled says that an autoscaler has changed the count meanwhile, and nobody anything else.
func onlyScaled(before, after objects, manifest workload.Manifest) bool {
	return manifest.Service != nil && manifest.Service.Autoscaling != nil && before.annotationsHash() == after.annotationsHash() &&
		liveReplicas(before.primary, 0) != liveReplicas(after.primary, 0)
}

// liveReplicas is the count that lives, at least the minimum. While an autoscaler owns the count, that is what we send: to
// send none would take it back to one, for it was ours before.
func liveReplicas(current object, minimum int64) int64 {
	spec, _ := current["spec"].(map[string]any)
	count, _ := spec["replicas"].(int64)
	return max(count, minimum)
}

func withReplicas(wanted Object, count int64) Object {
	fields := maps.Clone(wanted.Fields)
	spec, _ := fields["spec"].(map[string]any)
	spec = maps.Clone(spec)
	spec["replicas"] = count
	fields["spec"], wanted.Fields = spec, fields
	return wanted
}

// write sends an object over the state that was read, nil for none. A field that somebody has changed by hand is taken
// back; one that another tool declares is that tool's, and an error.
func (c *Client) write(ctx context.Context, wanted Object, current object) error {
	if current == nil {
		wanted = wanted.with("", neverVersion)
	} else {
		wanted = wanted.with(string(current.meta().UID), current.meta().ResourceVersion)
	}
	err := c.api.apply(ctx, wanted, false, false)
	fields := ownedByOthers(err)
	if len(fields) > 0 {
		if owner := declarer(current, fields); owner != "" {
			return fmt.Errorf("%w: %s %s: %s belongs to %q, which applies it too: let one of both have it",
				mlops.ErrExists, wanted.Resource.Kind, wanted.Name, fields[0].Field, owner)
		}
		err = c.api.apply(ctx, wanted, true, false)
	}
	if apierrors.IsConflict(err) && len(ownedByOthers(err)) == 0 {
		return fmt.Errorf("%w: %w", mlops.ErrConflict, err)
	}
	return err
}

// ownedByOthers are the fields of a server-side apply conflict.
func ownedByOthers(err error) []metav1.StatusCause {
	status := apierrors.APIStatus(nil)
	if !apierrors.IsConflict(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(status.Status().Details.Causes), func(cause metav1.StatusCause) bool {
		return cause.Type != metav1.CauseTypeFieldManagerConflict
	})
}

// declarer is another manager of those fields that applies them, as a tool does that will do so again; "" where people or
// programs have changed them once.
func declarer(current object, fields []metav1.StatusCause) string {
	for _, entry := range current.meta().ManagedFields {
		if entry.Operation != metav1.ManagedFieldsOperationApply || entry.Manager == FieldManager {
			continue
		}
		for _, field := range fields {
			if strings.Contains(field.Message, strconv.Quote(entry.Manager)) {
				return entry.Manager
			}
		}
	}
	return ""
}
