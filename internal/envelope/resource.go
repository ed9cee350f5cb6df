package envelope

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// DefaultTimeout of each verb.
const DefaultTimeout = 20 * time.Minute

// incarnationKey is where private state keeps which life of a name Terraform means.
const incarnationKey = "incarnation"

// envelope is the resource of a definition.
type envelope[M any, P modelOf[M]] struct {
	Definition[M]
	places *Places
}

func (e *envelope[M, P]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + e.Name
}

func (e *envelope[M, P]) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = e.schema()
}

func (e *envelope[M, P]) schema() schema.Schema {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: fmt.Sprintf("`<place>/%s/<name>`; import takes the same.", e.Kind),
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"in_sync": schema.BoolAttribute{
			Computed: true,
			MarkdownDescription: "Whether what lives is what was declared last. `false` after a change by hand or an apply " +
				"that ended half-way; the next apply repairs it.",
		},
		"timeouts": timeoutsAttribute(),
	}
	maps.Copy(attributes, e.Attributes)
	return schema.Schema{MarkdownDescription: e.Summary, Attributes: attributes}
}

func timeoutsAttribute() schema.Attribute {
	attribute := timeouts.AttributesAll(context.Background())
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = fmt.Sprintf("How long each verb may take. Default `%s` each.", mlops.Duration(DefaultTimeout))
		return nested
	}
	return attribute
}

