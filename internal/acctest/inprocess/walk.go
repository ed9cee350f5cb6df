package inprocess

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
)

// walk is one over a configuration, with one provider.
type walk struct {
	of      *Terraform
	server  tfprotov6.ProviderServer
	schemas map[string]*tfprotov6.Schema
}

// planned is what a provider plans for a resource.
type planned struct {
	config, before, after cty.Value
	private               []byte
	action                string // "" for nothing
}

// told keeps warnings and makes an error of errors.
func (w *walk) told(address string, diagnostics []*tfprotov6.Diagnostic) error {
	var faults []error
	for _, one := range diagnostics {
		text := fmt.Sprintf("%s: %s: %s", address, one.Summary, one.Detail)
		if one.Severity == tfprotov6.DiagnosticSeverityError {
			faults = append(faults, errors.New(text))
		} else {
			w.of.Warnings = append(w.of.Warnings, text)
		}
	}
	return errors.Join(faults...)
}

func (w *walk) attributes(typ string) ([]*tfprotov6.SchemaAttribute, error) {
	schema, ok := w.schemas[typ]
	if !ok {
		return nil, fmt.Errorf("there is no resource %s", typ)
	}
	return schema.Block.Attributes, nil
}

func (w *walk) typeOf(typ string, configuration bool) (cty.Type, error) {
	attributes, err := w.attributes(typ)
	if err != nil {
		return cty.NilType, err
	}
	return typeOf(attributes, configuration)
}

// refresh reads every resource in state.
func (w *walk) refresh(ctx context.Context) error {
	var faults []error
	for _, address := range sortedKeys(w.of.state) {
		faults = append(faults, w.read(ctx, address))
	}
	return errors.Join(faults...)
}

func (w *walk) read(ctx context.Context, address string) error {
	before := w.of.state[address]
	typ, err := w.typeOf(before.typ, false)
	if err != nil {
		return err
	}
	current, err := encode(before.value, typ)
	if err != nil {
		return err
	}
	answer, err := w.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: before.typ, CurrentState: current, Private: before.private})
	if err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if err := w.told(address, answer.Diagnostics); err != nil {
		return err
	}
	if before.value, err = decode(answer.NewState, typ); err != nil {
		return err
	}
	if before.private = answer.Private; before.value.IsNull() {
		delete(w.of.state, address)
		return nil
	}
	w.of.state[address] = before
	return nil
}

// scope is what expressions may refer to: variables, and resources as they are planned or are.
func scope(variables map[string]cty.Value, resources map[string]cty.Value) map[string]cty.Value {
	byType := map[string]map[string]cty.Value{}
	for address, value := range resources {
		typ, name, _ := strings.Cut(address, ".")
		if byType[typ] == nil {
			byType[typ] = map[string]cty.Value{}
		}
		byType[typ][name] = value
	}
	all := map[string]cty.Value{"var": cty.ObjectVal(variables)}
	for typ, values := range byType {
		all[typ] = cty.ObjectVal(values)
	}
	return all
}

// validate asks what is wrong with each block alone.
func (w *walk) validate(ctx context.Context, ordered []block, variables map[string]cty.Value) error {
	resources := map[string]cty.Value{}
	var faults []error
	for _, one := range ordered {
		resources[one.address()] = cty.DynamicVal
	}
	for _, one := range ordered {
		config, typ, err := w.evaluate(one, variables, resources)
		if err != nil {
			return err
		}
		encoded, err := encode(config, typ)
		if err != nil {
			return err
		}
		answer, err := w.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: one.typ, Config: encoded})
		if err != nil {
			return err
		}
		faults = append(faults, w.told(one.address(), answer.Diagnostics))
	}
	return errors.Join(faults...)
}

func (w *walk) evaluate(one block, variables, resources map[string]cty.Value) (config cty.Value, typ cty.Type, err error) {
	if typ, err = w.typeOf(one.typ, false); err != nil {
		return config, typ, err
	}
	loose, err := w.typeOf(one.typ, true)
	if err == nil {
		config, err = one.evaluate(scope(variables, resources), loose)
	}
	return config, typ, err
}

