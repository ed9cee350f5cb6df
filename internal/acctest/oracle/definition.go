package oracle

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// file is one types.json: definitions refer to each other by their index.
type file struct{ types []definition }

// reference is {"$ref": "#/12"}.
type reference int

// UnmarshalJSON reads the index behind "#/".
func (r *reference) UnmarshalJSON(data []byte) error {
	var text struct {
		Ref string `json:"$ref"`
	}
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	_, err := fmt.Sscanf(text.Ref, "#/%d", (*int)(r))
	return err
}

// What a property's flags say.
const (
	flagRequired = 1
	flagReadOnly = 2
	flagWrite    = 4 // may be sent, never comes back
)

type property struct {
	Type  reference `json:"type"`
	Flags int       `json:"flags"`
}

// required is what a request must hold; 3 is required in replies only.
func (p property) required() bool { return p.Flags&flagRequired != 0 && p.Flags&flagReadOnly == 0 }

// refused is what a request must not hold.
func (p property) refused() bool { return p.Flags&flagReadOnly != 0 && p.Flags&flagRequired == 0 }

// definition is any of the types of the file format, told apart by Kind.
type definition struct {
	Kind                 string              `json:"$type"`
	Name                 string              `json:"name"`
	Body                 *reference          `json:"body"`
	Properties           map[string]property `json:"properties"`
	AdditionalProperties *reference          `json:"additionalProperties"`
	BaseProperties       map[string]property `json:"baseProperties"`
	Discriminator        string              `json:"discriminator"`
	Elements             json.RawMessage     `json:"elements"` // of a union a list, of a discriminated object a map
	Value                string              `json:"value"`
	MinLength            *int                `json:"minLength"`
	MaxLength            *int                `json:"maxLength"`
	Pattern              string              `json:"pattern"`
	MinValue             *float64            `json:"minValue"`
	MaxValue             *float64            `json:"maxValue"`
	ItemType             *reference          `json:"itemType"`
	ResourceType         string              `json:"resourceType"` // of a function
	APIVersion           string              `json:"apiVersion"`
	Input                *reference          `json:"input"`

	union    []reference
	branches map[string]reference
	pattern  *regexp.Regexp
	// unusable is a pattern that Go's regexp cannot read: not checked, and said.
	unusable bool
}

// read parses what Elements and Pattern hold.
func (d *definition) read() error {
	if d.Pattern != "" {
		compiled, err := regexp.Compile(d.Pattern)
		d.pattern, d.unusable = compiled, err != nil
	}
	switch {
	case len(d.Elements) == 0:
		return nil
	case d.Kind == "DiscriminatedObjectType":
		return json.Unmarshal(d.Elements, &d.branches)
	default:
		return json.Unmarshal(d.Elements, &d.union)
	}
}
