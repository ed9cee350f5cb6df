package envelope

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Declaration is a resource that is a spec S in the store and, for some, one workload rendered from it.
type Declaration[M any, S mlops.Spec] struct {
	Name       string
	Kind       mlops.Kind
	Summary    string
	Attributes map[string]schema.Attribute
	References func(M) []Reference
	Identify   func(m M, owner mlops.ID) mlops.ID
	// Validate finds what is wrong with a model beyond its spec; nil where nothing can be.
	Validate func(M) []mlops.Problem
	// Expand says in domain terms what a model says; what is null becomes the zero value.
	Expand func(M) S
	// Flatten undoes it, for import and for what was changed outside.
	Flatten func(spec S, at Site) M
	// Check finds what is wrong with a spec next to other objects; nil has nothing to check. Objects that are not there
	// yet are no fault.
	Check func(ctx context.Context, in *project.Project, spec S) ([]mlops.Problem, error)
	// Computed fills attributes of the resource's own that follow from the project; nil where there are none.
	Computed func(ctx context.Context, call *Call[M]) error
	// Plan sets planned values of the resource's own; nil where there are none.
	Plan func(ctx context.Context, plan *Plan[M])
	// Prepare makes what must be there before the spec is written, Settle what follows from it before its workload, and
	// Settled says whether that is there; nil where there is nothing of the sort.
	Prepare func(ctx context.Context, call *Call[M], spec S) error
	Settle  func(ctx context.Context, call *Call[M], spec S) error
	Settled func(ctx context.Context, call *Call[M], spec S) (bool, error)
	// Workload renders what runs; nil where nothing does.
	Workload *Workload[S]
	// Cluster is the short name of the cluster that runs it, "" for the project's default; nil where nothing of it moves.
	Cluster func(M) string
	// Wait, Delete and PlanDestroy go beyond what every declaration does; nil where that is all.
	Wait         func(ctx context.Context, call *Call[M]) error
	PlanDestroy  func(ctx context.Context, call *Call[M]) error
	BeforeDelete func(ctx context.Context, call *Call[M]) error
	Created      func(ctx context.Context, call *Call[M]) error
	// Alerts says whether rules of the platform follow from a spec; nil where none ever do.
	Alerts func(S) bool
}

// Site is where a spec stands.
type Site struct {
	ID      mlops.ID
	Project string // name of the project
}

// Sibling is the id of another object of the same project; null where it has no name.
func (s Site) Sibling(kind mlops.Kind, name string) types.String {
	if name == "" {
		return types.StringNull()
	}
	return types.StringValue(s.ID.Sibling(kind, name).String())
}

// declared makes the verbs of a Declaration.
type declared[M any, S mlops.Spec, P modelOf[M]] struct{ Declaration[M, S] }

// Declare makes the resource of a declaration.
func Declare[M any, S mlops.Spec, P modelOf[M]](declaration Declaration[M, S]) resource.Resource {
	verbs := declared[M, S, P]{declaration}
	return New[M, P](Definition[M]{
		Name: declaration.Name, Kind: declaration.Kind, Summary: declaration.Summary, Attributes: declaration.Attributes,
		References: declaration.References, Identify: declaration.Identify,
		Validate: func(model M) []mlops.Problem {
			problems := declaration.Expand(model).Validate()
			if declaration.Validate != nil {
				problems = append(problems, declaration.Validate(model)...)
			}
			return problems
		},
		Plan: verbs.plan, PlanDestroy: declaration.PlanDestroy,
		Create: verbs.create, Wait: verbs.wait, Read: verbs.read, Update: verbs.update, Delete: verbs.remove,
	})
}

func (d declared[M, S, P]) plan(ctx context.Context, plan *Plan[M]) ([]mlops.Problem, error) {
	if d.Plan != nil {
		d.Plan(ctx, plan)
	}
	d.planMove(plan)
	spec := d.Expand(plan.Model)
	if plan.ID.Name != "" {
		plan.Places.PlanSpec(plan.ID, spec, d.undecided(plan))
	}
	var problems []mlops.Problem
	if d.Check != nil && plan.ID.Place != "" {
		found, err := d.Check(ctx, plan.Places.ahead(plan.Project, plan.ID.Place), spec)
		if err != nil { // another object's fault, which this apply may be about to mend
			plan.Warn(fmt.Sprintf("Unable to check %s %q against what it refers to", strings.ReplaceAll(d.Name, "_", " "), plan.ID.Name), sentence(err.Error()))
		}
		problems = found
	}
	if plan.Project == nil || !plan.Creates || plan.ID.Name == "" || len(problems) > 0 {
		return problems, nil
	}
	return problems, d.nameIsFree(ctx, plan, spec)
}

