package oracle

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Judgement is what the types say of one body.
type Judgement struct {
	// Problems are what the service would refuse or drop: an unknown, read-only or missing property, a wrong type or value.
	Problems []string
	// Notes are what cannot be said for certain: an open enumeration's unknown value, a pattern that cannot be read.
	Notes []string
	// Body is the body without what the service drops: unknown and read-only properties.
	Body any
	// Reply is Body without what never comes back.
	Reply any
}

// Check judges the body of a PUT of a resource. name is the last part of its id, checked too unless empty.
func (t *Types) Check(resourceType, apiVersion, name string, body []byte) (Judgement, error) {
	from, definition, err := t.resource(resourceType, apiVersion)
	if err != nil {
		return Judgement{}, err
	}
	value, err := decode(body)
	if err != nil {
		return Judgement{}, err
	}
	judge := &walk{file: from, top: true}
	if name != "" {
		if property, ok := definition.Properties["name"]; ok {
			judge.value(name, property.Type, "name (in the URL)")
		}
	}
	return judge.judgement(value, definition), nil
}

// CheckAction judges the body of a POST such as setLegalHold. An action without a body takes none.
func (t *Types) CheckAction(resourceType, action, apiVersion string, body []byte) (Judgement, error) {
	from, err := t.open(resourceType, apiVersion)
	if err != nil {
		return Judgement{}, err
	}
	for i := range from.types {
		found := &from.types[i]
		if found.Kind != "ResourceFunctionType" || !strings.EqualFold(found.Name, action) || !strings.EqualFold(found.ResourceType, resourceType) {
			continue
		}
		if found.Input == nil {
			if len(body) > 0 && string(body) != "{}" && string(body) != "null" {
				return Judgement{Problems: []string{action + " takes no body"}}, nil
			}
			return Judgement{}, nil
		}
		value, err := decode(body)
		if err != nil {
			return Judgement{}, err
		}
		return (&walk{file: from}).judgement(value, &from.types[*found.Input]), nil
	}
	return Judgement{}, fmt.Errorf("%s/%s@%s: %w", resourceType, action, apiVersion, ErrType)
}

func decode(body []byte) (any, error) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	return value, nil
}

// walk goes through a value and its type side by side.
type walk struct {
	file     *file
	top      bool // id, name, type and apiVersion stand in the URL
	problems []string
	notes    []string
}

// kept is a value as the service keeps it, and as it tells it.
type kept struct{ body, reply any }

func (w *walk) judgement(value any, definition *definition) Judgement {
	result := w.definition(value, definition, "")
	return Judgement{Problems: w.problems, Notes: w.notes, Body: result.body, Reply: result.reply}
}

func (w *walk) problem(at, format string, values ...any) {
	if at == "" {
		at = "the body"
	}
	w.problems = append(w.problems, at+": "+fmt.Sprintf(format, values...))
}

func (w *walk) value(value any, to reference, at string) kept {
	if int(to) < 0 || int(to) >= len(w.file.types) {
		w.problem(at, "the types refer to element %d, which is not there", to)
		return kept{value, value}
	}
	return w.definition(value, &w.file.types[to], at)
}

func (w *walk) definition(value any, definition *definition, at string) kept {
	same := kept{value, value}
	switch definition.Kind {
	case "AnyType":
	case "BooleanType":
		if _, ok := value.(bool); !ok {
			w.problem(at, "%s where a boolean belongs", kind(value))
		}
	case "IntegerType":
		w.number(value, definition, at)
	case "StringType":
		w.text(value, definition, at)
	case "StringLiteralType":
		if value != any(definition.Value) {
			w.problem(at, "%v where only %q is allowed", value, definition.Value)
		}
	case "UnionType":
		w.union(value, definition, at)
	case "ArrayType":
		return w.array(value, definition, at)
	case "ObjectType":
		return w.object(value, definition.Properties, definition.AdditionalProperties, at)
	case "DiscriminatedObjectType":
		return w.discriminated(value, definition, at)
	default:
		w.problem(at, "the types have a %q, which is not known here", definition.Kind)
	}
	return same
}

// number checks a range. The types say integer for doubles, too.
func (w *walk) number(value any, definition *definition, at string) {
	number, ok := value.(float64)
	switch {
	case !ok || math.IsNaN(number):
		w.problem(at, "%s where a number belongs", kind(value))
	case definition.MinValue != nil && number < *definition.MinValue:
		w.problem(at, "%v is below %v", number, *definition.MinValue)
	case definition.MaxValue != nil && number > *definition.MaxValue:
		w.problem(at, "%v is above %v", number, *definition.MaxValue)
	}
}

func (w *walk) text(value any, definition *definition, at string) {
	text, ok := value.(string)
	if !ok {
		w.problem(at, "%s where a string belongs", kind(value))
		return
	}
	length := utf8.RuneCountInString(text)
	if definition.MinLength != nil && length < *definition.MinLength {
		w.problem(at, "%d characters, at least %d are needed", length, *definition.MinLength)
	}
	if definition.MaxLength != nil && length > *definition.MaxLength {
		w.problem(at, "%d characters, at most %d are allowed", length, *definition.MaxLength)
	}
	if definition.unusable {
		w.notes = append(w.notes, at+": the pattern "+definition.Pattern+" cannot be read: not checked")
	} else if definition.pattern != nil && !definition.pattern.MatchString(text) {
		w.problem(at, "%q does not match %s", text, definition.Pattern)
	}
}

// union is an enumeration: closed where it holds literals alone, open where it holds a string, too.
func (w *walk) union(value any, definition *definition, at string) {
	open := false
	var literals []string
	for _, element := range definition.union {
		switch found := &w.file.types[element]; found.Kind {
		case "StringLiteralType":
			if value == any(found.Value) {
				return
			}
			literals = append(literals, found.Value)
		default:
			probe := &walk{file: w.file}
			probe.value(value, element, at)
			open = open || len(probe.problems) == 0
		}
	}
	if open {
		w.notes = append(w.notes, fmt.Sprintf("%s: %v is none of %v, and may be allowed", at, value, literals))
		return
	}
	w.problem(at, "%v is none of %v", value, literals)
}

func (w *walk) array(value any, definition *definition, at string) kept {
	items, ok := value.([]any)
	if !ok {
		w.problem(at, "%s where a list belongs", kind(value))
		return kept{value, value}
	}
	if definition.MinLength != nil && len(items) < *definition.MinLength {
		w.problem(at, "%d items, at least %d are needed", len(items), *definition.MinLength)
	}
	if definition.MaxLength != nil && len(items) > *definition.MaxLength {
		w.problem(at, "%d items, at most %d are allowed", len(items), *definition.MaxLength)
	}
	body, reply := make([]any, len(items)), make([]any, len(items))
	for i, item := range items {
		body[i], reply[i] = item, item
		if definition.ItemType != nil {
			result := w.value(item, *definition.ItemType, fmt.Sprintf("%s[%d]", at, i))
			body[i], reply[i] = result.body, result.reply
		}
	}
	return kept{body, reply}
}