func (e *envelope[M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData == nil {
		return // before the provider is configured: validate
	}
	places, ok := req.ProviderData.(*Places)
	if !ok {
		resp.Diagnostics.AddError("Unexpected provider data", fmt.Sprintf("%T is not *envelope.Places. This is a fault of the provider.", req.ProviderData))
		return
	}
	e.places = places
}

func (e *envelope[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if _, err := mlops.ParseIDOf(e.Kind, req.ID); err != nil {
		resp.Diagnostics.Append(e.failure("import", mlops.ID{}, err))
		return
	}
	resource.ImportStatePassthroughID(ctx, path.Root("id"), req, resp)
}

func (e *envelope[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	model, err := decode[M](ctx, e.schema(), findKnown(ctx, e.schema(), req.Plan.Raw, false))
	if err != nil {
		resp.Diagnostics.Append(e.failure("create", mlops.ID{}, err))
		return
	}
	ctx, cancel := e.within(ctx, P(&model).Shared().Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	owner, err := e.owner(model)
	if err != nil {
		resp.Diagnostics.Append(e.failure("create", mlops.ID{}, err))
		return
	}
	id := e.Identify(model, owner)
	call := &Call[M]{ID: id, Model: &model, Config: e.config(ctx, req.Config)}
	if call.Project, err = e.openForCreate(ctx, id, owner); err == nil {
		err = e.Definition.Create(ctx, call)
	}
	resp.Diagnostics.Append(call.warnings...)
	if err != nil {
		resp.Diagnostics.Append(e.failure("create", id, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(keepIncarnation(ctx, resp.Private, call.Incarnation)...)
	if e.Wait == nil || resp.Diagnostics.HasError() {
		return
	}
	call.warnings = nil
	err = e.Wait(ctx, call)
	resp.Diagnostics.Append(call.warnings...)
	if err != nil {
		// A warning, not an error: an error here taints, and the next apply would delete what serves.
		failed := e.failure("finish", id, err)
		resp.Diagnostics.AddWarning(failed.Summary(), failed.Detail())
	}
}

func (e *envelope[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model M
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := e.within(ctx, P(&model).Shared().Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	call, err := e.call(ctx, &model, req.Private)
	if err == nil {
		err = e.Definition.Read(ctx, call)
	}
	if call != nil {
		resp.Diagnostics.Append(call.warnings...)
	}
	switch {
	case errors.Is(err, mlops.ErrNotFound):
		resp.State.RemoveResource(ctx)
	case errors.Is(err, mlops.ErrUnreachable): // nothing is known, so what was seen last stands
		failed := e.failure("read", call.id(), err)
		resp.Diagnostics.AddWarning(failed.Summary(), failed.Detail()+" State keeps what was seen last.")
	case err != nil:
		resp.Diagnostics.Append(e.failure("read", call.id(), err))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
		resp.Diagnostics.Append(keepIncarnation(ctx, resp.Private, call.Incarnation)...)
	}
}

func (e *envelope[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var prior M
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	model, err := decode[M](ctx, e.schema(), findKnown(ctx, e.schema(), req.Plan.Raw, false))
	if err != nil {
		resp.Diagnostics.Append(e.failure("update", mlops.ID{}, err))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := e.within(ctx, P(&model).Shared().Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	P(&model).Shared().ID = P(&prior).Shared().ID
	call, err := e.call(ctx, &model, req.Private)
	if err == nil {
		call.Prior, call.Config = &prior, e.config(ctx, req.Config)
		if err = e.sameObject(call); err == nil {
			err = e.Definition.Update(ctx, call)
		}
	}
	if err == nil && e.Wait != nil {
		err = e.Wait(ctx, call)
	}
	if call != nil {
		resp.Diagnostics.Append(call.warnings...)
	}
	if err != nil { // state stays what was seen before: the change stays planned
		resp.Diagnostics.Append(e.failure("update", call.id(), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(keepIncarnation(ctx, resp.Private, call.Incarnation)...)
}

func (e *envelope[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var model M
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := e.within(ctx, P(&model).Shared().Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	call, err := e.call(ctx, &model, req.Private)
	if err == nil {
		err = e.Definition.Delete(ctx, call)
	}
	if call != nil {
		resp.Diagnostics.Append(call.warnings...)
	}
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		resp.Diagnostics.Append(e.failure("delete", call.id(), err))
	}
}

// config is what the configuration says, nil where it cannot be read: what is planned counts then.
func (e *envelope[M, P]) config(ctx context.Context, raw tfsdk.Config) *M {
	model, err := decode[M](ctx, e.schema(), findKnown(ctx, e.schema(), raw.Raw, false))
	if err != nil {
		return nil
	}
	return &model
}

// owner is the first reference of a model; zero where it has none.
func (e *envelope[M, P]) owner(model M) (mlops.ID, error) {
	if e.References == nil {
		return mlops.ID{}, nil
	}
	first := e.References(model)[0]
	id, err := mlops.ParseIDOf(first.Kind, first.Value.ValueString())
	return id, At(err, first.Path...)
}

func (e *envelope[M, P]) openForCreate(ctx context.Context, id, owner mlops.ID) (*project.Project, error) {
	if owner.Place == "" {
		return e.places.make(ctx, id.Place)
	}
	opened, err := e.places.open(ctx, owner.Place)
	if err != nil {
		return nil, fmt.Errorf("project at %s: %w", owner.Place, err)
	}
	return opened, nil
}

// call opens the project of an object that state knows.
func (e *envelope[M, P]) call(ctx context.Context, model *M, private privateState) (*Call[M], error) {
	id, err := mlops.ParseIDOf(e.Kind, P(model).Shared().ID.ValueString())
	if err != nil {
		return nil, err
	}
	call := &Call[M]{ID: id, Model: model}
	if stored, _ := private.GetKey(ctx, incarnationKey); stored != nil {
		_ = json.Unmarshal(stored, &call.Incarnation) // written by keepIncarnation; unreadable is as good as absent
	}
	call.Project, err = e.places.open(ctx, id.Place)
	if err != nil {
		return call, fmt.Errorf("project at %s: %w", id.Place, err)
	}
	return call, nil
}

func (c *Call[M]) id() mlops.ID {
	if c == nil {
		return mlops.ID{}
	}
	return c.ID
}

// sameObject stops an update whose references turned out to name another object than state, which a plan could not see.
func (e *envelope[M, P]) sameObject(call *Call[M]) error {
	owner, err := e.owner(*call.Model)
	if err != nil {
		return err
	}
	if now := e.Identify(*call.Model, owner); now.Name != "" && !now.Equal(call.ID) {
		return fmt.Errorf("%w: it would become %s, which is another object: plan again to see the replacement", mlops.ErrInvalid, now)
	}
	return nil
}

func (e *envelope[M, P]) within(ctx context.Context, limit func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), diagnostics *diag.Diagnostics) (context.Context, context.CancelFunc) {
	timeout, problems := limit(ctx, DefaultTimeout)
	diagnostics.Append(problems...)
	return context.WithTimeout(ctx, timeout)
}

// privateState is what the framework keeps beside state.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func keepIncarnation(ctx context.Context, private privateState, incarnation string) diag.Diagnostics {
	if incarnation == "" {
		return nil
	}
	text, err := json.Marshal(incarnation)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to keep private state", err.Error())}
	}
	return private.SetKey(ctx, incarnationKey, text)
}

// StringOrNull is null for "".
func StringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
