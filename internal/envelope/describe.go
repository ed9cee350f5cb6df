package envelope

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// OneOf lists what a value may be, in Markdown: `a`, `b` or `c`.
func OneOf[T ~string](values []T) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = "`" + string(value) + "`"
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}

const nameRule = "Lower-case letters, digits and hyphens, at most 50. Another name is another object: a change replaces."

// RequiredName is the name of an object.
func RequiredName() schema.StringAttribute {
	return schema.StringAttribute{Required: true, MarkdownDescription: nameRule}
}

// NameLike is a name that is the referenced object's own unless given.
func NameLike(reference string, kind mlops.Kind, description string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: description + " " + nameRule,
		PlanModifiers: []planmodifier.String{nameOf{reference: reference, kind: kind}, stringplanmodifier.UseStateForUnknown()},
	}
}

// RequiredReference is the id of another object.
func RequiredReference(kind mlops.Kind, description string) schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: description + " An id: `<place>/" + string(kind) + "/<name>`.",
	}
}

// Strings are the values of a list or set.
func Strings(values []types.String) []string {
	if values == nil {
		return nil
	}
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = value.ValueString()
	}
	return texts
}

// Roles are names of owners as the domain has them; null and empty differ.
func Roles(values []types.String) []mlops.Role {
	if values == nil {
		return nil
	}
	roles := make([]mlops.Role, len(values))
	for i, value := range values {
		roles[i] = mlops.Role(value.ValueString())
	}
	return roles
}

// StringValues is the other way; nil stays null.
func StringValues[T ~string](texts []T) []types.String {
	if texts == nil {
		return nil
	}
	values := make([]types.String, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(string(text))
	}
	return values
}

// TimeZone is the attribute beside a cron expression.
func TimeZone() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(mlops.DefaultTimeZone),
		MarkdownDescription: "IANA time zone of the cron expression. Default `" + mlops.DefaultTimeZone + "`.",
	}
}
