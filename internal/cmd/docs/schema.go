package main

import (
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// What follows is the part of `terraform providers schema -json` that pages are made of.

type schemas struct {
	FormatVersion   string                    `json:"format_version"`
	ProviderSchemas map[string]providerSchema `json:"provider_schemas"`
}

type providerSchema struct {
	Provider    schema            `json:"provider"`
	Resources   map[string]schema `json:"resource_schemas,omitempty"`
	DataSources map[string]schema `json:"data_source_schemas,omitempty"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes      map[string]attribute `json:"attributes,omitempty"`
	Description     string               `json:"description,omitempty"`
	DescriptionKind string               `json:"description_kind,omitempty"`
}

type attribute struct {
	Type            json.RawMessage `json:"type,omitempty"`
	NestedType      *nestedType     `json:"nested_type,omitempty"`
	Description     string          `json:"description,omitempty"`
	DescriptionKind string          `json:"description_kind,omitempty"`
	Required        bool            `json:"required,omitempty"`
	Optional        bool            `json:"optional,omitempty"`
	Computed        bool            `json:"computed,omitempty"`
	Sensitive       bool            `json:"sensitive,omitempty"`
}

type nestedType struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

var nestingModes = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single", tfprotov6.SchemaObjectNestingModeList: "list",
	tfprotov6.SchemaObjectNestingModeSet: "set", tfprotov6.SchemaObjectNestingModeMap: "map",
}

func schemasOf(response *tfprotov6.GetProviderSchemaResponse) schemas {
	all := func(from map[string]*tfprotov6.Schema) map[string]schema {
		to := map[string]schema{}
		for name, s := range from {
			to[name] = schemaOf(s)
		}
		return to
	}
	return schemas{FormatVersion: "1.0", ProviderSchemas: map[string]providerSchema{"mlops": {
		Provider: schemaOf(response.Provider), Resources: all(response.ResourceSchemas), DataSources: all(response.DataSourceSchemas),
	}}}
}

func schemaOf(from *tfprotov6.Schema) schema {
	return schema{Version: from.Version, Block: block{
		Attributes: attributesOf(from.Block.Attributes), Description: from.Block.Description, DescriptionKind: kindOf(from.Block.DescriptionKind),
	}}
}

func attributesOf(from []*tfprotov6.SchemaAttribute) map[string]attribute {
	to := map[string]attribute{}
	for _, a := range from {
		made := attribute{
			Description: a.Description, DescriptionKind: kindOf(a.DescriptionKind),
			Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive,
		}
		if a.NestedType != nil {
			made.NestedType = &nestedType{Attributes: attributesOf(a.NestedType.Attributes), NestingMode: nestingModes[a.NestedType.Nesting]}
		} else if text, err := json.Marshal(a.Type); err == nil {
			made.Type = text
		}
		to[a.Name] = made
	}
	return to
}

func kindOf(kind tfprotov6.StringKind) string {
	if kind == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}
