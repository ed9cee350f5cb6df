package envelope

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// known is a configuration or plan in which everything unknown has been made null, so that it decodes into plain Go maps,
// and the list of what was unknown, so that nothing is said about it.
type known struct {
	value tftypes.Value
	// unknown are paths whose value is decided at apply, and those whose text does not even parse: the type says so itself.
	unknown [][]string
	// open are computed attributes that the configuration leaves out: the provider decides.
	open [][]string
	// nulls are elements of collections that are null, which no collection of ours may hold.
	nulls [][]string
}

// findKnown splits a raw value. With config set, computed attributes that are null count as open.
func findKnown(ctx context.Context, schema schema.Schema, raw tftypes.Value, config bool) known {
	found := known{}
	found.value = found.scrub(ctx, schema, tftypes.NewAttributePath(), raw, config)
	return found
}

func (k *known) scrub(ctx context.Context, schema schema.Schema, at *tftypes.AttributePath, value tftypes.Value, config bool) tftypes.Value {
	if !value.IsKnown() {
		k.unknown = append(k.unknown, steps(at))
		return tftypes.NewValue(value.Type(), nil)
	}
	attribute, err := schema.AttributeAtTerraformPath(ctx, at)
	isAttribute := err == nil && attribute != nil
	if value.IsNull() {
		if config && isAttribute && attribute.IsComputed() {
			k.open = append(k.open, steps(at))
		}
		return value
	}
	if isAttribute && unreadableDuration(attribute.GetType(), value) {
		k.unknown = append(k.unknown, steps(at))
		return tftypes.NewValue(value.Type(), nil)
	}
	switch typ := value.Type(); {
	case typ.Is(tftypes.Object{}):
		fields := map[string]tftypes.Value{}
		if value.As(&fields) != nil {
			return value
		}
		fields = maps.Clone(fields) // As gives the value's own
		for _, name := range sortedKeys(fields) {
			fields[name] = k.scrub(ctx, schema, at.WithAttributeName(name), fields[name], config)
		}
		return tftypes.NewValue(typ, fields)
	case typ.Is(tftypes.Map{}):
		elements := map[string]tftypes.Value{}
		if value.As(&elements) != nil {
			return value
		}
		elements = maps.Clone(elements)
		for _, key := range sortedKeys(elements) {
			if !k.keep(at.WithElementKeyString(key), elements[key]) {
				return tftypes.NewValue(typ, nil)
			}
			elements[key] = k.scrub(ctx, schema, at.WithElementKeyString(key), elements[key], config)
		}
		return tftypes.NewValue(typ, elements)
	case typ.Is(tftypes.List{}), typ.Is(tftypes.Set{}):
		var elements []tftypes.Value
		if value.As(&elements) != nil {
			return value
		}
		elements = slices.Clone(elements)
		for i, element := range elements {
			if !k.keep(at.WithElementKeyInt(i), element) {
				return tftypes.NewValue(typ, nil)
			}
			elements[i] = k.scrub(ctx, schema, at.WithElementKeyInt(i), element, config)
		}
		return tftypes.NewValue(typ, elements)
	default:
		return value
	}
}

// keep says whether an element can stay in its collection. One that is unknown or null makes the whole unknown.
func (k *known) keep(at *tftypes.AttributePath, element tftypes.Value) bool {
	switch {
	case !element.IsKnown():
		k.unknown = append(k.unknown, steps(at.WithoutLastStep()))
		return false
	case element.IsNull():
		k.nulls = append(k.nulls, steps(at))
		k.unknown = append(k.unknown, steps(at.WithoutLastStep()))
		return false
	default:
		return true
	}
}

// isUnknown says whether a path, or something around or inside it, is unknown.
func (k *known) isUnknown(path []string) bool {
	return slices.ContainsFunc(k.unknown, func(unknown []string) bool { return hasPrefix(path, unknown) || hasPrefix(unknown, path) })
}

// relevant drops the problems about what is not known: a problem of a nested attribute may also come from an unknown
// sibling.
func (k *known) relevant(problems []mlops.Problem) []mlops.Problem {
	var relevant []mlops.Problem
	for _, problem := range problems {
		path := problem.Path
		parentUnknown := len(path) > 1 && slices.ContainsFunc(k.unknown, func(unknown []string) bool { return hasPrefix(unknown, path[:len(path)-1]) })
		open := slices.ContainsFunc(k.open, func(open []string) bool { return hasPrefix(path, open) })
		if !k.isUnknown(path) && !parentUnknown && !open {
			relevant = append(relevant, problem)
		}
	}
	return relevant
}

// decode reads the known part into a model.
func decode[M any](ctx context.Context, schema schema.Schema, found known) (M, error) {
	var model M
	diagnostics := tfsdk.Plan{Raw: found.value, Schema: schema}.Get(ctx, &model)
	if diagnostics.HasError() {
		first := diagnostics.Errors()[0]
		return model, fmt.Errorf("%s: %s", first.Summary(), first.Detail())
	}
	return model, nil
}

func unreadableDuration(typ attr.Type, value tftypes.Value) bool {
	if !typ.Equal(DurationType{}) {
		return false
	}
	var text string
	if value.As(&text) != nil {
		return false
	}
	_, err := mlops.ParseDuration(text)
	return err != nil
}

func steps(at *tftypes.AttributePath) []string {
	var names []string
	for _, step := range at.Steps() {
		switch step := step.(type) {
		case tftypes.AttributeName:
			names = append(names, string(step))
		case tftypes.ElementKeyString:
			names = append(names, string(step))
		case tftypes.ElementKeyInt:
			names = append(names, strconv.FormatInt(int64(step), 10))
		}
	}
	return names
}

func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
