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
	Endpoint func(project mlops.Project, deployment mlops.Deployment) string

	lock    sync.Mutex
	planned map[string]PlannedProject
	specs   map[string]mlops.Spec // by key of the id; nil where part of one is known after apply only
	claimed map[string]claim
}

// claim is what one walk over the configuration wants of an id.
type claim struct{ lives, goes bool }

// NewPlaces needs two ways to open: open returns mlops.ErrNotFound where there is nothing yet and makes nothing, makes
// makes the place where it is missing.
func NewPlaces(open, makes Opener, endpoint func(mlops.Project, mlops.Deployment) string) *Places {
	return &Places{open: open, make: makes, Endpoint: endpoint, planned: map[string]PlannedProject{}, specs: map[string]mlops.Spec{}, claimed: map[string]claim{}}
}

// Begin forgets which ids were claimed: Terraform configures a provider before each walk over the configuration.
func (p *Places) Begin() {
	p.lock.Lock()
	defer p.lock.Unlock()
	clear(p.claimed)
}

// Claim notes that a resource of the configuration is to be the object of an id. Another resource must be neither that
// object too, nor about to destroy it: Terraform would do both in any order.
func (p *Places) Claim(id string) (twice, goes bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	before := p.claimed[id]
	p.claimed[id] = claim{lives: true, goes: before.goes}
	return before.lives, before.goes
}

// Leave notes that the object of an id is to be destroyed, and says whether another resource is to be it.
func (p *Places) Leave(id string) (lives bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	before := p.claimed[id]
	p.claimed[id] = claim{lives: before.lives, goes: true}
	return before.lives
}

// PlanSpec notes what a declared object will be, or that part of it is known after apply only.
func (p *Places) PlanSpec(id mlops.ID, spec mlops.Spec, undecided bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.specs[id.Key()] = spec; undecided {
		p.specs[id.Key()] = nil
	}
}

// PlannedSpec is what a declared object will be, if this run of Terraform has planned it.
func (p *Places) PlannedSpec(id mlops.ID) (spec mlops.Spec, planned bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	spec, planned = p.specs[id.Key()]
	return spec, planned
}

// ahead is a project as it will be after this run: what is planned stands before what lives. in is nil where nothing lives.
func (p *Places) ahead(in *project.Project, place string) *project.Project {
	return project.Ahead(in, func(kind mlops.Kind, name string) (mlops.Spec, bool) {
		if kind == mlops.KindProject && name == "" {
			return p.plannedProject(place)
		}
		return p.PlannedSpec(mlops.ID{Place: place, Kind: kind, Name: name})
	})
}

// PlannedProject is a project as a plan will make it.
type PlannedProject struct {
	mlops.Project
	// Unknown says whether the attribute at a path, or something in it, is known only after apply; it is zero then.
	Unknown func(path ...string) bool
	// Before is what state says of it, nil where it is to be made.
	Before *mlops.Project
}

// plannedProject is what the project at a place will be, if this run has planned it; nil where its clusters are not known.
func (p *Places) plannedProject(place string) (mlops.Spec, bool) {
	spec, planned := p.Planned(place)
	if planned && spec.Unknown("azure") && len(spec.Azure.Clusters) == 0 {
		return nil, true
	}
	return spec.Project, planned
}

// PlanProject notes what a project will be.
func (p *Places) PlanProject(place string, planned PlannedProject) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.planned[mlops.PlaceKey(place)] = planned
}

// Planned is what a project will be, if this run of Terraform has planned it.
func (p *Places) Planned(place string) (PlannedProject, bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	spec, ok := p.planned[mlops.PlaceKey(place)]
	return spec, ok
}

// Decided says whether the names of what stands in a cluster ("" for the default) are known at plan.
func (p PlannedProject) Decided(cluster string) bool {
	if p.Azure == nil {
		return true
	}
	for _, path := range [][]string{{"name_prefix"}, {"default_cluster"}, {"clusters", p.Azure.ClusterOf(cluster), "namespace"}} {
		if p.Unknown(append([]string{"azure"}, path...)...) {
			return false
		}
	}
	return true
}

// Moves says whether what stood in one cluster ("" for the default) stands elsewhere after this run, in the same or another.
func (p PlannedProject) Moves(before, after string) bool {
	if p.Before == nil || p.Before.Azure == nil || p.Azure == nil {
		return false
	}
	return p.Unknown("azure", "clusters", p.Azure.ClusterOf(after)) || !p.Decided(after) || !p.Before.Azure.SameStand(before, *p.Azure, after)
}
