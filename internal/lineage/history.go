package lineage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// History is who was champion of a model when.
type History struct {
	Model  string  `json:"model"`
	Stints []Stint `json:"stints"` // oldest first
	// Tried are promotions that went back before the alias moved.
	Tried []Tried `json:"tried,omitempty"`
	// Broken says where the log can no longer be trusted, with what stands before it told above.
	Broken string `json:"broken,omitempty"`
}

// Stint is one time of a version in production.
type Stint struct {
	Version int64      `json:"version"`
	From    time.Time  `json:"from"`
	To      *time.Time `json:"to"` // nil while it lasts
	RunID   string     `json:"run_id"`
	// Why it came: the run's first cause, and what the person who wanted it said.
	Cause  mlops.Cause `json:"cause"`
	Reason string      `json:"reason,omitempty"`
	// Approved is nil where the policy let the version in without a person; By is then who promoted it.
	Approved *mlops.Decision `json:"approved"`
	By       mlops.Actor     `json:"by"`
	Trained  Trained         `json:"trained"`
	Sequence int64           `json:"sequence"` // of the event that moved the alias
}

// Tried is a promotion that did not hold.
type Tried struct {
	Version int64     `json:"version"`
	Time    time.Time `json:"time"`
	RunID   string    `json:"run_id"`
	Reason  string    `json:"reason,omitempty"`
}

// Trained is what a version was made from and with.
type Trained struct {
	RunID          string             `json:"run_id"`
	Time           time.Time          `json:"time"`
	Dataset        string             `json:"dataset"`
	DatasetVersion int64              `json:"dataset_version"`
	TrainingSHA256 string             `json:"training_sha256"`
	Image          string             `json:"image"`
	ImageDigest    string             `json:"image_digest,omitempty"`
	SourceRevision string             `json:"source_revision"`
	Revision       string             `json:"revision"`
	Parameters     map[string]string  `json:"parameters,omitempty"`
	ArtifactSHA256 string             `json:"artifact_sha256"`
	Metrics        map[string]float64 `json:"metrics,omitempty"`
}

func trainedOf(version mlops.ModelVersion) Trained {
	return Trained{
		RunID: version.RunID, Time: version.Time, Dataset: version.Inputs.Dataset, DatasetVersion: version.Inputs.DatasetVersion,
		TrainingSHA256: version.Inputs.TrainingSHA256, Image: version.Inputs.Image, ImageDigest: version.Output.ImageDigest,
		SourceRevision: version.Inputs.SourceRevision, Revision: version.Inputs.Revision, Parameters: version.Inputs.Parameters,
		ArtifactSHA256: version.Output.ArtifactSHA256, Metrics: version.Metrics,
	}
}

// ReadHistory reads a model's whole log; mlops.ErrNotFound where there is no such model.
func ReadHistory(ctx context.Context, in *project.Project, model string) (History, error) {
	if err := RequireModel(ctx, in, model); err != nil {
		return History{}, err
	}
	s, err := readStory(ctx, in, model)
	if err != nil {
		return History{}, err
	}
	return s.history(model), nil
}

func (s story) history(model string) History {
	history := History{Model: model, Stints: []Stint{}, Broken: s.broken}
	end := func(t time.Time) {
		if last := len(history.Stints) - 1; last >= 0 && history.Stints[last].To == nil {
			history.Stints[last].To = &t
		}
	}
	for _, event := range s.events {
		switch {
		case event.Type == mlops.ModelDeleted || event.Type == mlops.ModelCreated:
			end(event.Time)
		case event.Type == mlops.RunPromoted && event.Alias == mlops.AliasChampion:
			end(event.Time)
			history.Stints = append(history.Stints, s.stint(event))
		case event.Type == mlops.RunRolledBack:
			history.Tried = append(history.Tried, Tried{Version: event.Version, Time: event.Time, RunID: event.RunID, Reason: event.Reason})
		}
	}
	return history
}

func (s story) stint(event mlops.Event) Stint {
	run := s.runs[event.RunID]
	stint := Stint{
		Version: event.Version, From: event.Time, RunID: event.RunID, Cause: run.Cause(), Approved: run.Approval, By: event.Actor,
		Reason: event.Reason, Sequence: event.Sequence,
	}
	for _, earlier := range s.eventsOf(event.RunID) {
		if earlier.Type == mlops.RunRequested {
			stint.By = earlier.Actor
			if earlier.Reason != "" {
				stint.Reason = earlier.Reason
			}
		}
	}
	if version, ok := s.state.Version(event.Version); ok {
		stint.Trained = trainedOf(version)
	}
	return stint
}

// Between keeps the stints that lasted at any moment of a span, its end left out, and what was tried in it.
func (h History) Between(from, to time.Time) History {
	h.Stints = slices.DeleteFunc(slices.Clone(h.Stints), func(stint Stint) bool {
		return !stint.From.Before(to) || stint.To != nil && !stint.To.After(from)
	})
	h.Tried = slices.DeleteFunc(slices.Clone(h.Tried), func(tried Tried) bool {
		return tried.Time.Before(from) || !tried.Time.Before(to)
	})
	return h
}

// ParseSpan reads a day in UTC or a moment as a span, its end left out.
func ParseSpan(text string) (from, to time.Time, err error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, day.AddDate(0, 0, 1), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if moment, err := time.Parse(layout, text); err == nil {
			return moment, moment.Add(time.Nanosecond), nil
		}
	}
	return from, to, fmt.Errorf("%q: %w: write a day such as 2026-05-03, or a moment such as 2026-05-03T14:30:00Z", text, mlops.ErrInvalid)
}
