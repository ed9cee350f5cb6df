package envelope

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Base is embedded in every resource's model.
type Base struct {
	ID       types.String   `tfsdk:"id"`
	InSync   types.Bool     `tfsdk:"in_sync"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// Shared gives the envelope what every model has.
func (b *Base) Shared() *Base { return b }

// modelOf is a pointer to a model that embeds Base.
type modelOf[M any] interface {
	*M
	Shared() *Base
}

// Reference is another object that a model names by its id.
type Reference struct {
	Path  []string // of the attribute
	Kind  mlops.Kind
	Value types.String
	// Owner says that another object there makes this another object: a change replaces.
	Owner bool
}

// Definition is a resource as plain functions over its model M. Models hold no unknown values: what is unknown is null
// when a function sees it, and problems about it are dropped.
type Definition[M any] struct {
	Name       string // "drift_monitor": the type is mlops_drift_monitor
	Kind       mlops.Kind
	Summary    string // Markdown: what it is for
	Attributes map[string]schema.Attribute
	// References are what the model names. The place of the first is the resource's place.
	References func(M) []Reference
	// Identify is the id of what a model describes, owner being the first reference (zero for a project). A zero id
	// is not known before apply.
	Identify func(m M, owner mlops.ID) mlops.ID
	// Validate returns what is wrong with the model alone.
	Validate func(M) []mlops.Problem
	// Plan checks the planned model against an open project and may Set computed attributes; nil has nothing to check.
	Plan func(ctx context.Context, plan *Plan[M]) ([]mlops.Problem, error)
	// PlanDestroy refuses a destroy while nothing is destroyed yet; nil never refuses.
	PlanDestroy func(ctx context.Context, call *Call[M]) error

	// Create makes the object and fills in what is computed. What fails after its first durable write it says with
	// Warn and InSync = false, never with an error.
	Create func(ctx context.Context, call *Call[M]) error
	// Wait is called after the state of a create or update is saved; nil waits for nothing. Its error is a warning on
	// create and an error on update.
	Wait func(ctx context.Context, call *Call[M]) error
	// Read brings the model to what is there; mlops.ErrNotFound takes it out of state.
	Read   func(ctx context.Context, call *Call[M]) error
	Update func(ctx context.Context, call *Call[M]) error
	Delete func(ctx context.Context, call *Call[M]) error
}

// Call is one verb on one object.
type Call[M any] struct {
	Project *project.Project
	ID      mlops.ID // zero on the create of an object whose id is not known before
	Model   *M
	Prior   *M // nil on create
	// Config is what the configuration itself says, write-only values too; nil where a verb has none.
	Config *M
	// Incarnation is the life of the name that Terraform has seen last; verbs that see another note it here.
	Incarnation string
	// Sequence is the number of the spec that this verb has written or found.
	Sequence int64
	warnings diag.Diagnostics
}

// Warn adds a warning to the answer.
func (c *Call[M]) Warn(summary, detail string) { c.warnings.AddWarning(summary, detail) }

// Plan is a planned object.
type Plan[M any] struct {
	Project *project.Project // nil where the project is not there yet
	ID      mlops.ID         // zero where it is not known yet
	Model   M                // unknown values are null
	Prior   *M               // nil when it is to be created
	// Creates says that nothing of this object is there yet: it is not the second half of a replacement.
	Creates bool
	// Unknown says whether the attribute at a path is known only after apply.
	Unknown func(path ...string) bool
	// Places knows what else this run has planned.
	Places  *Places
	renamed bool // its new name is known after apply only
	set     map[string]attr.Value
	warned  diag.Diagnostics
}

// Set plans the value of a computed top-level attribute.
func (p *Plan[M]) Set(attribute string, value attr.Value) { p.set[attribute] = value }

// Warn adds a warning to the plan.
func (p *Plan[M]) Warn(summary, detail string) { p.warned.AddWarning(summary, detail) }

// Refuse adds an error to the plan.
func (p *Plan[M]) Refuse(at path.Path, summary, detail string) {
	p.warned.AddAttributeError(at, summary, detail)
}

// New makes the resource of a definition.
func New[M any, P modelOf[M]](definition Definition[M]) resource.Resource {
	return &envelope[M, P]{Definition: definition}
}
