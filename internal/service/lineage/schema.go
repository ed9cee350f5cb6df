package lineage

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const summary = "What was in production when, trained on what, approved by whom: every period in which a version was the champion of a model, read from its log. " +
	"`at` asks for one day or one moment."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"model_id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the model."},
		"at": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Only what was in production on that day (`2026-05-03`) or at that moment (`2026-05-03T14:30:00Z`), in UTC. Left out, all of the past is told.",
		},
		"periods": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The periods, oldest first.",
			NestedObject: schema.NestedAttributeObject{Attributes: periodAttributes()},
		},
	}
}

func periodAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"version":            schema.Int64Attribute{Computed: true, MarkdownDescription: "The version that was the champion."},
		"from":               text("Since when, as RFC 3339."),
		"to":                 text("Until when, as RFC 3339; null while it lasts."),
		"run_id":             text("The run that brought it into production: the one that made it, or a rollback."),
		"cause":              text("What caused that run: `drift`, `dataset_version`, `code`, `schedule`, `request`, `bootstrap` or `rollback`."),
		"reason":             text("What the person who asked for it said."),
		"approved_by":        text("Who let it in; null where nobody had to."),
		"approved_at":        text("When, as RFC 3339."),
		"approver_verified":  schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the platform has verified who that was; on one machine nobody is."},
		"dataset_version_id": text("The dataset version that it learned from."),
		"training_sha256":    text("SHA-256 of the training split that it learned from."),
		"image":              text("The image whose code trained it, and served it."),
		"image_digest":       text("Digest of that image; on one machine the SHA-256 of the program."),
		"source_revision":    text("Revision of the source of that image."),
		"parameters":         schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The parameters that it was trained with."},
		"artifact_sha256":    text("Digest of its artifact."),
		"metrics":            schema.MapAttribute{Computed: true, ElementType: types.Float64Type, MarkdownDescription: "Its metrics on the holdout."},
	}
}
