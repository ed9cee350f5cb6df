// Package datasetversion is the mlops_dataset_version resource: one immutable version of a dataset, known by its content's
// SHA-256. Another content publishes the next number in place. It must not know how a version is read, checked or split:
// that is internal/dataset's.
package datasetversion

import (
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const summary = "One immutable version of a dataset, from a file or a folder of CSV, JSON lines or Parquet. It is known by its content: the fingerprint is taken at plan and " +
	"checked again at apply, and another content publishes the next number in place. What does not hold what the dataset declares is refused, and leaves nothing behind. " +
	"A destroy keeps the version from new runs; what models were made from it stays."

// New returns the mlops_dataset_version resource.
func New() resource.Resource {
	return envelope.New(envelope.Definition[model]{
		Name: "dataset_version", Kind: mlops.KindDatasetVersion, Summary: summary, Attributes: attributes(),
		References: references, Identify: func(model, mlops.ID) mlops.ID { return mlops.ID{} },
		Validate: validate, Plan: plan, Create: create, Read: read, Update: update, Delete: retire,
	})
}

type model struct {
	envelope.Base
	DatasetID    types.String `tfsdk:"dataset_id"`
	Source       types.String `tfsdk:"source"`
	Number       types.Int64  `tfsdk:"number"`
	SHA256       types.String `tfsdk:"sha256"`
	Rows         types.Int64  `tfsdk:"rows"`
	TrainingRows types.Int64  `tfsdk:"training_rows"`
	HoldoutRows  types.Int64  `tfsdk:"holdout_rows"`
}

func references(m model) []envelope.Reference {
	return []envelope.Reference{{Path: []string{"dataset_id"}, Kind: mlops.KindDataset, Value: m.DatasetID, Owner: true}}
}

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"dataset_id": envelope.RequiredReference(mlops.KindDataset, "The dataset. Another one is another version: a change replaces."),
		"source": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "The file, or the folder whose files are joined, relative to where Terraform runs unless absolute. " +
				"Up to 64 MiB are checked against the dataset at plan already. Data in a storage account is published where it is, by `mlops dataset publish`.",
		},
		"number":        number("Its number: versions of a dataset count from 1."),
		"sha256":        schema.StringAttribute{Computed: true, MarkdownDescription: "SHA-256 of the source: of a file's bytes, or of the names and hashes of a folder's files."},
		"rows":          number("How many rows it has."),
		"training_rows": number("How many of them are for training."),
		"holdout_rows":  number("How many are kept from training, to judge candidate and champion."),
	}
}

func number(description string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Computed: true, MarkdownDescription: description, PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
	}
}
