package project

import (
	"context"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// DatasetOfTraining is the dataset that a training learns from; mlops.ErrNotFound where either is not declared.
func (p *Project) DatasetOfTraining(ctx context.Context, training string) (mlops.Dataset, error) {
	var declared mlops.Training
	if _, err := p.Spec(ctx, mlops.KindTraining, training, &declared); err != nil {
		return mlops.Dataset{}, err
	}
	var dataset mlops.Dataset
	_, err := p.Spec(ctx, mlops.KindDataset, declared.Dataset, &dataset)
	return dataset, err
}

// DatasetOfDeployment is the dataset that the model of a deployment learns from; mlops.ErrNotFound where anything on the
// way is not declared.
func (p *Project) DatasetOfDeployment(ctx context.Context, deployment string) (mlops.Dataset, error) {
	var declared mlops.Deployment
	if _, err := p.Spec(ctx, mlops.KindDeployment, deployment, &declared); err != nil {
		return mlops.Dataset{}, err
	}
	var model mlops.Model
	if _, err := p.Spec(ctx, mlops.KindModel, declared.Model, &model); err != nil {
		return mlops.Dataset{}, err
	}
	return p.DatasetOfTraining(ctx, model.Training)
}
