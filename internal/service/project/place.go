package project

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// onePlace wants exactly one of local and azure, and no folder on a machine that does not stay.
type onePlace struct{ environment func(string) string }

// hcpRun is set by HCP Terraform and its agents in every run.
const hcpRun = "TFC_RUN_ID"

func (onePlace) Description(context.Context) string { return "exactly one of local and azure is given" }

func (o onePlace) MarkdownDescription(ctx context.Context) string { return o.Description(ctx) }

func (o onePlace) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	var azure types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("azure"), &azure)...)
	local := req.ConfigValue
	switch {
	case local.IsUnknown() || azure.IsUnknown():
	case local.IsNull() && azure.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("local"), "Invalid project",
			`A project lives somewhere: give local = { path = ".mlops" } for this machine, or azure = { ... }.`)
	case !local.IsNull() && !azure.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("azure"), "Invalid project",
			"A project lives in one place, and both local and azure are given: remove one of them.")
	case !local.IsNull() && o.environment(hcpRun) != "":
		resp.Diagnostics.AddAttributeError(path.Root("local"), "A local project in a run of HCP Terraform",
			"This run works on a machine that is gone when it ends, and the project's memory, which local keeps in a folder, with it. "+
				"Give azure = { ... } in its place, or let the workspace run on your own machine (execution mode \"local\").")
	}
}

// likeName plans the project's own name where the configuration gives none.
type likeName struct{}

func (likeName) Description(context.Context) string { return "the project's name, unless given" }

func (l likeName) MarkdownDescription(ctx context.Context) string { return l.Description(ctx) }

func (likeName) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.ConfigValue.IsNull() {
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("name"), &resp.PlanValue)...)
	}
}