// planMove plans an update where the project is about to stand elsewhere: what runs must follow it.
func (d declared[M, S, P]) planMove(plan *Plan[M]) {
	if d.Cluster == nil || plan.Prior == nil {
		return
	}
	if project, planned := plan.Places.Planned(plan.ID.Place); planned && project.Moves(d.Cluster(*plan.Prior), d.Cluster(plan.Model)) {
		plan.Set("in_sync", types.BoolUnknown())
	}
}

// undecided says whether anything that a person decides is known after apply only.
func (d declared[M, S, P]) undecided(plan *Plan[M]) bool {
	for name, attribute := range d.Attributes {
		if (attribute.IsRequired() || attribute.IsOptional()) && plan.Unknown(name) {
			return true
		}
	}
	return false
}

// nameIsFree refuses to plan the creation of what lives already with other content. Equal content will be adopted.
func (d declared[M, S, P]) nameIsFree(ctx context.Context, plan *Plan[M], spec S) error {
	document, err := plan.Project.SpecDocument(ctx, d.Kind, plan.ID.Name)
	if errors.Is(err, mlops.ErrNotFound) || err == nil && document.Deleted {
		return nil
	}
	if err != nil {
		return err
	}
	same, err := says(document, spec)
	if err == nil && !same {
		err = At(mlops.ErrExists, "name")
	}
	return err
}

func (d declared[M, S, P]) create(ctx context.Context, call *Call[M]) error {
	if err := d.referencesLive(ctx, call); err != nil {
		return err
	}
	spec := d.Expand(*call.Model)
	if d.Prepare != nil {
		if err := d.Prepare(ctx, call, spec); err != nil {
			return err
		}
	}
	document, adopted, err := call.Project.CreateSpec(ctx, spec)
	if errors.Is(err, mlops.ErrExists) {
		err = At(err, "name")
	}
	if err != nil {
		return err
	}
	if adopted {
		call.Warn(fmt.Sprintf("Adopted %s %q", d.Name, call.ID.Name),
			"It lived already with the same content. Terraform manages it from now on; see that no other configuration does.")
	}
	call.Incarnation, call.Sequence = document.Incarnation, document.Sequence
	shared := P(call.Model).Shared()
	shared.ID, shared.InSync = types.StringValue(call.ID.String()), types.BoolValue(true)
	// From here on nothing may fail: the spec is written.
	if err := d.settle(ctx, call, spec, document); err != nil {
		shared.InSync = types.BoolValue(false)
		call.Warn(fmt.Sprintf("%s %q is declared, but not all of it is in place", sentenceStart(d.Name), call.ID.Name),
			sentence(err.Error())+" Apply again to finish it.")
	}
	return nil
}

// settle does what follows from a written spec.
func (d declared[M, S, P]) settle(ctx context.Context, call *Call[M], spec S, document mlops.SpecDocument) error {
	if d.Computed != nil {
		if err := d.Computed(ctx, call); err != nil {
			return err
		}
	}
	if d.Settle != nil {
		if err := d.Settle(ctx, call, spec); err != nil {
			return err
		}
	}
	if d.Workload != nil {
		if err := d.Workload.apply(ctx, call.Project, spec, document); err != nil {
			return err
		}
	}
	if err := d.alert(ctx, call, spec); err != nil {
		return err
	}
	if d.Created != nil && call.Prior == nil {
		return d.Created(ctx, call)
	}
	return nil
}

