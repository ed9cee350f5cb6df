package envelope

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Lookup is a data source: what runs, judges or waits, which no managed resource may hold. Where there is nothing yet it
// answers with nulls and found = false.
type Lookup[M any] struct {
	Name       string // "model_version": the type is mlops_model_version
	Summary    string
	Attributes map[string]schema.Attribute
	// Reference is the object that is asked about.
	Reference func(M) Reference
	// Validate returns what is wrong with the question; nil where nothing can be.
	Validate func(M) []mlops.Problem
	// Read fills the model; mlops.ErrNotFound where there is nothing yet.
	Read func(ctx context.Context, in *project.Project, id mlops.ID, model *M) error
}

// Answer is embedded in every data source's model.
type Answer struct {
	Found types.Bool `tfsdk:"found"`
}

// Answered gives the envelope what every answer has.
func (a *Answer) Answered() *Answer { return a }

type answerOf[M any] interface {
	*M
	Answered() *Answer
}

// NewLookup makes the data source of a lookup.
func NewLookup[M any, P answerOf[M]](definition Lookup[M]) datasource.DataSource {
	return &lookup[M, P]{Lookup: definition}
}

type lookup[M any, P answerOf[M]] struct {
	Lookup[M]
	places *Places
}

func (l *lookup[M, P]) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + l.Name
}

func (l *lookup[M, P]) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"found": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether there is anything yet. Where not, all else is null."},
	}
	maps.Copy(attributes, l.Attributes)
	resp.Schema = schema.Schema{MarkdownDescription: l.Summary, Attributes: attributes}
}

func (l *lookup[M, P]) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	places, ok := req.ProviderData.(*Places)
	if !ok {
		resp.Diagnostics.AddError("Unexpected provider data", fmt.Sprintf("%T is not *envelope.Places. This is a fault of the provider.", req.ProviderData))
		return
	}
	l.places = places
}

func (l *lookup[M, P]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model M
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	noun := strings.ReplaceAll(l.Name, "_", " ")
	if l.Validate != nil {
		for _, problem := range l.Validate(model) {
			resp.Diagnostics.AddAttributeError(path.Root(problem.Path[0]), "Invalid question for "+noun, sentence(problem.Message))
		}
	}
	reference := l.Reference(model)
	id, err := mlops.ParseIDOf(reference.Kind, reference.Value.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root(reference.Path[0]), "Unable to read "+noun, sentence(err.Error()))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	asked := model
	if err := l.read(ctx, id, &model); errors.Is(err, mlops.ErrNotFound) {
		model = asked
		P(&model).Answered().Found = types.BoolValue(false)
	} else if err != nil {
		resp.Diagnostics.AddError("Unable to read "+noun+" of "+id.String(), sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func (l *lookup[M, P]) read(ctx context.Context, id mlops.ID, model *M) error {
	in, err := l.places.open(ctx, id.Place)
	if err != nil {
		return err
	}
	P(model).Answered().Found = types.BoolValue(true)
	return l.Lookup.Read(ctx, in, id, model)
}
