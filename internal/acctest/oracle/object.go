package oracle

import (
	"maps"
	"slices"
)

// discriminated follows the branch that the discriminator names: base and chosen properties together.
func (w *walk) discriminated(value any, definition *definition, at string) kept {
	object, ok := value.(map[string]any)
	if !ok {
		w.problem(at, "%s where an object belongs", kind(value))
		return kept{value, value}
	}
	chosen, _ := object[definition.Discriminator].(string)
	branch, ok := definition.branches[chosen]
	if !ok {
		w.problem(join(at, definition.Discriminator), "%q is none of %v", chosen, slices.Sorted(maps.Keys(definition.branches)))
		return kept{value, value}
	}
	to := &w.file.types[branch]
	properties := maps.Clone(definition.BaseProperties)
	if properties == nil {
		properties = map[string]property{}
	}
	maps.Copy(properties, to.Properties)
	return w.object(object, properties, to.AdditionalProperties, at)
}

func (w *walk) object(value any, properties map[string]property, additional *reference, at string) kept {
	top := w.top
	w.top = false
	object, ok := value.(map[string]any)
	if !ok {
		w.problem(at, "%s where an object belongs", kind(value))
		return kept{value, value}
	}
	body, reply := map[string]any{}, map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		found, listed := properties[name]
		switch {
		case top && slices.Contains(inURL, name):
			w.problem(name, "stands in the URL and must not be sent")
		case listed && found.refused():
			w.problem(join(at, name), "is read-only")
		case listed:
			result := w.value(object[name], found.Type, join(at, name))
			body[name] = result.body
			if found.Flags&flagWrite == 0 {
				reply[name] = result.reply
			}
		case additional != nil:
			result := w.value(object[name], *additional, join(at, name))
			body[name], reply[name] = result.body, result.reply
		default:
			w.problem(join(at, name), "is not known")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if _, sent := object[name]; !sent && properties[name].required() && (!top || !slices.Contains(inURL, name)) {
			w.problem(join(at, name), "is missing")
		}
	}
	return kept{body, reply}
}

// inURL are the properties of a resource that its URL says.
var inURL = []string{"id", "name", "type", "apiVersion"}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
