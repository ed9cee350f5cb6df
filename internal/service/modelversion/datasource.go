// Package modelversion is the mlops_model_version data source: one registered version of a model, by alias, by number, or
// the newest. It must not decide anything: the model's log has.
package modelversion

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

const summary = "One registered version of a model: by alias, by number, or the newest. Versions are made by runs, so what it answers may change between two applies."

// New returns the mlops_model_version data source.
func New() datasource.DataSource {
	return envelope.NewLookup(envelope.Lookup[model]{
		Name: "model_version", Summary: summary, Attributes: attributes(), Validate: validate, Read: read,
		Reference: func(m model) envelope.Reference {
			return envelope.Reference{Path: []string{"model_id"}, Kind: mlops.KindModel, Value: m.ModelID}
		},
	})
}

type model struct {
	envelope.Answer
	ModelID          types.String             `tfsdk:"model_id"`
	Alias            types.String             `tfsdk:"alias"`
	Number           types.Int64              `tfsdk:"number"`
	Aliases          []types.String           `tfsdk:"aliases"`
	RunID            types.String             `tfsdk:"run_id"`
	Registered       types.String             `tfsdk:"registered"`
	ArtifactSHA256   types.String             `tfsdk:"artifact_sha256"`
	Image            types.String             `tfsdk:"image"`
	ImageDigest      types.String             `tfsdk:"image_digest"`
	SourceRevision   types.String             `tfsdk:"source_revision"`
	DatasetVersionID types.String             `tfsdk:"dataset_version_id"`
	Metrics          map[string]types.Float64 `tfsdk:"metrics"`
	ApprovedBy       types.String             `tfsdk:"approved_by"`
	ApprovedAt       types.String             `tfsdk:"approved_at"`
	ApprovalReason   types.String             `tfsdk:"approval_reason"`
}

func attributes() map[string]schema.Attribute {
	computed := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"model_id":           schema.StringAttribute{Required: true, MarkdownDescription: "Id of the model."},
		"alias":              schema.StringAttribute{Optional: true, MarkdownDescription: "Asks for the version that an alias names: " + envelope.OneOf(mlops.Aliases) + "."},
		"number":             schema.Int64Attribute{Optional: true, Computed: true, MarkdownDescription: "Asks for one version. Without `alias` and `number` the newest is meant."},
		"aliases":            schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The aliases that name it now."},
		"run_id":             computed("The run that made it."),
		"registered":         computed("When it was registered, as RFC 3339."),
		"artifact_sha256":    computed("Digest of its artifact."),
		"image":              computed("The image whose code trained it, and serves it."),
		"image_digest":       computed("Digest of the image that trained it; on one machine the SHA-256 of the program."),
		"source_revision":    computed("Revision of the source of that image."),
		"dataset_version_id": computed("The dataset version that it learned from."),
		"metrics":            schema.MapAttribute{Computed: true, ElementType: types.Float64Type, MarkdownDescription: "Its metrics on the holdout."},
		"approved_by":        computed("Who let it into production; null where nobody had to."),
		"approved_at":        computed("When, as RFC 3339."),
		"approval_reason":    computed("Why."),
	}
}

func validate(m model) []mlops.Problem {
	if !m.Alias.IsNull() && !m.Number.IsNull() {
		return []mlops.Problem{{Path: []string{"number"}, Message: "give one of alias and number"}}
	}
	if alias := m.Alias.ValueString(); !m.Alias.IsNull() && !slices.Contains(mlops.Aliases, alias) {
		return []mlops.Problem{{Path: []string{"alias"}, Message: fmt.Sprintf("there is no alias %q: use one of %v", alias, mlops.Aliases)}}
	}
	if !m.Number.IsNull() && m.Number.ValueInt64() < 1 {
		return []mlops.Problem{{Path: []string{"number"}, Message: "versions count from 1"}}
	}
	return nil
}

func read(ctx context.Context, in *project.Project, id mlops.ID, m *model) error {
	state, err := in.Model(ctx, id.Name)
	if err != nil {
		return err
	}
	number := int64(len(state.Versions))
	switch {
	case !m.Alias.IsNull():
		number = state.Aliases[m.Alias.ValueString()].Version
	case !m.Number.IsNull():
		number = m.Number.ValueInt64()
	}
	version, ok := state.Version(number)
	if !ok {
		return fmt.Errorf("model %q: version %d: %w", id.Name, number, mlops.ErrNotFound)
	}
	fill(m, id, state, version)
	return nil
}

func fill(m *model, id mlops.ID, state mlops.State, version mlops.ModelVersion) {
	m.Number, m.RunID = types.Int64Value(version.Number), types.StringValue(version.RunID)
	m.Registered = types.StringValue(version.Time.Format(time.RFC3339))
	m.ArtifactSHA256, m.ImageDigest = types.StringValue(version.Output.ArtifactSHA256), envelope.StringOrNull(version.Output.ImageDigest)
	m.Image, m.SourceRevision = envelope.StringOrNull(version.Inputs.Image), envelope.StringOrNull(version.Inputs.SourceRevision)
	m.DatasetVersionID = types.StringValue(id.Sibling(mlops.KindDatasetVersion,
		fmt.Sprintf("%s.%d", version.Inputs.Dataset, version.Inputs.DatasetVersion)).String())
	m.Metrics = map[string]types.Float64{}
	for name, value := range version.Metrics {
		m.Metrics[name] = types.Float64Value(value)
	}
	names := []string{}
	for alias, named := range state.Aliases {
		if named.Version == version.Number {
			names = append(names, alias)
		}
	}
	slices.Sort(names)
	m.Aliases = envelope.StringValues(names)
	if approval := version.Approval; approval != nil {
		m.ApprovedBy, m.ApprovalReason = types.StringValue(approval.Actor.Name), envelope.StringOrNull(approval.Reason)
		m.ApprovedAt = types.StringValue(approval.Time.Format(time.RFC3339))
	}
}
