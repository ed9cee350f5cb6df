// Package deployment is the mlops_deployment resource: a model served by alias or pinned version. What serves is rendered
// from the wanted version here and by the controller alike; state holds only what Terraform decides. It must not know how a
// version came to be.
package deployment

import (
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// New returns the mlops_deployment resource.
func New() resource.Resource {
	return envelope.Declare(envelope.Declaration[model, mlops.Deployment]{
		Name: "deployment", Kind: mlops.KindDeployment, Summary: summary, Attributes: attributes(),
		References: references, Identify: identify, Expand: expand, Flatten: flatten, Check: check,
		Alerts: func(spec mlops.Deployment) bool { return spec.Health != nil },
		Workload: &envelope.Workload[mlops.Deployment]{
			Kind: workload.KindService, Name: func(name string) string { return name }, Render: render, MayBeAbsent: mayBeAbsent,
		},
		Cluster: func(m model) string { return m.Cluster.ValueString() },
		Plan:    planEndpoint, Computed: endpoint, Wait: serves,
	})
}

func references(m model) []envelope.Reference {
	return []envelope.Reference{{Path: []string{"model_id"}, Kind: mlops.KindModel, Value: m.ModelID, Owner: true}}
}

func identify(m model, served mlops.ID) mlops.ID {
	return served.Sibling(mlops.KindDeployment, m.Name.ValueString())
}
