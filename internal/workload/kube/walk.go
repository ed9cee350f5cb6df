package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// seenFor is how long a listing answers for what nobody of this walk has written: who waits for a change must see it.
const seenFor = 2 * time.Second

// Walk is a client for one walk over a configuration: it answers Get from one listing of the whole kind, so that a
// thousand resources cost a few calls. What the walk itself has written is asked for anew, and a listing grows old soon.
// Another walk is another Walk.
type Walk struct {
	*Client

	lock     sync.Mutex
	listings map[workload.Kind]*seen
	written  map[string]bool
}

// seen is a listing on its way or there.
type seen struct {
	ready chan struct{}
	until time.Time // it answers for so long
	found map[string]workload.Live
	err   error
}

// NewWalk returns a client for one walk.
func (c *Client) NewWalk() *Walk {
	return &Walk{Client: c, listings: map[workload.Kind]*seen{}, written: map[string]bool{}}
}

// Get implements platform.Workloads.
func (w *Walk) Get(ctx context.Context, kind workload.Kind, name string) (workload.Live, error) {
	if err := workload.CheckName(kind, name); err != nil {
		return workload.Live{}, err
	}
	w.lock.Lock()
	fresh := w.written[string(kind)+"/"+name]
	w.lock.Unlock()
	if fresh {
		return w.Client.Get(ctx, kind, name)
	}
	found, err := w.listed(ctx, kind)
	if err != nil {
		return workload.Live{}, err
	}
	live, ok := found[name]
	if !ok {
		return workload.Live{}, fmt.Errorf("workload %s/%s: %w", kind, name, mlops.ErrNotFound)
	}
	return live, nil
}

func (w *Walk) listed(ctx context.Context, kind workload.Kind) (map[string]workload.Live, error) {
	w.lock.Lock()
	known := w.listings[kind]
	if known == nil || known.old(w.now()) {
		known = &seen{ready: make(chan struct{}), found: map[string]workload.Live{}}
		w.listings[kind] = known
		go known.fill(context.WithoutCancel(ctx), w.Client, kind)
	}
	w.lock.Unlock()
	select {
	case <-known.ready:
		return known.found, known.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// old says that a listing is there and was read too long ago, or failed.
func (s *seen) old(now time.Time) bool {
	select {
	case <-s.ready:
		return s.err != nil || now.After(s.until)
	default:
		return false
	}
}

func (s *seen) fill(ctx context.Context, client *Client, kind workload.Kind) {
	defer close(s.ready)
	begin := client.now()
	all, err := client.List(ctx, kind)
	// What is long to read is read more seldom, or a walk would do nothing else.
	end := client.now()
	s.until = end.Add(max(seenFor, 4*end.Sub(begin)))
	for _, live := range all {
		s.found[live.Manifest.Name] = live
	}
	s.err = err
}

// Apply implements platform.Workloads.
func (w *Walk) Apply(ctx context.Context, manifest workload.Manifest, revision string) (workload.Live, error) {
	w.note(manifest.Kind, manifest.Name)
	return w.Client.Apply(ctx, manifest, revision)
}

// Delete implements platform.Workloads.
func (w *Walk) Delete(ctx context.Context, kind workload.Kind, name, incarnation string) error {
	w.note(kind, name)
	return w.Client.Delete(ctx, kind, name, incarnation)
}

func (w *Walk) note(kind workload.Kind, name string) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.written[string(kind)+"/"+name] = true
}
