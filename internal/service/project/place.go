package project

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
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

// inboxLike plans an inbox named after the container where the configuration gives none.
type inboxLike struct{}

func (inboxLike) Description(context.Context) string {
	return "named after the container, unless given"
}

func (i inboxLike) MarkdownDescription(ctx context.Context) string { return i.Description(ctx) }

func (inboxLike) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	container, diagnostics := containerOf(ctx, req.Config)
	resp.Diagnostics.Append(diagnostics...)
	if container.IsUnknown() {
		resp.PlanValue = types.StringUnknown()
		return
	}
	resp.PlanValue = types.StringValue(mlops.AzureStore{Container: container.ValueString()}.Inbox())
}

// containerOf is the project's container, by the configuration alone.
func containerOf(ctx context.Context, config tfsdk.Config) (types.String, diag.Diagnostics) {
	var container types.String
	diagnostics := config.GetAttribute(ctx, path.Root("azure").AtName("store").AtName("container"), &container)
	if container.IsNull() {
		diagnostics.Append(config.GetAttribute(ctx, path.Root("name"), &container)...)
	}
	return container, diagnostics
}

// lifecycleOf plans the rule that follows from name, container and retention.
type lifecycleOf struct{}

func (lifecycleOf) Description(context.Context) string { return "follows from retention" }

func (l lifecycleOf) MarkdownDescription(ctx context.Context) string { return l.Description(ctx) }

func (lifecycleOf) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	var name types.String
	var days types.Int64
	var retention types.Object
	container, diagnostics := containerOf(ctx, req.Config)
	diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("retention"), &retention)...)
	if !retention.IsNull() && !retention.IsUnknown() {
		diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("retention").AtName("record_days"), &days)...)
	}
	if resp.Diagnostics.Append(diagnostics...); resp.Diagnostics.HasError() {
		return
	}
	if container.IsUnknown() || name.IsUnknown() || days.IsUnknown() || retention.IsUnknown() {
		resp.PlanValue = types.StringUnknown()
		return
	}
	resp.PlanValue = envelope.StringOrNull(mlops.LifecycleRule(name.ValueString(), container.ValueString(), days.ValueInt64()))
}