// plan plans everything, what is not in the configuration any more included.
func (w *walk) plan(ctx context.Context, ordered []block, variables map[string]cty.Value) ([]Change, error) {
	resources := map[string]cty.Value{}
	var changes []Change
	for _, one := range ordered {
		found, err := w.planOne(ctx, one, variables, resources)
		if err != nil {
			return changes, err
		}
		resources[one.address()] = found.after
		if found.action != "" {
			changes = append(changes, Change{one.address(), found.action})
		}
	}
	for _, address := range w.leaving(ordered) {
		if _, err := w.planDelete(ctx, address); err != nil {
			return changes, err
		}
		changes = append(changes, Change{address, "delete"})
	}
	return changes, nil
}

// leaving are the addresses in state that no block has, each before those that it needs.
func (w *walk) leaving(ordered []block) []string {
	var addresses []string
	seen := map[string]bool{}
	var visit func(address string)
	visit = func(address string) {
		gone, ok := w.of.state[address]
		if !ok || seen[address] || slices.ContainsFunc(ordered, func(one block) bool { return one.address() == address }) {
			return
		}
		seen[address] = true
		for _, needed := range gone.needs {
			visit(needed)
		}
		addresses = append(addresses, address)
	}
	for _, address := range sortedKeys(w.of.state) {
		visit(address)
	}
	slices.Reverse(addresses)
	return addresses
}

func (w *walk) planOne(ctx context.Context, one block, variables, resources map[string]cty.Value) (planned, error) {
	config, typ, err := w.evaluate(one, variables, resources)
	if err != nil {
		return planned{}, err
	}
	attributes, err := w.attributes(one.typ)
	if err != nil {
		return planned{}, err
	}
	plan := planned{config: config, before: cty.NullVal(typ)}
	before, there := w.of.state[one.address()]
	if there {
		plan.before = before.value
	}
	answer, err := w.askPlan(ctx, one.typ, typ, plan.before, proposed(attributes, plan.before, config), config, before.private)
	if err != nil {
		return plan, err
	}
	if err := w.told(one.address(), answer.Diagnostics); err != nil {
		return plan, err
	}
	if plan.after, err = decode(answer.PlannedState, typ); err != nil {
		return plan, err
	}
	plan.private = answer.PlannedPrivate
	switch {
	case !there:
		plan.action = "create"
	case before.tainted, len(answer.RequiresReplace) > 0 && !plan.after.RawEquals(plan.before):
		plan.action = "replace"
	case !plan.after.RawEquals(plan.before):
		plan.action = "update"
	}
	return plan, nil
}

func (w *walk) askPlan(ctx context.Context, name string, typ cty.Type, prior, proposed, config cty.Value, private []byte) (*tfprotov6.PlanResourceChangeResponse, error) {
	request := &tfprotov6.PlanResourceChangeRequest{TypeName: name, PriorPrivate: private}
	var faults [3]error
	request.PriorState, faults[0] = encode(prior, typ)
	request.ProposedNewState, faults[1] = encode(proposed, typ)
	request.Config, faults[2] = encode(config, typ)
	if err := errors.Join(faults[:]...); err != nil {
		return nil, err
	}
	answer, err := w.server.PlanResourceChange(ctx, request)
	return answer, errors.Join(err, ctx.Err())
}

func (w *walk) planDelete(ctx context.Context, address string) (planned, error) {
	gone := w.of.state[address]
	typ, err := w.typeOf(gone.typ, false)
	if err != nil {
		return planned{}, err
	}
	none := cty.NullVal(typ)
	answer, err := w.askPlan(ctx, gone.typ, typ, gone.value, none, none, gone.private)
	if err != nil {
		return planned{}, err
	}
	return planned{config: none, before: gone.value, after: none, private: answer.PlannedPrivate, action: "delete"}, w.told(address, answer.Diagnostics)
}
