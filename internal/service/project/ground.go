package project

import (
	"context"
	"fmt"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/envelope"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// prepare makes what the project's own document needs, and goes no further with a project that a newer provider has applied.
func prepare(ctx context.Context, call *envelope.Call[model], spec mlops.Project) error {
	if call.Project.Ground != nil {
		if err := call.Project.Ground.Prepare(ctx, spec); err != nil {
			return err
		}
	}
	return mayApply(ctx, call.Project, spec.Name)
}

// settle makes what else the project stands on.
func settle(ctx context.Context, call *envelope.Call[model], spec mlops.Project) error {
	if call.Project.Ground == nil {
		return nil
	}
	left, err := call.Project.Ground.Settle(ctx, withURLs(spec, call.Config))
	tell(call, fmt.Sprintf("Project %q needs something of you", call.ID.Name), left)
	return err
}

func settled(ctx context.Context, call *envelope.Call[model], spec mlops.Project) (bool, error) {
	if call.Project.Ground == nil {
		return true, nil
	}
	return call.Project.Ground.Settled(ctx, spec)
}

// clearGround ends the controller, which would make again what goes, and removes what the project stood on.
func clearGround(ctx context.Context, call *envelope.Call[model]) error {
	if call.Project.Ground == nil {
		return nil
	}
	if err := call.Project.Workloads.Delete(ctx, workload.KindService, workload.ControlService, ""); err != nil {
		return err
	}
	left, err := call.Project.Ground.Clear(ctx, expand(*call.Model))
	tell(call, fmt.Sprintf("Not all of project %q is gone", call.ID.Name), left)
	return err
}

func tell(call *envelope.Call[model], summary string, left []string) {
	if len(left) > 0 {
		call.Warn(summary, strings.Join(left, "\n\n"))
	}
}
