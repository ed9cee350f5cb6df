package project

import (
	"cmp"
	"context"
	"fmt"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// Own is what is declared of the project itself, as planned where it is planned; mlops.ErrNotFound where nothing is. Ahead's
// planned answers it for the kind of projects and no name.
func (p *Project) Own(ctx context.Context) (mlops.Project, error) {
	if p.planned != nil {
		if spec, planned := p.planned(mlops.KindProject, ""); planned {
			if own, ok := spec.(mlops.Project); ok {
				return own, nil
			}
			return mlops.Project{}, fmt.Errorf("project: %w: it is not known before apply", mlops.ErrNotFound)
		}
	}
	projects, err := p.Specs(ctx, mlops.KindProject)
	if len(projects) == 0 {
		return mlops.Project{}, fmt.Errorf("project at %s: %w", p.Place, cmp.Or(err, mlops.ErrNotFound))
	}
	own, ok := projects[0].Spec.(*mlops.Project)
	if !ok {
		return mlops.Project{}, fmt.Errorf("project at %s: %w: its spec is a %T", p.Place, mlops.ErrInvalid, projects[0].Spec)
	}
	return *own, nil
}
