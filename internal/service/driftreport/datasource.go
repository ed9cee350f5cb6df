// Package driftreport is the mlops_drift_report data source: what a drift monitor has said of the latest window. It must not
// judge anything: the report has.
package driftreport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

const summary = "What a drift monitor has said of the latest window, and the episodes that are open."

// New returns the mlops_drift_report data source.
func New() datasource.DataSource {
	return envelope.NewLookup(envelope.Lookup[model]{
		Name: "drift_report", Summary: summary, Attributes: attributes(), Read: read,
		Reference: func(m model) envelope.Reference {
			return envelope.Reference{Path: []string{"monitor_id"}, Kind: mlops.KindDriftMonitor, Value: m.MonitorID}
		},
	})
}

type model struct {
	envelope.Answer
	MonitorID    types.String   `tfsdk:"monitor_id"`
	Verdict      types.String   `tfsdk:"verdict"`
	Summary      types.String   `tfsdk:"summary"`
	WindowStart  types.String   `tfsdk:"window_start"`
	WindowEnd    types.String   `tfsdk:"window_end"`
	Rows         types.Int64    `tfsdk:"rows"`
	ModelVersion types.Int64    `tfsdk:"model_version"`
	ReportKey    types.String   `tfsdk:"report_key"`
	Features     []featureModel `tfsdk:"features"`
	OpenEpisodes []episodeModel `tfsdk:"open_episodes"`
}

type featureModel struct {
	Name      types.String  `tfsdk:"name"`
	Drifted   types.Bool    `tfsdk:"drifted"`
	Effect    types.Float64 `tfsdk:"effect"`
	Threshold types.Float64 `tfsdk:"threshold"`
	PValue    types.Float64 `tfsdk:"p_value"`
	Message   types.String  `tfsdk:"message"`
}

type episodeModel struct {
	ID       types.String `tfsdk:"id"`
	Verdict  types.String `tfsdk:"verdict"`
	Opened   types.String `tfsdk:"opened"`
	Summary  types.String `tfsdk:"summary"`
	Accepted types.Bool   `tfsdk:"accepted"`
}

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"monitor_id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the drift monitor."},
		"verdict": text("What the window says: " + envelope.OneOf([]mlops.Verdict{
			mlops.VerdictStable, mlops.VerdictInsufficient, mlops.VerdictDataQuality, mlops.VerdictSeasonal, mlops.VerdictCovariate,
			mlops.VerdictPrediction, mlops.VerdictLabel, mlops.VerdictPerformance,
		}) + "."),
		"summary":       text("One sentence that says why."),
		"window_start":  text("Start of the window over event time, as RFC 3339."),
		"window_end":    text("Its end."),
		"rows":          schema.Int64Attribute{Computed: true, MarkdownDescription: "How many rows were judged."},
		"model_version": schema.Int64Attribute{Computed: true, MarkdownDescription: "The version that served."},
		"report_key":    text("Where the report stands in the project's store; the same with `.html` is for people. On one machine it is a path below the project's folder."),
		"features": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The features of the window; null where the report itself was removed.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"name":      text("The column."),
				"drifted":   schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it drifted."},
				"effect":    schema.Float64Attribute{Computed: true, MarkdownDescription: "Effect size, of the method that decides."},
				"threshold": schema.Float64Attribute{Computed: true, MarkdownDescription: "Effect size from which it counts."},
				"p_value":   schema.Float64Attribute{Computed: true, MarkdownDescription: "Significance, corrected for the number of features."},
				"message":   text("What was seen, in words."),
			}},
		},
		"open_episodes": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "Episodes that are open, oldest first.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"id":       text("Id of the episode."),
				"verdict":  text("What its windows agree on."),
				"opened":   text("End of the window that opened it, as RFC 3339."),
				"summary":  text("One sentence that says why."),
				"accepted": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a person has overruled it."},
			}},
		},
	}
}

func text(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func read(ctx context.Context, in *project.Project, id mlops.ID, m *model) error {
	state, err := in.Monitor(ctx, id.Name)
	if err != nil {
		return err
	}
	if len(state.Windows) == 0 {
		return fmt.Errorf("drift monitor %q: %w: no window is judged yet", id.Name, mlops.ErrNotFound)
	}
	latest := state.Windows[0]
	for _, window := range state.Windows {
		if !window.End.Before(latest.End) { // of two judgements of one window the later one counts
			latest = window
		}
	}
	m.Verdict, m.Summary, m.ReportKey = types.StringValue(string(latest.Verdict)), types.StringValue(latest.Summary), types.StringValue(latest.Report)
	m.WindowStart, m.WindowEnd = types.StringValue(latest.Start.Format(time.RFC3339)), types.StringValue(latest.End.Format(time.RFC3339))
	m.Rows, m.ModelVersion = types.Int64Value(latest.Rows), types.Int64Value(latest.ModelVersion)
	m.OpenEpisodes = []episodeModel{}
	for _, episode := range state.Open() {
		m.OpenEpisodes = append(m.OpenEpisodes, episodeModel{
			ID: types.StringValue(episode.ID), Verdict: types.StringValue(string(episode.Verdict)),
			Opened: types.StringValue(episode.Opened.Format(time.RFC3339)), Summary: types.StringValue(episode.Summary), Accepted: types.BoolValue(episode.Accepted),
		})
	}
	m.Features, err = features(ctx, in, latest.Report)
	return err
}

// features reads the report; nil where retention has removed it.
func features(ctx context.Context, in *project.Project, key string) ([]featureModel, error) {
	if !strings.HasSuffix(key, ".json") {
		return nil, nil
	}
	data, err := in.Store.Read(ctx, key)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var report mlops.DriftReport
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", key, mlops.ErrInvalid, err)
	}
	features := []featureModel{}
	for _, feature := range report.Features {
		features = append(features, featureModel{
			Name: types.StringValue(feature.Name), Drifted: types.BoolValue(feature.Drifted), Effect: types.Float64Value(feature.Effect),
			Threshold: types.Float64Value(feature.Threshold), PValue: types.Float64PointerValue(feature.PValue), Message: envelope.StringOrNull(feature.Message),
		})
	}
	return features, nil
}
