package deployment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// render makes the service of the wanted version. Nothing is wanted while the alias names no version.
func render(ctx context.Context, in *project.Project, spec mlops.Deployment, document mlops.SpecDocument) (workload.Manifest, bool, error) {
	state, number, err := wanted(ctx, in, spec)
	if err != nil || number == 0 {
		return workload.Manifest{}, false, err
	}
	version, ok := state.Version(number)
	if !ok {
		return workload.Manifest{}, false, envelope.At(fmt.Errorf("%w: model %q has no version %d; its newest is %d",
			mlops.ErrNotFound, spec.Model, number, len(state.Versions)), "version")
	}
	var dataset mlops.Dataset
	if _, err := in.Spec(ctx, mlops.KindDataset, version.Inputs.Dataset, &dataset); err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return workload.Manifest{}, false, err
	}
	return workload.Deployment(spec, version, dataset.ColumnOf(mlops.RoleTimestamp), workload.Seen{
		LogSequence: state.Sequence, SpecSequence: document.Sequence, Incarnation: document.Incarnation,
	}), true, nil
}

// wanted is the version to serve, 0 while there is none.
func wanted(ctx context.Context, in *project.Project, spec mlops.Deployment) (mlops.State, int64, error) {
	state, err := in.Model(ctx, spec.Model)
	if err != nil {
		return state, 0, err
	}
	if state.Parked != "" {
		return state, 0, fmt.Errorf("the log of model %q cannot be followed: %s", spec.Model, state.Parked)
	}
	document, err := in.SpecDocument(ctx, mlops.KindModel, spec.Model)
	if err != nil {
		return state, 0, err
	}
	if spec.Version == nil && document.Incarnation != state.Incarnation {
		return state, 0, nil // its aliases are those of an earlier life of the name, until the controller begins the new one
	}
	return state, state.Wanted(spec), nil
}

// check finds a cluster or a claim that the project cannot have, and a pin to a version that a declared model does not have.
func check(ctx context.Context, in *project.Project, spec mlops.Deployment) ([]mlops.Problem, error) {
	places, errPlaces := checkPlace(ctx, in, spec)
	versions, errVersions := checkVersion(ctx, in, spec)
	return append(places, versions...), errors.Join(errPlaces, errVersions)
}

func checkPlace(ctx context.Context, in *project.Project, spec mlops.Deployment) ([]mlops.Problem, error) {
	if spec.Cluster == "" && spec.DataCollection.LogClaim == "" {
		return nil, nil
	}
	own, err := in.Own(ctx)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if own.Azure == nil {
		return onOneMachine(own.Name, spec), nil
	}
	if _, ok := own.Azure.Clusters[spec.Cluster]; ok || spec.Cluster == "" {
		return nil, nil
	}
	return []mlops.Problem{{Path: []string{"cluster"}, Message: fmt.Sprintf("project %q has no cluster %q; it has %v",
		own.Name, spec.Cluster, slices.Sorted(maps.Keys(own.Azure.Clusters)))}}, nil
}

// onOneMachine is what of a deployment only a cluster has.
func onOneMachine(project string, spec mlops.Deployment) (problems []mlops.Problem) {
	if spec.Cluster != "" {
		problems = append(problems, mlops.Problem{Path: []string{"cluster"},
			Message: fmt.Sprintf("project %q is on one machine, which is no cluster: leave cluster out", project)})
	}
	if spec.DataCollection.LogClaim != "" {
		problems = append(problems, mlops.Problem{Path: []string{"data_collection", "log_claim"},
			Message: fmt.Sprintf("project %q is on one machine, which has no volume claims: leave log_claim out; the folder of a collector's log outlives its process already", project)})
	}
	return problems
}

