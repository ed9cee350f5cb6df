package lineage

import (
	"context"
	"errors"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Card is a model card: all that a person needs to understand a run and to decide about it.
type Card struct {
	Model string    `json:"model"`
	Owner string    `json:"owner,omitempty"`
	Run   mlops.Run `json:"run"`
	// Gate is what the model asks of a version now, by metric and by column of its slices.
	Gate mlops.Validation `json:"gate"`
	// Data is the dataset version that it learned from, Holdout the one that it was judged on; nil where there is none (yet).
	Data     *mlops.DatasetManifest `json:"data"`
	Holdout  *mlops.DatasetManifest `json:"holdout"`
	Timeline []Moment               `json:"timeline"`
	Decision *Decision              `json:"decision"` // nil unless it waits for a person
	Broken   string                 `json:"broken,omitempty"`
}

// Moment is one event of a run, for people.
type Moment struct {
	Sequence int64           `json:"sequence"`
	Time     time.Time       `json:"time"`
	Type     mlops.EventType `json:"type"`
	Actor    mlops.Actor     `json:"actor"`
	Text     string          `json:"text,omitempty"`
}

// Decision is what an approver is asked.
type Decision struct {
	Version     int64     `json:"version"`
	Replaces    int64     `json:"replaces"` // the champion now, 0 where there is none
	Until       time.Time `json:"until,omitzero"`
	Digest      string    `json:"digest"` // of the artifact that an approval is about
	FourEyes    bool      `json:"four_eyes"`
	Approvers   []string  `json:"approvers,omitempty"`
	Deployments []string  `json:"deployments"` // that would serve it
}

// ReadCard tells the story of one run, found by FindRun.
func ReadCard(ctx context.Context, in *project.Project, found Found) (Card, error) {
	s, err := readStory(ctx, in, found.Model)
	if err != nil {
		return Card{}, err
	}
	card := Card{Model: found.Model, Run: found.Run, Broken: s.broken, Timeline: []Moment{}}
	if run, ok := s.runs[found.Run.ID]; ok {
		card.Run = run
	}
	for _, event := range s.eventsOf(card.Run.ID) {
		card.Timeline = append(card.Timeline, moment(event))
	}
	var model mlops.Model
	if _, err := in.Spec(ctx, mlops.KindModel, found.Model, &model); err == nil {
		card.Owner, card.Gate = model.Owner, model.Validation
	} else if !errors.Is(err, mlops.ErrNotFound) {
		return card, err
	}
	if inputs := card.Run.Inputs; inputs != nil {
		card.Data = readManifest(ctx, in, inputs.Dataset, inputs.DatasetVersion)
	}
	if judged := card.Run.Judgement; judged != nil {
		card.Holdout = readManifest(ctx, in, judged.HoldoutDataset, judged.HoldoutVersion)
	}
	if card.Run.State == mlops.RunAwaitingApproval {
		card.Decision, err = decision(ctx, in, s.state, card.Run)
	}
	return card, err
}

// readManifest is nil where the manifest cannot be read: a card is shown without it.
func readManifest(ctx context.Context, in *project.Project, name string, number int64) *mlops.DatasetManifest {
	manifest, err := dataset.Read(ctx, in.Store, name, number)
	if err != nil {
		return nil
	}
	return &manifest
}

func decision(ctx context.Context, in *project.Project, state mlops.State, run mlops.Run) (*Decision, error) {
	asked := &Decision{Version: run.Version, Replaces: state.Aliases[mlops.AliasChampion].Version, Until: run.Deadline, Deployments: []string{}}
	if run.Output != nil {
		asked.Digest = run.Output.ArtifactSHA256
	}
	var policy mlops.RetrainPolicy
	switch _, err := in.Spec(ctx, mlops.KindRetrainPolicy, state.Model, &policy); {
	case err == nil:
		asked.FourEyes, asked.Approvers = policy.Approval.FourEyes, policy.Approval.Approvers
	case !errors.Is(err, mlops.ErrNotFound):
		return asked, err
	}
	deployments, err := in.Specs(ctx, mlops.KindDeployment)
	if err != nil && !errors.Is(err, mlops.ErrInvalid) {
		return asked, err
	}
	for _, declared := range deployments {
		deployment, ok := declared.Spec.(*mlops.Deployment)
		if ok && deployment.Model == state.Model && deployment.Version == nil && deployment.Alias == mlops.AliasChampion {
			asked.Deployments = append(asked.Deployments, deployment.Name)
		}
	}
	return asked, nil
}
