// Package model is the mlops_model resource: an entry of the registry with its training, its owner and the gate that every
// version must pass. It must not know runs or versions: those are the controller's.
package model

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// New returns the mlops_model resource.
func New() resource.Resource {
	return envelope.Declare(envelope.Declaration[model, mlops.Model]{
		Name: "model", Kind: mlops.KindModel, Summary: summary, Attributes: attributes(),
		References: references, Identify: identify, Expand: expand, Flatten: flatten, Check: check,
	})
}

func references(m model) []envelope.Reference {
	return []envelope.Reference{{Path: []string{"training_id"}, Kind: mlops.KindTraining, Value: m.TrainingID}}
}

func identify(m model, training mlops.ID) mlops.ID {
	return training.Sibling(mlops.KindModel, m.Name.ValueString())
}

// check finds slices by columns that the training's dataset does not have.
func check(ctx context.Context, in *project.Project, spec mlops.Model) ([]mlops.Problem, error) {
	dataset, err := in.DatasetOfTraining(ctx, spec.Training)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	return spec.ValidateAgainst(dataset), err
}