func checkVersion(ctx context.Context, in *project.Project, spec mlops.Deployment) ([]mlops.Problem, error) {
	if spec.Version == nil {
		return nil, nil
	}
	document, err := in.SpecDocument(ctx, mlops.KindModel, spec.Model)
	if errors.Is(err, mlops.ErrNotFound) || err == nil && document.Deleted {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state, err := in.Model(ctx, spec.Model)
	if err != nil {
		return nil, err
	}
	if _, ok := state.Version(*spec.Version); ok || state.Parked != "" {
		return nil, nil
	}
	return []mlops.Problem{{Path: []string{"version"}, Message: fmt.Sprintf("model %q has no version %d; %s",
		spec.Model, *spec.Version, state.VersionsThere())}}, nil
}

// mayBeAbsent says that nothing should serve yet, or that the controller is about to make it serve: a promotion that is
// under way never shows as a diff.
func mayBeAbsent(ctx context.Context, in *project.Project, spec mlops.Deployment) (bool, error) {
	state, number, err := wanted(ctx, in, spec)
	if err != nil {
		return false, err
	}
	if number == 0 {
		return true, nil
	}
	for _, run := range state.Runs {
		if run.State == mlops.RunPromoting && spec.Version == nil && run.Alias == spec.Alias {
			return true, nil
		}
	}
	return false, nil
}

// planEndpoint plans the address from the project as it is planned, else as it is.
func planEndpoint(ctx context.Context, plan *envelope.Plan[model]) {
	if plan.ID.Name == "" {
		return
	}
	spec := expand(plan.Model)
	planned, ok := plan.Places.Planned(plan.ID.Place)
	switch {
	case plan.Unknown("cluster"), ok && !planned.Decided(spec.Cluster):
		plan.Set("endpoint_url", types.StringUnknown())
	case ok:
		plan.Set("endpoint_url", types.StringValue(plan.Places.Endpoint(planned.Project, spec)))
	case plan.Project != nil:
		if url, err := address(ctx, plan.Project, spec); err == nil {
			plan.Set("endpoint_url", types.StringValue(url))
		}
	}
}

func endpoint(ctx context.Context, call *envelope.Call[model]) error {
	url, err := address(ctx, call.Project, expand(*call.Model))
	if err != nil {
		return err
	}
	call.Model.EndpointURL = types.StringValue(url)
	return nil
}

func address(ctx context.Context, in *project.Project, deployment mlops.Deployment) (string, error) {
	declared, err := in.Own(ctx)
	if err != nil {
		return "", err
	}
	return in.Workloads.Endpoint(declared, deployment), nil
}

// pollEvery is how often a roll-out is looked at.
const pollEvery = 200 * time.Millisecond

// serves waits until every replica runs what is wanted, as long as there is a version to serve and somebody to run it.
func serves(ctx context.Context, call *envelope.Call[model]) error {
	spec := expand(*call.Model)
	live, err := call.Project.Workloads.Get(ctx, workload.KindService, spec.Name)
	waits := errors.Is(err, mlops.ErrNotFound) && !errors.Is(err, platform.ErrNowhere)
	if waits { // where the controller alone applies, it may yet come
		_, number, errWanted := wanted(ctx, call.Project, spec)
		if waits = number == 0; errWanted != nil {
			return errWanted
		}
	}
	if waits {
		if call.Prior == nil {
			call.Warn(fmt.Sprintf("Deployment %q is awaiting a model", spec.Name), fmt.Sprintf(
				"Model %q has no version that %s names yet. Its first promotion starts the deployment; nothing else is to be done here. "+
					"See `mlops status`.", spec.Model, alias(spec)))
		}
		return nil
	}
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return err
	}
	if running, todo := call.Project.Workloads.Running(ctx); !running {
		if call.Prior == nil {
			call.Warn(fmt.Sprintf("Deployment %q is declared, and nothing of it runs", spec.Name), strings.ToUpper(todo[:1])+todo[1:]+".")
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, spec.RollOut.Timeout.Std())
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		// By a context of its own: the last look must not fail because time is up.
		if latest, err := call.Project.Workloads.Get(context.WithoutCancel(ctx), workload.KindService, spec.Name); err == nil {
			live = latest
		}
		if live.RolledOut() && live.Manifest.SpecSequence >= call.Sequence {
			return nil
		}
		select {
		case <-ctx.Done():
			return late(spec, live)
		case <-tick.C:
		}
	}
}

// late says how far a roll-out came.
func late(spec mlops.Deployment, live workload.Live) error {
	wanted := int64(0)
	if live.Manifest.Service != nil {
		wanted = live.Manifest.Service.Replicas
	}
	text := fmt.Sprintf("it is not ready after %s: %d of %d replicas run what is wanted, %d are ready", spec.RollOut.Timeout,
		live.Status.UpdatedReady, wanted, live.Status.Ready)
	if live.Status.Message != "" {
		text += ": " + live.Status.Message
	}
	return fmt.Errorf("%s. What served before goes on serving. See `mlops logs %s`", text, spec.Name)
}

func alias(spec mlops.Deployment) string {
	if spec.Version != nil {
		return fmt.Sprintf("the pin %d", *spec.Version)
	}
	return fmt.Sprintf("the alias %q", spec.Alias)
}
