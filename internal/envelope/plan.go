package envelope

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// ValidateConfig says what the configuration alone shows to be wrong.
func (e *envelope[M, P]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	found := findKnown(ctx, e.schema(), req.Config.Raw, true)
	for _, null := range found.nulls {
		resp.Diagnostics.AddAttributeError(attributePath(e.schema().Type(), null), "Invalid "+e.noun(), "An element is null: leave it out or give it a value.")
	}
	model, err := decode[M](ctx, e.schema(), found)
	if err != nil {
		resp.Diagnostics.Append(e.failure("read the configuration of", mlops.ID{}, err))
		return
	}
	resp.Diagnostics.Append(e.invalid(found.relevant(e.problems(model)))...)
}

// problems are those of the model alone, its references' form among them.
func (e *envelope[M, P]) problems(model M) []mlops.Problem {
	problems := e.Validate(model)
	if e.References == nil {
		return problems
	}
	for _, reference := range e.References(model) {
		if reference.Value.IsNull() {
			continue
		}
		if _, err := mlops.ParseIDOf(reference.Kind, reference.Value.ValueString()); err != nil {
			problems = append(problems, mlops.Problem{Path: reference.Path, Message: err.Error()})
		}
	}
	return problems
}

// ModifyPlan plans the id and in_sync, decides on replacement, and checks everything that is known.
func (e *envelope[M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		e.planDestroy(ctx, req, resp)
		return
	}
	found := findKnown(ctx, e.schema(), req.Plan.Raw, false)
	model, err := decode[M](ctx, e.schema(), found)
	if err != nil {
		resp.Diagnostics.Append(e.failure("plan", mlops.ID{}, err))
		return
	}
	plan := &Plan[M]{Model: model, Places: e.places, set: map[string]attr.Value{}, Unknown: func(path ...string) bool { return found.isUnknown(path) }}
	if !req.State.Raw.IsNull() {
		plan.Prior = new(M)
		resp.Diagnostics.Append(req.State.Get(ctx, plan.Prior)...)
		plan.Set("in_sync", types.BoolValue(true))
	}
	// A plan looks things up as a read does, and may take as long.
	ctx, cancel := e.within(ctx, P(&plan.Model).Shared().Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	resp.Diagnostics.Append(e.invalid(found.relevant(e.problems(model)))...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.renamed = plan.Prior != nil && e.Attributes["name"] != nil && configUnknown(ctx, req.Config, "name")
	if err := e.identify(plan, resp); err != nil {
		resp.Diagnostics.Append(e.failure("plan", plan.ID, err))
		return
	}
	if e.places != nil {
		e.check(ctx, plan, found, req, resp)
	}
	for attribute, value := range plan.set {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(attribute), value)...)
	}
	resp.Diagnostics.Append(plan.warned...)
}

// configUnknown says whether the configuration itself leaves an attribute to apply, and not a default of ours.
func configUnknown(ctx context.Context, config tfsdk.Config, attribute string) bool {
	var value types.String
	diagnostics := config.GetAttribute(ctx, path.Root(attribute), &value)
	return !diagnostics.HasError() && value.IsUnknown()
}

// identify plans the id. Another id, or another owner, is another object; another place is not ours to move to.
func (e *envelope[M, P]) identify(plan *Plan[M], resp *resource.ModifyPlanResponse) error {
	var owner mlops.ID
	if e.References != nil {
		first := e.References(plan.Model)[0]
		if plan.Unknown(first.Path...) {
			return nil
		}
		var err error
		if owner, err = e.owner(plan.Model); err != nil {
			return err
		}
	}
	plan.ID = e.Identify(plan.Model, owner)
	if plan.ID.Name != "" {
		plan.Set("id", types.StringValue(plan.ID.String()))
	}
	if plan.Prior == nil {
		return nil
	}
	live, err := mlops.ParseIDOf(e.Kind, P(plan.Prior).Shared().ID.ValueString())
	if err != nil {
		return err
	}
	if plan.renamed { // what it turns out to be cannot turn an update into a replacement any more, so it is one
		resp.RequiresReplace.Append(path.Root("name"))
		plan.Set("id", types.StringUnknown())
	}
	if plan.ID.Name == "" {
		plan.ID = live
	}
	if e.References == nil && !mlops.SamePlace(plan.ID.Place, live.Place) {
		return At(fmt.Errorf("%w: the place of a project is its identity: it would move from %s to %s and leave its history behind. "+
			"Change the place back, or declare another project beside this one and carry the history over with `mlops project copy`",
			mlops.ErrInvalid, live.Place, plan.ID.Place), placed(plan.ID.Place)...)
	}
	switch {
	case plan.renamed:
	case plan.ID.Equal(live):
		plan.ID = live
		plan.Set("id", types.StringValue(live.String()))
	case plan.ID.Name != live.Name && e.Attributes["name"] != nil:
		resp.RequiresReplace.Append(path.Root("name"))
	default:
		resp.RequiresReplace.Append(path.Root(e.References(plan.Model)[0].Path[0]))
	}
	e.replaceForOwner(plan, resp)
	return nil
}

