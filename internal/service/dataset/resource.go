// Package dataset is the mlops_dataset resource: the columns of a dataset, what its versions must fulfil, and how they are
// split. It must not know how versions are read or checked.
package dataset

import (
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// New returns the mlops_dataset resource.
func New() resource.Resource {
	return envelope.Declare(envelope.Declaration[model, mlops.Dataset]{
		Name: "dataset", Kind: mlops.KindDataset, Summary: summary, Attributes: attributes(),
		References: references, Identify: identify, Expand: expand, Flatten: flatten,
	})
}

func references(m model) []envelope.Reference {
	return []envelope.Reference{{Path: []string{"project_id"}, Kind: mlops.KindProject, Value: m.ProjectID, Owner: true}}
}

func identify(m model, owner mlops.ID) mlops.ID {
	return owner.Sibling(mlops.KindDataset, m.Name.ValueString())
}
