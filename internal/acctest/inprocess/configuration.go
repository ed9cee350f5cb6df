package inprocess

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// block is a resource of a configuration.
type block struct {
	typ, name  string
	attributes hcl.Attributes
}

func (b block) address() string { return b.typ + "." + b.name }

var blocks = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "resource", LabelNames: []string{"type", "name"}}, {Type: "variable", LabelNames: []string{"name"}},
	{Type: "output", LabelNames: []string{"name"}}, {Type: "provider", LabelNames: []string{"name"}},
}}

// parse reads the resources of a configuration, each behind those that it refers to, and the defaults of its variables.
func parse(text string) (ordered []block, variables map[string]cty.Value, err error) {
	file, problems := hclparse.NewParser().ParseHCL([]byte(text), "main.tf")
	if problems.HasErrors() {
		return nil, nil, problems
	}
	content, problems := file.Body.Content(blocks)
	if problems.HasErrors() {
		return nil, nil, problems
	}
	variables = map[string]cty.Value{}
	byAddress, visited := map[string]block{}, map[string]bool{}
	for _, found := range content.Blocks {
		if found.Type != "resource" && found.Type != "variable" {
			continue
		}
		attributes, problems := found.Body.JustAttributes()
		if problems.HasErrors() {
			return nil, nil, problems
		}
		if found.Type == "variable" {
			if given, ok := attributes["default"]; ok {
				variables[found.Labels[0]], _ = given.Expr.Value(nil)
			}
			continue
		}
		one := block{typ: found.Labels[0], name: found.Labels[1], attributes: attributes}
		byAddress[one.address()] = one
	}
	var visit func(one block)
	visit = func(one block) {
		if visited[one.address()] {
			return
		}
		visited[one.address()] = true
		for _, needed := range needs(one) {
			if other, ok := byAddress[needed]; ok {
				visit(other)
			}
		}
		ordered = append(ordered, one)
	}
	for _, found := range content.Blocks { // in the order in which they are written, where nothing else decides
		if found.Type == "resource" {
			visit(byAddress[found.Labels[0]+"."+found.Labels[1]])
		}
	}
	return ordered, variables, nil
}

// needs are the addresses that a block refers to, in order of appearance.
func needs(one block) []string {
	var addresses []string
	for _, name := range sortedKeys(one.attributes) {
		for _, traversal := range one.attributes[name].Expr.Variables() {
			if len(traversal) < 2 {
				continue
			}
			if step, ok := traversal[1].(hcl.TraverseAttr); ok {
				addresses = append(addresses, traversal.RootName()+"."+step.Name)
			}
		}
	}
	return addresses
}

// evaluate is what a block says, given what it refers to.
func (b block) evaluate(scope map[string]cty.Value, typ cty.Type) (cty.Value, error) {
	values := map[string]cty.Value{}
	for name, attribute := range b.attributes {
		if name == "depends_on" || name == "lifecycle" {
			continue
		}
		value, problems := attribute.Expr.Value(&hcl.EvalContext{Variables: scope})
		if problems.HasErrors() {
			return cty.NilVal, fmt.Errorf("%s: %w", b.address(), problems)
		}
		if !typ.HasAttribute(name) {
			return cty.NilVal, fmt.Errorf("%s has no attribute %s", b.address(), name)
		}
		values[name] = value
	}
	value, err := convert.Convert(cty.ObjectVal(values), typ)
	if err != nil {
		return value, fmt.Errorf("%s: %w", b.address(), err)
	}
	return value, nil
}