// read keeps what state says as long as the spec says the same: notation, null and empty are the user's own.
func (d declared[M, S, P]) read(ctx context.Context, call *Call[M]) error {
	var spec S
	document, err := call.Project.SpecDocument(ctx, d.Kind, call.ID.Name)
	if err != nil && !errors.Is(err, mlops.ErrInvalid) {
		return err
	}
	shared := P(call.Model).Shared()
	if err == nil && document.Deleted {
		return d.readDeleted(ctx, call, document)
	}
	if err == nil {
		err = json.Unmarshal(document.Content, &spec)
	}
	if err != nil {
		call.Warn(fmt.Sprintf("%s %q: its document was changed by hand", sentenceStart(d.Name), call.ID.Name),
			sentence(err.Error())+" Apply writes it again.")
		shared.InSync = types.BoolValue(false)
		return nil
	}
	call.Incarnation = document.Incarnation
	if same, err := says(document, d.Expand(*call.Model)); err != nil {
		return err
	} else if !same {
		if err := d.refresh(ctx, call, spec); err != nil {
			return err
		}
		shared = P(call.Model).Shared()
	}
	inSync := document.Intact()
	if inSync {
		inSync, err = d.lives(ctx, call, spec, document)
	}
	switch {
	case errors.Is(err, mlops.ErrUnreachable): // what was seen last stands until somebody sees otherwise
		call.Warn(fmt.Sprintf("Unable to see what lives of %s %q", strings.ReplaceAll(d.Name, "_", " "), call.ID.Name),
			sentence(err.Error())+" State keeps what was seen last.")
		shared.InSync = types.BoolValue(shared.InSync.IsNull() || shared.InSync.ValueBool())
	case err != nil:
		return err
	default:
		shared.InSync = types.BoolValue(inSync)
	}
	if d.Computed != nil {
		return d.Computed(ctx, call)
	}
	return nil
}

// readDeleted ends a delete that ended half-way: its document has decided. Who may only read keeps it in state, so that the
// next destroy or apply finds what is left.
func (d declared[M, S, P]) readDeleted(ctx context.Context, call *Call[M], document mlops.SpecDocument) error {
	left, err := workloadsOf(ctx, call.Project, owner(call.ID), document.Incarnation)
	if err != nil {
		return err
	}
	if err := removeWorkloads(ctx, call.Project, owner(call.ID), document.Incarnation); len(left) == 0 || err == nil {
		return mlops.ErrNotFound
	}
	call.Incarnation = document.Incarnation
	P(call.Model).Shared().InSync = types.BoolValue(false)
	call.Warn(fmt.Sprintf("%s %q was deleted, and not all of it is gone", sentenceStart(d.Name), call.ID.Name),
		fmt.Sprintf("Workload %s is left. Destroy removes it, and apply declares the %s anew.", left[0].Manifest.Name, d.Name))
	return nil
}

// lives says whether what follows from a spec is there, as it was made.
func (d declared[M, S, P]) lives(ctx context.Context, call *Call[M], spec S, document mlops.SpecDocument) (bool, error) {
	if d.Settled != nil {
		if settled, err := d.Settled(ctx, call, spec); err != nil || !settled {
			return false, err
		}
	}
	if d.Alerts != nil && call.Project.Alerts != nil && d.Alerts(spec) {
		if settled, err := call.Project.Alerts.Settled(ctx, owner(call.ID)); err != nil || !settled {
			return false, err
		}
	}
	if d.Workload == nil {
		return true, nil
	}
	return d.Workload.inSync(ctx, call.Project, spec, document)
}

// alert makes the rules of the platform follow from what is declared now, where some do or did.
func (d declared[M, S, P]) alert(ctx context.Context, call *Call[M], spec S) error {
	if d.Alerts == nil || call.Project.Alerts == nil {
		return nil
	}
	if !d.Alerts(spec) && (call.Prior == nil || !d.Alerts(d.Expand(*call.Prior))) {
		return nil
	}
	return call.Project.Alerts.Settle(ctx)
}

// refresh takes over what the spec says.
func (d declared[M, S, P]) refresh(ctx context.Context, call *Call[M], spec S) error {
	projects, err := call.Project.Specs(ctx, mlops.KindProject)
	if err != nil && len(projects) == 0 {
		return err
	}
	at := Site{ID: call.ID}
	if len(projects) > 0 {
		at.Project = projects[0].Document.Name
	}
	base := *P(call.Model).Shared()
	*call.Model = d.Flatten(spec, at)
	*P(call.Model).Shared() = base
	return nil
}

