// Package training is the mlops_training resource: the code of a model, versioned and reusable. It must not know what runs
// are made of it.
package training

import (
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// New returns the mlops_training resource.
func New() resource.Resource {
	return envelope.Declare(envelope.Declaration[model, mlops.Training]{
		Name: "training", Kind: mlops.KindTraining, Summary: summary, Attributes: attributes(),
		References: references, Identify: identify, Expand: expand, Flatten: flatten, Validate: validate,
	})
}

func references(m model) []envelope.Reference {
	return []envelope.Reference{{Path: []string{"dataset_id"}, Kind: mlops.KindDataset, Value: m.DatasetID}}
}

func identify(m model, dataset mlops.ID) mlops.ID {
	return dataset.Sibling(mlops.KindTraining, m.Name.ValueString())
}

// validate refuses an engine that nobody has where the project is.
func validate(m model) []mlops.Problem {
	dataset, err := mlops.ParseID(m.DatasetID.ValueString())
	if err != nil || mlops.OnAzure(dataset.Place) || m.Engine.ValueString() != string(mlops.EngineAzureMLJob) {
		return nil
	}
	return []mlops.Problem{{Path: []string{"engine"}, Message: "a project on one machine trains there: leave engine out, or put the project on Azure"}}
}
