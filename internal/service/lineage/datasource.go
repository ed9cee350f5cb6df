// Package lineage is the mlops_lineage data source: what was in production at a time, trained on what, approved by whom. It
// must not decide anything: the model's log has.
package lineage

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// New returns the mlops_lineage data source.
func New() datasource.DataSource {
	return envelope.NewLookup(envelope.Lookup[model]{
		Name: "lineage", Summary: summary, Attributes: attributes(), Validate: validate, Read: read,
		Reference: func(m model) envelope.Reference {
			return envelope.Reference{Path: []string{"model_id"}, Kind: mlops.KindModel, Value: m.ModelID}
		},
	})
}

type model struct {
	envelope.Answer
	ModelID types.String  `tfsdk:"model_id"`
	At      types.String  `tfsdk:"at"`
	Periods []periodModel `tfsdk:"periods"`
}

type periodModel struct {
	Version          types.Int64              `tfsdk:"version"`
	From             types.String             `tfsdk:"from"`
	To               types.String             `tfsdk:"to"`
	RunID            types.String             `tfsdk:"run_id"`
	Cause            types.String             `tfsdk:"cause"`
	Reason           types.String             `tfsdk:"reason"`
	ApprovedBy       types.String             `tfsdk:"approved_by"`
	ApprovedAt       types.String             `tfsdk:"approved_at"`
	ApproverVerified types.Bool               `tfsdk:"approver_verified"`
	DatasetVersionID types.String             `tfsdk:"dataset_version_id"`
	TrainingSHA256   types.String             `tfsdk:"training_sha256"`
	Image            types.String             `tfsdk:"image"`
	ImageDigest      types.String             `tfsdk:"image_digest"`
	SourceRevision   types.String             `tfsdk:"source_revision"`
	Parameters       map[string]types.String  `tfsdk:"parameters"`
	ArtifactSHA256   types.String             `tfsdk:"artifact_sha256"`
	Metrics          map[string]types.Float64 `tfsdk:"metrics"`
}

func validate(m model) []mlops.Problem {
	if m.At.IsNull() {
		return nil
	}
	if _, _, err := lineage.ParseSpan(m.At.ValueString()); err != nil {
		return []mlops.Problem{{Path: []string{"at"}, Message: err.Error()}}
	}
	return nil
}

func read(ctx context.Context, in *project.Project, id mlops.ID, m *model) error {
	history, err := lineage.ReadHistory(ctx, in, id.Name)
	if err != nil {
		return err
	}
	if history.Broken != "" { // an answer that may lack its end is none
		return fmt.Errorf("the log of model %q cannot be read on: %s: see mlops audit verify", id.Name, history.Broken)
	}
	if !m.At.IsNull() {
		from, to, err := lineage.ParseSpan(m.At.ValueString())
		if err != nil {
			return err
		}
		history = history.Between(from, to)
	}
	if len(history.Stints) == 0 {
		return fmt.Errorf("model %q in production: %w", id.Name, mlops.ErrNotFound)
	}
	for _, stint := range history.Stints {
		m.Periods = append(m.Periods, period(id, stint))
	}
	return nil
}

func period(of mlops.ID, stint lineage.Stint) periodModel {
	trained := stint.Trained
	p := periodModel{
		Version: types.Int64Value(stint.Version), From: types.StringValue(stint.From.Format(time.RFC3339)), RunID: types.StringValue(stint.RunID),
		Cause: envelope.StringOrNull(string(stint.Cause.Kind)), Reason: envelope.StringOrNull(stint.Reason),
		DatasetVersionID: types.StringValue(of.Sibling(mlops.KindDatasetVersion, fmt.Sprintf("%s.%d", trained.Dataset, trained.DatasetVersion)).String()),
		TrainingSHA256:   types.StringValue(trained.TrainingSHA256), Image: envelope.StringOrNull(trained.Image),
		ImageDigest: envelope.StringOrNull(trained.ImageDigest), SourceRevision: envelope.StringOrNull(trained.SourceRevision),
		Parameters: map[string]types.String{}, ArtifactSHA256: types.StringValue(trained.ArtifactSHA256), Metrics: map[string]types.Float64{},
	}
	if stint.To != nil {
		p.To = types.StringValue(stint.To.Format(time.RFC3339))
	}
	if approved := stint.Approved; approved != nil && approved.Actor != mlops.Controller {
		p.ApprovedBy, p.ApprovedAt = types.StringValue(approved.Actor.Name), types.StringValue(approved.Time.Format(time.RFC3339))
		p.ApproverVerified = types.BoolValue(approved.Actor.Verified)
	}
	for name, value := range trained.Parameters {
		p.Parameters[name] = types.StringValue(value)
	}
	for name, value := range trained.Metrics {
		p.Metrics[name] = types.Float64Value(value)
	}
	return p
}
