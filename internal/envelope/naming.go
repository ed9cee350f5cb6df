package envelope

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// nameOf plans the name of the object that a reference names where the configuration gives none.
type nameOf struct {
	reference string
	kind      mlops.Kind
}

func (n nameOf) Description(context.Context) string {
	return "the name that " + n.reference + " ends with, unless given"
}

func (n nameOf) MarkdownDescription(ctx context.Context) string { return n.Description(ctx) }

func (n nameOf) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var reference types.String
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root(n.reference), &reference)...)
	if id, err := mlops.ParseIDOf(n.kind, reference.ValueString()); err == nil {
		resp.PlanValue = types.StringValue(id.Name)
	}
}

// NameIn is the name that an id ends with, "" where there is none.
func NameIn(id types.String) string {
	parsed, err := mlops.ParseID(id.ValueString())
	if err != nil {
		return ""
	}
	return parsed.Name
}
