package project

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// check finds another project where this one wants to live.
func check(ctx context.Context, in *project.Project, spec mlops.Project) ([]mlops.Problem, error) {
	projects, err := in.Specs(ctx, mlops.KindProject)
	for _, other := range projects {
		if err := newerThanWeAre(other.Document); err != nil {
			return []mlops.Problem{{Path: []string{"name"}, Message: err.Error()}}, nil //nolint:nilerr // it is the person's to mend
		}
		if other.Document.Name != spec.Name {
			place, another := []string{"local", "path"}, "folder"
			if spec.Azure != nil {
				place, another = []string{"azure", "store", "container"}, "container"
			}
			return []mlops.Problem{{Path: place, Message: fmt.Sprintf(
				"project %q lives in %s already: choose another %s, or import it", other.Document.Name, in.Place, another)}}, nil
		}
	}
	if len(projects) > 0 {
		return nil, nil
	}
	return nil, err
}

func warnWhereNothingRuns(ctx context.Context, call *envelope.Call[model]) error {
	if running, todo := call.Project.Workloads.Running(ctx); !running {
		call.Warn(fmt.Sprintf("Project %q is declared, and nothing of it runs", call.ID.Name),
			strings.ToUpper(todo[:1])+todo[1:]+". What is declared runs as soon as it does.")
	}
	return nil
}

// validate refuses force_destroy beside an on_destroy that says otherwise.
func validate(m model) []mlops.Problem {
	if says := m.OnDestroy.ValueString(); m.ForceDestroy.ValueBool() && says != "" && mlops.OnDestroy(says) != mlops.OnDestroyDelete {
		return []mlops.Problem{{Path: []string{"force_destroy"}, Message: fmt.Sprintf(
			`it means on_destroy = "delete", and on_destroy is %q: leave one of the two out`, says)}}
	}
	return nil
}

// onDestroyOf plans what on_destroy means where the configuration leaves it out.
type onDestroyOf struct{}

func (onDestroyOf) Description(context.Context) string {
	return `"delete" with force_destroy, else "refuse", unless given`
}

func (o onDestroyOf) MarkdownDescription(ctx context.Context) string { return o.Description(ctx) }

func (onDestroyOf) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var force types.Bool
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, tfpath.Root("force_destroy"), &force)...)
	choice := mlops.OnDestroyRefuse
	if force.ValueBool() {
		choice = mlops.OnDestroyDelete
	}
	if resp.PlanValue = types.StringValue(string(choice)); force.IsUnknown() {
		resp.PlanValue = types.StringUnknown()
	}
}

// refuse stops a destroy that would lose versions, while nothing is destroyed yet.
func refuse(ctx context.Context, call *envelope.Call[model]) error {
	if mlops.OnDestroy(call.Model.OnDestroy.ValueString()) != mlops.OnDestroyRefuse {
		return nil
	}
	versions, err := versionsOf(ctx, call.Project)
	if err != nil || versions == "" {
		return err
	}
	return envelope.At(fmt.Errorf(`it has %s, and on_destroy is "refuse". To end what runs and keep the history, set on_destroy = "retain"; `+
		`to delete everything, set force_destroy = true. Apply that first, then destroy`, versions), "on_destroy")
}

// versionsOf says in words which versions a project has, "" where it has none.
func versionsOf(ctx context.Context, in *project.Project) (string, error) {
	models, err := named(ctx, in, fmt.Sprintf("specs/%s/", mlops.KindModel))
	if err != nil {
		return "", err
	}
	for _, name := range models {
		state, err := in.Model(ctx, name)
		if err != nil {
			return "", err
		}
		if state.Parked != "" || len(state.Versions) > 0 {
			return fmt.Sprintf("versions of model %q", name), nil
		}
	}
	datasets, err := named(ctx, in, fmt.Sprintf("specs/%s/", mlops.KindDataset))
	if err != nil {
		return "", err
	}
	for _, name := range datasets {
		versions, err := dataset.Versions(ctx, in.Store, name)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(versions, func(version dataset.Version) bool { return !version.Retired }) {
			return fmt.Sprintf("versions of dataset %q", name), nil
		}
	}
	return "", nil
}

// named lists the names that stand behind a prefix.
func named(ctx context.Context, in *project.Project, prefix string) ([]string, error) {
	entries, err := in.Store.List(ctx, prefix, "", 0)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name, _, _ := strings.Cut(strings.TrimPrefix(entry.Key, prefix), "/")
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return names, nil
}

// beforeDelete does what on_destroy says beyond ending the project. The project's own spec goes last, also after what it stands
// on, so that a destroy that was killed half-way is found and goes on.
func beforeDelete(ctx context.Context, call *envelope.Call[model]) error {
	switch mlops.OnDestroy(call.Model.OnDestroy.ValueString()) {
	case mlops.OnDestroyDelete:
		if err := endAll(ctx, call.Project); err != nil {
			return err
		}
		if err := deleteAll(ctx, call.Project, false); err != nil {
			return err
		}
		if err := clearGround(ctx, call); err != nil {
			return err
		}
		return deleteAll(ctx, call.Project, true)
	case mlops.OnDestroyRetain:
		return clearGround(ctx, call)
	default:
		if err := errors.Join(refuse(ctx, call), refuseLive(ctx, call.Project)); err != nil {
			return err
		}
		return clearGround(ctx, call)
	}
}

// refuseLive keeps a project in which other configurations still have something.
func refuseLive(ctx context.Context, in *project.Project) error {
	for _, kind := range mlops.Kinds {
		if kind == mlops.KindProject || kind == mlops.KindDatasetVersion {
			continue
		}
		live, err := in.Specs(ctx, kind)
		if len(live) > 0 {
			return fmt.Errorf("%s is still declared in it, by another configuration: destroy that first", path.Join(string(kind), live[0].Document.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func endAll(ctx context.Context, in *project.Project) error {
	// The controller first: it would start what is ended here.
	faults := []error{in.Workloads.Delete(ctx, workload.KindService, workload.ControlService, "")}
	for _, kind := range workload.Kinds {
		all, err := in.Workloads.List(ctx, kind)
		faults = append(faults, err)
		for _, live := range all {
			faults = append(faults, in.Workloads.Delete(ctx, kind, live.Manifest.Name, ""))
		}
	}
	return errors.Join(faults...)
}

// deleteAll removes every document but those of the project itself, and with own these alone.
func deleteAll(ctx context.Context, in *project.Project, own bool) error {
	specs := fmt.Sprintf("specs/%s/", mlops.KindProject)
	prefix := ""
	if own {
		prefix = specs
	}
	entries, err := in.Store.List(ctx, prefix, "", 0)
	if own && errors.Is(err, mlops.ErrNotFound) { // the whole place is gone
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Key, specs) != own {
			continue
		}
		if err := in.Store.Delete(ctx, entry.Key); err != nil {
			return err
		}
	}
	return nil
}
