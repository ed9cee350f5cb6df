// Package retrainpolicy is the mlops_retrain_policy resource: what starts a run of a model, what holds it back, and who lets
// a candidate into production. It must not know how the controller obeys.
package retrainpolicy

import (
	"context"
	"errors"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// New returns the mlops_retrain_policy resource.
func New() resource.Resource {
	return envelope.Declare(envelope.Declaration[model, mlops.RetrainPolicy]{
		Name: "retrain_policy", Kind: mlops.KindRetrainPolicy, Summary: summary, Attributes: attributes(),
		References: references, Identify: identify, Expand: expand, Flatten: flatten,
		Check: check,
	})
}

// check finds approvers whom the project cannot tell from anybody else.
func check(ctx context.Context, in *project.Project, spec mlops.RetrainPolicy) ([]mlops.Problem, error) {
	if len(spec.Approval.Approvers) == 0 {
		return nil, nil
	}
	own, err := in.Own(ctx)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nil
	}
	return own.CheckApprovers(spec.Approval.Approvers), err
}

func references(m model) []envelope.Reference {
	all := []envelope.Reference{{Path: []string{"model_id"}, Kind: mlops.KindModel, Value: m.ModelID, Owner: true}}
	if m.Triggers == nil || m.Triggers.Drift == nil {
		return all
	}
	for i, monitor := range m.Triggers.Drift.MonitorIDs {
		all = append(all, envelope.Reference{
			Path: []string{"triggers", "drift", "monitor_ids", strconv.Itoa(i)}, Kind: mlops.KindDriftMonitor, Value: monitor,
		})
	}
	return all
}

func identify(_ model, governed mlops.ID) mlops.ID {
	return governed.Sibling(mlops.KindRetrainPolicy, governed.Name)
}
