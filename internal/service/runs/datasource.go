// Package runs is the mlops_runs data source: the runs of a model that are open, and the last that are over. It must not
// decide anything: the model's log has.
package runs

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// New returns the mlops_runs data source.
func New() datasource.DataSource {
	return envelope.NewLookup(envelope.Lookup[model]{
		Name:    "runs",
		Summary: fmt.Sprintf("The runs of a model: those that are open, and the last %d that are over.", mlops.RunsKept),
		Attributes: map[string]schema.Attribute{
			"model_id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the model."},
			"frozen":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether somebody has frozen the model: nothing starts and nothing is promoted."},
			"runs": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The runs, oldest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: run()},
			},
		},
		Read: read,
		Reference: func(m model) envelope.Reference {
			return envelope.Reference{Path: []string{"model_id"}, Kind: mlops.KindModel, Value: m.ModelID}
		},
	})
}

type model struct {
	envelope.Answer
	ModelID types.String `tfsdk:"model_id"`
	Frozen  types.Bool   `tfsdk:"frozen"`
	Runs    []runModel   `tfsdk:"runs"`
}

type runModel struct {
	ID        types.String             `tfsdk:"id"`
	State     types.String             `tfsdk:"state"`
	Cause     types.String             `tfsdk:"cause"`
	CauseText types.String             `tfsdk:"cause_text"`
	Attempt   types.Int64              `tfsdk:"attempt"`
	Version   types.Int64              `tfsdk:"version"`
	Created   types.String             `tfsdk:"created"`
	Updated   types.String             `tfsdk:"updated"`
	Reason    types.String             `tfsdk:"reason"`
	Metrics   map[string]types.Float64 `tfsdk:"metrics"`
}

func run() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"id":         text("Id of the run."),
		"state":      text("Where it is: the name of the event that brought it there, such as `training`, `awaiting_approval` or `promoted`."),
		"cause":      text("What started it: `drift`, `dataset_version`, `code`, `schedule`, `request`, `bootstrap` or `rollback`."),
		"cause_text": text("The cause in words."),
		"attempt":    schema.Int64Attribute{Computed: true, MarkdownDescription: "Which attempt it is at."},
		"version":    schema.Int64Attribute{Computed: true, MarkdownDescription: "The version that it registered, or goes back to; null where there is none."},
		"created":    text("When it was requested, as RFC 3339."),
		"updated":    text("When it came to its state."),
		"reason":     text("Why it is where it is, where somebody said so."),
		"metrics":    schema.MapAttribute{Computed: true, ElementType: types.Float64Type, MarkdownDescription: "The candidate's metrics, once it is judged."},
	}
}

func read(ctx context.Context, in *project.Project, id mlops.ID, m *model) error {
	state, err := in.Model(ctx, id.Name)
	if err != nil {
		return err
	}
	if state.Sequence == 0 {
		return fmt.Errorf("model %q: %w: nothing has happened yet", id.Name, mlops.ErrNotFound)
	}
	m.Frozen, m.Runs = types.BoolValue(state.Frozen != nil), []runModel{}
	for _, run := range state.Runs {
		flat := runModel{
			ID: types.StringValue(run.ID), State: types.StringValue(string(run.State)), Cause: types.StringValue(string(run.Cause().Kind)),
			CauseText: envelope.StringOrNull(run.Cause().Text), Attempt: types.Int64Value(run.Attempt),
			Created: types.StringValue(run.Created.Format(time.RFC3339)), Updated: types.StringValue(run.Updated.Format(time.RFC3339)),
			Reason: envelope.StringOrNull(run.Reason),
		}
		if run.Version > 0 {
			flat.Version = types.Int64Value(run.Version)
		}
		if run.Judgement != nil {
			flat.Metrics = map[string]types.Float64{}
			for name, metric := range run.Judgement.Metrics {
				flat.Metrics[name] = types.Float64Value(metric.Candidate)
			}
		}
		m.Runs = append(m.Runs, flat)
	}
	return nil
}
