package inprocess

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	ctymsgpack "github.com/zclconf/go-cty/cty/msgpack"
)

// typeOf is the type of an object with these attributes. In a configuration all of them, and those of objects within, may be
// left out.
func typeOf(attributes []*tfprotov6.SchemaAttribute, configuration bool) (cty.Type, error) {
	types := map[string]cty.Type{}
	var optional []string
	for _, attribute := range attributes {
		typ, err := attributeType(attribute, configuration)
		if err != nil {
			return cty.NilType, fmt.Errorf("%s: %w", attribute.Name, err)
		}
		types[attribute.Name] = typ
		optional = append(optional, attribute.Name)
	}
	if configuration {
		return cty.ObjectWithOptionalAttrs(types, optional), nil
	}
	return cty.Object(types), nil
}

func attributeType(attribute *tfprotov6.SchemaAttribute, configuration bool) (cty.Type, error) {
	if attribute.NestedType == nil {
		encoded, err := json.Marshal(attribute.Type)
		if err != nil {
			return cty.NilType, err
		}
		return ctyjson.UnmarshalType(encoded)
	}
	object, err := typeOf(attribute.NestedType.Attributes, configuration)
	if err != nil {
		return cty.NilType, err
	}
	switch attribute.NestedType.Nesting {
	case tfprotov6.SchemaObjectNestingModeMap:
		return cty.Map(object), nil
	case tfprotov6.SchemaObjectNestingModeList:
		return cty.List(object), nil
	case tfprotov6.SchemaObjectNestingModeSet:
		return cty.Set(object), nil
	}
	return object, nil
}

// proposed is what Terraform asks a provider to plan: the configuration, and what is computed as it was before.
func proposed(attributes []*tfprotov6.SchemaAttribute, prior, config cty.Value) cty.Value {
	if config.IsNull() || !config.IsKnown() || prior.IsNull() {
		return config
	}
	values := map[string]cty.Value{}
	for _, attribute := range attributes {
		values[attribute.Name] = proposedAttribute(attribute, prior.GetAttr(attribute.Name), config.GetAttr(attribute.Name))
	}
	return cty.ObjectVal(values)
}

func proposedAttribute(attribute *tfprotov6.SchemaAttribute, prior, config cty.Value) cty.Value {
	switch {
	case config.IsNull() && attribute.Computed:
		return prior
	case config.IsNull() || !config.IsKnown() || prior.IsNull() || attribute.NestedType == nil:
		return config
	}
	within := attribute.NestedType.Attributes
	switch attribute.NestedType.Nesting {
	case tfprotov6.SchemaObjectNestingModeSingle:
		return proposed(within, prior, config)
	case tfprotov6.SchemaObjectNestingModeMap:
		values := map[string]cty.Value{}
		for key, value := range config.AsValueMap() {
			if before, ok := prior.AsValueMap()[key]; ok {
				value = proposed(within, before, value)
			}
			values[key] = value
		}
		if len(values) > 0 {
			return cty.MapVal(values)
		}
	case tfprotov6.SchemaObjectNestingModeList:
		before, values := prior.AsValueSlice(), config.AsValueSlice()
		for i := range min(len(before), len(values)) {
			values[i] = proposed(within, before[i], values[i])
		}
		if len(values) > 0 {
			return cty.ListVal(values)
		}
	}
	return config
}

func encode(value cty.Value, typ cty.Type) (*tfprotov6.DynamicValue, error) {
	content, err := ctymsgpack.Marshal(value, typ)
	return &tfprotov6.DynamicValue{MsgPack: content}, err
}

func decode(value *tfprotov6.DynamicValue, typ cty.Type) (cty.Value, error) {
	if value == nil {
		return cty.NullVal(typ), nil
	}
	return ctymsgpack.Unmarshal(value.MsgPack, typ)
}
