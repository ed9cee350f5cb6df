package inprocess

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
)

// Terraform is one working directory: a state and what it is for.
type Terraform struct {
	// Provider starts a provider, as each walk over a configuration does.
	Provider func() (tfprotov6.ProviderServer, error)
	// Warnings are what providers have warned of since they were last taken away.
	Warnings []string

	state map[string]instance
}

// instance is a resource in state.
type instance struct {
	typ     string
	value   cty.Value
	private []byte
	tainted bool
	needs   []string // addresses
}

// Change is what a plan would do to one resource.
type Change struct {
	Address string
	Action  string // "create", "update", "delete", "replace"
}

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }

// Addresses of the resources in state.
func (t *Terraform) Addresses() []string { return sortedKeys(t.state) }

// Attribute is an attribute of a resource in state, as cty prints it; "" where there is none.
func (t *Terraform) Attribute(address, name string) string {
	found, ok := t.state[address]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%#v", found.value.GetAttr(name))
}

// Fork is another working directory with the same state.
func (t *Terraform) Fork() *Terraform {
	return &Terraform{Provider: t.Provider, state: maps.Clone(t.state)}
}

// Plan says what an apply would change, refresh included, and keeps state as it is.
func (t *Terraform) Plan(ctx context.Context, configuration string) ([]Change, error) {
	return t.Fork().walkTwice(ctx, configuration, nil)
}

// Apply refreshes, plans, and does what is planned. A context that ends is a process that is killed: what was under way then is
// not in state.
func (t *Terraform) Apply(ctx context.Context, configuration string) error {
	_, err := t.walkTwice(ctx, configuration, (*walk).apply)
	return err
}

// Refresh reads everything in state again.
func (t *Terraform) Refresh(ctx context.Context) error {
	in, err := t.begin(ctx)
	if err != nil {
		return err
	}
	return in.refresh(ctx)
}

// Destroy refreshes and removes everything in state.
func (t *Terraform) Destroy(ctx context.Context) error { return t.Apply(ctx, "") }

// walkTwice plans, and where then is given does it with a provider of its own.
func (t *Terraform) walkTwice(ctx context.Context, configuration string, then func(*walk, context.Context, []block, map[string]cty.Value) error) ([]Change, error) {
	ordered, variables, err := parse(configuration)
	if err != nil {
		return nil, err
	}
	in, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(in.validate(ctx, ordered, variables), in.refresh(ctx)); err != nil {
		return nil, err
	}
	changes, err := in.plan(ctx, ordered, variables)
	if err != nil || then == nil || len(changes) == 0 {
		return changes, err
	}
	if in, err = t.begin(ctx); err != nil {
		return changes, err
	}
	return changes, then(in, ctx, ordered, variables)
}

// begin starts a provider for one walk and configures it with nothing.
func (t *Terraform) begin(ctx context.Context) (*walk, error) {
	if t.state == nil {
		t.state = map[string]instance{}
	}
	server, err := t.Provider()
	if err != nil {
		return nil, err
	}
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	in := &walk{of: t, server: server, schemas: schemas.ResourceSchemas}
	typ, err := typeOf(schemas.Provider.Block.Attributes, false)
	if err != nil {
		return nil, err
	}
	values := map[string]cty.Value{}
	for name, attribute := range typ.AttributeTypes() {
		values[name] = cty.NullVal(attribute)
	}
	config, err := encode(cty.ObjectVal(values), typ)
	if err != nil {
		return nil, err
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.11.4", Config: config})
	if err != nil {
		return nil, err
	}
	return in, in.told("provider", configured.Diagnostics)
}