func (d declared[M, S, P]) update(ctx context.Context, call *Call[M]) error {
	if err := d.referencesLive(ctx, call); err != nil {
		return err
	}
	spec := d.Expand(*call.Model)
	if d.Prepare != nil {
		if err := d.Prepare(ctx, call, spec); err != nil {
			return err
		}
	}
	document, err := call.Project.UpdateSpec(ctx, spec)
	switch {
	case errors.Is(err, mlops.ErrInvalid):
		document, err = call.Project.RepairSpec(ctx, spec, call.Incarnation)
	case errors.Is(err, mlops.ErrNotFound) && document.Deleted: // by a delete that ended half-way
		if err = removeWorkloads(ctx, call.Project, owner(call.ID), document.Incarnation); err == nil {
			document, _, err = call.Project.CreateSpec(ctx, spec)
		}
	}
	if err != nil {
		return err
	}
	call.Incarnation, call.Sequence = document.Incarnation, document.Sequence
	P(call.Model).Shared().InSync = types.BoolValue(true)
	return d.settle(ctx, call, spec, document)
}

// wait waits for what runs, and then for what is left where it ran before.
func (d declared[M, S, P]) wait(ctx context.Context, call *Call[M]) error {
	if d.Wait != nil {
		if err := d.Wait(ctx, call); err != nil {
			return err
		}
	}
	if d.Workload == nil || call.Project.Ground == nil {
		return nil
	}
	left, err := call.Project.Ground.Leave(ctx)
	if len(left) > 0 {
		call.Warn(fmt.Sprintf("%s %q has left something behind", sentenceStart(d.Name), call.ID.Name), strings.Join(left, "\n\n"))
	}
	return err
}

func (d declared[M, S, P]) remove(ctx context.Context, call *Call[M]) error {
	if d.BeforeDelete != nil {
		if err := d.BeforeDelete(ctx, call); err != nil {
			return err
		}
	}
	document, err := call.Project.SpecDocument(ctx, d.Kind, call.ID.Name)
	if err != nil && !errors.Is(err, mlops.ErrInvalid) {
		return err
	}
	incarnation := call.Incarnation
	if incarnation == "" {
		incarnation = document.Incarnation
	}
	if err := call.Project.DeleteSpec(ctx, d.Kind, call.ID.Name, incarnation); err != nil {
		return err
	}
	if d.Workload != nil { // by name too: one that a hand edit has spoilt names no owner
		if err := call.Project.Workloads.Delete(ctx, d.Workload.Kind, d.Workload.Name(call.ID.Name), incarnation); err != nil {
			return err
		}
	}
	if err := removeWorkloads(ctx, call.Project, owner(call.ID), incarnation); err != nil {
		return err
	}
	return d.alert(ctx, call, d.Expand(*call.Model))
}

// referencesLive refuses to declare something of an object that is not there.
func (d declared[M, S, P]) referencesLive(ctx context.Context, call *Call[M]) error {
	if d.References == nil {
		return nil
	}
	for _, reference := range d.References(*call.Model) {
		id, err := mlops.ParseIDOf(reference.Kind, reference.Value.ValueString())
		if err != nil {
			return At(err, reference.Path...)
		}
		document, err := call.Project.SpecDocument(ctx, id.Kind, id.Name)
		if err == nil && document.Deleted || errors.Is(err, mlops.ErrNotFound) {
			err = fmt.Errorf("%w: there is no %s: declare it, or name one that is", mlops.ErrInvalid, id)
		}
		if err != nil {
			return At(err, reference.Path...)
		}
	}
	return nil
}

// says compares a document with what a spec would write.
func says(document mlops.SpecDocument, spec mlops.Spec) (bool, error) {
	content, err := json.Marshal(spec)
	if err != nil {
		return false, fmt.Errorf("%s %q: %w", spec.SpecKind().Noun(), spec.SpecName(), err)
	}
	return mlops.ContentHash(document.Content) == mlops.ContentHash(content), nil
}

// owner is how a workload names the object that it was rendered from.
func owner(id mlops.ID) string { return string(id.Kind) + "/" + id.Name }

// Seen is what a renderer is told of the document that it renders.
func Seen(document mlops.SpecDocument) workload.Seen {
	return workload.Seen{SpecSequence: document.Sequence, Incarnation: document.Incarnation}
}
