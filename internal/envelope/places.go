package envelope

import (
	"context"
	"sync"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

// Opener opens the project at a place ("file:.mlops").
type Opener func(ctx context.Context, place string) (*project.Project, error)

// Places opens projects for every resource of one provider, and remembers what is planned of them, so that what follows
// from a project is known at plan before the project is there.
type Places struct {
	open, make Opener
	// Endpoint is the stable address of a service of a project that need not be there yet.
	Endpoint func(project mlops.Project, service string) string

	lock    sync.Mutex
	planned map[string]mlops.Project
}

// NewPlaces needs two ways to open: open returns mlops.ErrNotFound where there is nothing yet and makes nothing, makes
// makes the place where it is missing.
func NewPlaces(open, makes Opener, endpoint func(mlops.Project, string) string) *Places {
	return &Places{open: open, make: makes, Endpoint: endpoint, planned: map[string]mlops.Project{}}
}

// PlanProject notes what a project will be.
func (p *Places) PlanProject(place string, spec mlops.Project) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.planned[place] = spec
}

// Planned is what a project will be, if this run of Terraform has planned it.
func (p *Places) Planned(place string) (mlops.Project, bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	spec, ok := p.planned[place]
	return spec, ok
}
