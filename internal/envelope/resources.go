package envelope

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Resources is the attribute of what a container may use.
func Resources(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: description + " Left out, the platform decides; one machine sets no limits.",
		Attributes: map[string]schema.Attribute{
			"cpu":    schema.StringAttribute{Optional: true, MarkdownDescription: "In the notation of Kubernetes: `500m`, `2`."},
			"memory": schema.StringAttribute{Optional: true, MarkdownDescription: "In the notation of Kubernetes: `512Mi`, `4Gi`."},
		},
	}
}

// ResourcesModel is its value.
type ResourcesModel struct {
	CPU    types.String `tfsdk:"cpu"`
	Memory types.String `tfsdk:"memory"`
}

// ExpandResources says it in domain terms.
func ExpandResources(m *ResourcesModel) mlops.Resources {
	if m == nil {
		return mlops.Resources{}
	}
	return mlops.Resources{CPU: m.CPU.ValueString(), Memory: m.Memory.ValueString()}
}

// FlattenResources undoes it; nothing is null.
func FlattenResources(resources mlops.Resources) *ResourcesModel {
	if resources == (mlops.Resources{}) {
		return nil
	}
	return &ResourcesModel{CPU: StringOrNull(resources.CPU), Memory: StringOrNull(resources.Memory)}
}
