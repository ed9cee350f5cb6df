package azure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
)

// spec is what a project declares of itself, read from its store: where its workloads run stands there.
type spec struct {
	store platform.Store
	now   func() time.Time

	lock   sync.Mutex
	there  bool  // the container has answered
	silent error // it has not, until
	until  time.Time
	last   *mlops.Project
	readAt time.Time
}

// specLives is how long a spec is good for: a controller that runs for months sees a change then.
const specLives = 30 * time.Second

// probe finds the container, once. One that does not answer has taken its time, and is left alone for a while: a thousand
// resources must not wait for it one after another.
func (s *spec) probe(ctx context.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.there {
		return nil
	}
	if s.silent != nil && s.now().Before(s.until) {
		return s.silent
	}
	_, err := s.store.List(ctx, "specs/", "", 1)
	if s.silent = nil; errors.Is(err, context.DeadlineExceeded) {
		s.silent, s.until = err, s.now().Add(specLives)
	}
	s.there = err == nil
	return err
}

// get is the spec of now; mlops.ErrNotFound where nothing is declared.
func (s *spec) get(ctx context.Context) (mlops.Project, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.last != nil && s.now().Sub(s.readAt) < specLives {
		return *s.last, nil
	}
	own, err := project.Open(platform.Platform{Store: s.store}, version.Version).Own(ctx)
	if err != nil {
		return own, err
	}
	if own.Azure == nil {
		return own, fmt.Errorf("project %q: %w: it is declared on one machine, and lives in a container", own.Name, mlops.ErrInvalid)
	}
	s.last, s.readAt = &own, s.now()
	return own, nil
}

// forget makes the next get read.
func (s *spec) forget() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.last = nil
}

// set notes what is about to be declared.
func (s *spec) set(own mlops.Project) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.last, s.readAt = &own, s.now()
}
