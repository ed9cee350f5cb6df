package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Client declares and reads the workloads of one project in one namespace. Any number of clients in any number of processes
// may do so at once.
type Client struct {
	api       *api
	placement Placement
	now       func() time.Time
	tails     *tails
}

var _ platform.Workloads = (*Client)(nil)

// Options are what a client may be told beside where it works.
type Options struct {
	Now func() time.Time // nil for time.Now
	// Try is how long one call may go without an answer; 0: 30 s.
	Try time.Duration
}

// New returns a client; it asks nothing of the cluster yet. A Config that cannot be used is an error.
func New(config Config, placement Placement, options Options) (*Client, error) {
	client, err := config.rest()
	if err != nil {
		return nil, err
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Client{
		api:       &api{rest: client, host: config.Host, namespace: placement.Namespace, try: cmp.Or(options.Try, callTimeout)},
		placement: placement, now: options.Now, tails: newTails(),
	}, nil
}

// Get implements platform.Workloads.
func (c *Client) Get(ctx context.Context, kind workload.Kind, name string) (workload.Live, error) {
	if err := workload.CheckName(kind, name); err != nil {
		return workload.Live{}, err
	}
	set, err := c.read(ctx, kind, name)
	if err != nil {
		return workload.Live{}, err
	}
	found, err := c.podsOf(ctx, kind, c.placement.objectName(kind, name))
	if err != nil {
		return workload.Live{}, err
	}
	return c.live(ctx, set, found), nil
}

// List implements platform.Workloads, with one call for each kind of object.
func (c *Client) List(ctx context.Context, kind workload.Kind) ([]workload.Live, error) {
	listing, err := c.listing(ctx, kind)
	if err != nil {
		return nil, err
	}
	var all []workload.Live
	for _, set := range listing.sets {
		all = append(all, c.live(ctx, set, listing.pods[set.objectName]))
	}
	slices.SortFunc(all, func(a, b workload.Live) int { return strings.Compare(a.Manifest.Name, b.Manifest.Name) })
	return all, nil
}

// Delete implements platform.Workloads. What stands beside goes first, so that an interrupted delete can be repeated.
func (c *Client) Delete(ctx context.Context, kind workload.Kind, name, incarnation string) error {
	if err := workload.CheckName(kind, name); err != nil {
		return err
	}
	meant := func(o object) bool {
		return c.owns(o, name) && (incarnation == "" || o.meta().Annotations[annotationIdentity] == incarnation)
	}
	objectName := c.placement.objectName(kind, name)
	primary, err := c.api.get(ctx, primaryResources[kind], objectName)
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	if err == nil && !meant(primary) {
		return nil
	}
	if kind == workload.KindService {
		for _, resource := range secondaryOfServices {
			if err := c.removeBeside(ctx, resource, objectName, meant); err != nil {
				return err
			}
		}
	}
	if primary == nil {
		return nil
	}
	return c.api.remove(ctx, primaryResources[kind], objectName, primary.meta().UID)
}

func (c *Client) removeBeside(ctx context.Context, of Resource, name string, meant func(object) bool) error {
	found, err := c.api.get(ctx, of, name)
	if errors.Is(err, mlops.ErrNotFound) || err == nil && !meant(found) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.api.remove(ctx, of, name, found.meta().UID)
}

// Running implements platform.Workloads: the cluster answers, and the controller has a pod that is ready.
func (c *Client) Running(ctx context.Context) (bool, string) {
	name := c.placement.objectName(workload.KindService, workload.ControlService)
	found, err := c.api.get(ctx, Deployments, name)
	switch {
	case errors.Is(err, mlops.ErrNotFound):
		return false, fmt.Sprintf("there is no controller in namespace %s: apply the project", c.placement.Namespace)
	case err != nil:
		return false, err.Error()
	}
	var deployment appsv1.Deployment
	if err := into(map[string]any(found), &deployment); err != nil {
		return false, err.Error()
	}
	if deployment.Status.ReadyReplicas > 0 {
		return true, ""
	}
	text := fmt.Sprintf("the controller has no ready pod: see `kubectl -n %s describe deployment %s`", c.placement.Namespace, name)
	if live, err := c.Get(ctx, workload.KindService, workload.ControlService); err == nil && live.Status.Message != "" {
		text += ": " + live.Status.Message
	}
	return false, text
}

// Endpoint implements platform.Workloads.
func (c *Client) Endpoint(_ mlops.Project, deployment mlops.Deployment) string {
	return c.placement.Endpoint(deployment.Name)
}