// placed is the attribute of a project that decides on its place.
func placed(place string) []string {
	if mlops.OnAzure(place) {
		return []string{"azure", "store"}
	}
	return []string{"local", "path"}
}

// replaceForOwner replaces where an owning reference is known and names another object.
func (e *envelope[M, P]) replaceForOwner(plan *Plan[M], resp *resource.ModifyPlanResponse) {
	if e.References == nil {
		return
	}
	before := e.References(*plan.Prior)
	for i, reference := range e.References(plan.Model) {
		if !reference.Owner || i >= len(before) || plan.Unknown(reference.Path...) {
			continue
		}
		was, errWas := mlops.ParseIDOf(reference.Kind, before[i].Value.ValueString())
		is, errIs := mlops.ParseIDOf(reference.Kind, reference.Value.ValueString())
		if errWas == nil && errIs == nil && !was.Equal(is) {
			resp.RequiresReplace.Append(attributePath(e.schema().Type(), reference.Path))
		}
	}
}

// check asks what needs the project: the name, the references, and the resource's own checks.
func (e *envelope[M, P]) check(ctx context.Context, plan *Plan[M], found known, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	place := plan.ID.Place
	if place == "" && e.References != nil {
		owner, err := e.owner(plan.Model)
		if err == nil {
			place = owner.Place
		}
	}
	if place != "" {
		opened, err := e.places.open(ctx, place)
		switch {
		case err == nil:
			plan.Project = opened
		case !errors.Is(err, mlops.ErrNotFound):
			// A plan needs no project to be reachable; apply meets the fault with better words.
			plan.Warn("Unable to look into the project at "+place, sentence(err.Error())+" What needs it is checked at apply.")
		}
	}
	// In the second half of a replacement there is no state either, but the private state of what is to go.
	replaced, _ := req.Private.GetKey(ctx, incarnationKey)
	plan.Creates = plan.Prior == nil && replaced == nil
	problems := append(e.otherPlaces(plan), e.claim(plan)...)
	if e.Plan != nil {
		more, err := e.Plan(ctx, plan)
		problems = append(problems, more...)
		if err != nil {
			resp.Diagnostics.Append(e.failure("plan", plan.ID, err))
		}
	}
	resp.Diagnostics.Append(e.invalid(found.relevant(problems))...)
}

// otherPlaces refuses references that leave the project.
func (e *envelope[M, P]) otherPlaces(plan *Plan[M]) []mlops.Problem {
	if e.References == nil {
		return nil
	}
	var problems []mlops.Problem
	references := e.References(plan.Model)
	first, err := mlops.ParseIDOf(references[0].Kind, references[0].Value.ValueString())
	for _, reference := range references[1:] {
		other, errOther := mlops.ParseIDOf(reference.Kind, reference.Value.ValueString())
		if err == nil && errOther == nil && !mlops.SamePlace(other.Place, first.Place) {
			problems = append(problems, mlops.Problem{Path: reference.Path,
				Message: fmt.Sprintf("%s is in another project than %s: both must be in one", other, first)})
		}
	}
	return problems
}

// claim refuses two resources that are one object, and one that would be made while another resource destroys it.
func (e *envelope[M, P]) claim(plan *Plan[M]) []mlops.Problem {
	if plan.ID.Name == "" || plan.Prior == nil && !plan.Creates {
		return nil
	}
	blamed := []string{"name"}
	if e.Attributes["name"] == nil {
		blamed = e.References(plan.Model)[0].Path
	}
	twice, goes := e.places.Claim(plan.ID.Key())
	switch {
	case twice:
		return []mlops.Problem{{Path: blamed, Message: fmt.Sprintf("this configuration declares %s %q twice: one object is one resource. Remove one of the two, or give it another name", e.noun(), plan.ID.Name)}}
	case goes && plan.Creates:
		return []mlops.Problem{{Path: blamed, Message: e.moves(plan.ID)}}
	default:
		return nil
	}
}

// moves says what to do where one address is left and another is taken by the same object.
func (e *envelope[M, P]) moves(id mlops.ID) string {
	return fmt.Sprintf("%s %q would be destroyed at one address of the configuration and created at another, in any order. "+
		"Say that it has moved: moved { from = mlops_%s.<old>, to = mlops_%s.<new> }", e.noun(), id.Name, e.Name, e.Name)
}

func (e *envelope[M, P]) planDestroy(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if e.places == nil {
		return
	}
	var model M
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if id, err := mlops.ParseIDOf(e.Kind, P(&model).Shared().ID.ValueString()); err == nil && e.places.Leave(id.Key()) {
		resp.Diagnostics.Append(e.failure("destroy", id, errors.New(e.moves(id))))
		return
	}
	if e.PlanDestroy == nil {
		return
	}
	ctx, cancel := e.within(ctx, P(&model).Shared().Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	call, err := e.call(ctx, &model, req.Private)
	if err == nil {
		err = e.PlanDestroy(ctx, call)
	}
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		resp.Diagnostics.Append(e.failure("destroy", call.id(), err))
	}
}
