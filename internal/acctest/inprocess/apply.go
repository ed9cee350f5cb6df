package inprocess

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
)

// apply plans each resource anew, as Terraform does once what it refers to is known, and does what is planned. What stands
// on something that failed is left out.
func (w *walk) apply(ctx context.Context, ordered []block, variables map[string]cty.Value) error {
	resources := map[string]cty.Value{}
	var faults []error
	for _, address := range w.leaving(ordered) {
		plan, err := w.planDelete(ctx, address)
		if err == nil {
			err = w.change(ctx, address, w.of.state[address].typ, nil, plan)
		}
		if err != nil { // what it stands on must stay
			return err
		}
	}
	for _, one := range ordered {
		if !answered(one, resources, ordered) {
			continue
		}
		plan, err := w.planOne(ctx, one, variables, resources)
		if err == nil && plan.action == "replace" {
			err = fmt.Errorf("%s must be replaced, which is not done here", one.address())
		}
		if err == nil && plan.action != "" {
			err = w.change(ctx, one.address(), one.typ, needs(one), plan)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		resources[one.address()] = w.of.state[one.address()].value
	}
	return errors.Join(faults...)
}

// answered says whether everything that a block refers to is there.
func answered(one block, resources map[string]cty.Value, ordered []block) bool {
	for _, needed := range needs(one) {
		for _, other := range ordered {
			if _, there := resources[needed]; other.address() == needed && !there {
				return false
			}
		}
	}
	return true
}

// change applies one change and keeps what came of it.
func (w *walk) change(ctx context.Context, address, name string, needed []string, plan planned) error {
	typ, err := w.typeOf(name, false)
	if err != nil {
		return err
	}
	request := &tfprotov6.ApplyResourceChangeRequest{TypeName: name, PlannedPrivate: plan.private}
	var encoding [3]error
	request.PriorState, encoding[0] = encode(plan.before, typ)
	request.PlannedState, encoding[1] = encode(plan.after, typ)
	request.Config, encoding[2] = encode(plan.config, typ)
	if err := errors.Join(encoding[:]...); err != nil {
		return err
	}
	answer, err := w.server.ApplyResourceChange(ctx, request)
	if err != nil || ctx.Err() != nil { // nobody is there to write state
		return errors.Join(err, ctx.Err())
	}
	fault := w.told(address, answer.Diagnostics)
	value, err := decode(answer.NewState, typ)
	if err != nil {
		return errors.Join(fault, err)
	}
	if value.IsNull() {
		delete(w.of.state, address)
		return fault
	}
	if !value.IsWhollyKnown() {
		return errors.Join(fault, fmt.Errorf("%s: unknown values are left after apply", address))
	}
	w.of.state[address] = instance{typ: name, value: value, private: answer.Private, needs: needed, tainted: fault != nil && plan.action == "create"}
	return fault
}
