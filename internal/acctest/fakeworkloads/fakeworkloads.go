// Package fakeworkloads is a platform's workloads in memory: jobs end as a test says, services roll out at once or are held
// back, and every call can be made to fail before it acts or to lose its reply. It counts what was declared anew, so that a
// test sees whether anything ran twice. It must not know what the workloads are for.
package fakeworkloads

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// The verbs that hooks are given.
const (
	VerbApply  = "apply"
	VerbGet    = "get"
	VerbList   = "list"
	VerbDelete = "delete"
)

// Hook is asked around a call; the key is <kind>/<name>, of a list <kind>.
type Hook func(verb, key string) error

// Workloads implements platform.Workloads.
type Workloads struct {
	// Job ends a job when Step comes to it; nil lets it succeed. It may write what the job publishes.
	Job func(manifest workload.Manifest) workload.Status
	// Before fails a call before it acts; After loses its reply.
	Before, After Hook

	mutex   sync.Mutex
	live    map[string]workload.Live
	created map[string]int
	held    map[string]string
	writes  int64
}

var _ platform.Workloads = (*Workloads)(nil)

// New returns a platform that runs nothing yet.
func New() *Workloads {
	return &Workloads{live: map[string]workload.Live{}, created: map[string]int{}, held: map[string]string{}}
}

func keyOf(kind workload.Kind, name string) string { return string(kind) + "/" + name }

// Created says how often each <kind>/<name> was declared where nothing of that name was.
func (w *Workloads) Created() map[string]int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return maps.Clone(w.created)
}

// Hold keeps a service from becoming ready from its next change on; the message is its status. An empty one releases it.
func (w *Workloads) Hold(service, message string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if message == "" {
		delete(w.held, service)
		return
	}
	w.held[service] = message
}

// Step ends every job that has not ended and rolls out every service that is not held.
func (w *Workloads) Step(now time.Time) {
	w.mutex.Lock()
	var jobs []workload.Live
	for key, live := range w.live {
		switch {
		case live.Manifest.Kind == workload.KindJob && !live.Status.Phase.Done():
			jobs = append(jobs, live)
		case live.Manifest.Kind == workload.KindService:
			w.live[key] = w.rollOut(live)
		}
	}
	w.mutex.Unlock()
	slices.SortFunc(jobs, func(a, b workload.Live) int { return strings.Compare(a.Manifest.Name, b.Manifest.Name) })
	for _, job := range jobs {
		status := workload.Status{Phase: workload.PhaseSucceeded}
		if w.Job != nil {
			status = w.Job(job.Manifest)
		}
		if status.Phase.Done() {
			status.Finished = now
		}
		w.mutex.Lock()
		key := keyOf(workload.KindJob, job.Manifest.Name)
		if live, ok := w.live[key]; ok {
			live.Status = status
			w.live[key] = live
		}
		w.mutex.Unlock()
	}
}

func (w *Workloads) rollOut(live workload.Live) workload.Live {
	if message, held := w.held[live.Manifest.Name]; held {
		live.Status.Message, live.Status.LogTail, live.Status.UpdatedReady = message, message, 0
		return live
	}
	replicas := live.Manifest.Service.Replicas
	live.Status = workload.Status{
		ObservedHash: live.Manifest.Hash(), UpdatedReady: replicas, Ready: replicas, Versions: []int64{live.Manifest.Service.Version},
	}
	return live
}

// Apply declares a workload under the rules of platform.Workloads.
func (w *Workloads) Apply(ctx context.Context, manifest workload.Manifest, revision string) (live workload.Live, err error) {
	key := keyOf(manifest.Kind, manifest.Name)
	err = w.call(ctx, VerbApply, key, func() error {
		if err := manifest.Check(); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		current, exists := w.live[key]
		if err := workload.MayReplace(current, manifest, revision); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if !exists {
			w.created[key]++
		}
		w.writes++
		live = current
		live.Manifest, live.AppliedHash, live.Revision = manifest, manifest.Hash(), strconv.FormatInt(w.writes, 10)
		if manifest.Kind == workload.KindJob && live.Status.Phase == "" {
			live.Status.Phase = workload.PhasePending
		}
		w.live[key] = live
		return nil
	})
	return live, err
}

// Get returns a workload.
func (w *Workloads) Get(ctx context.Context, kind workload.Kind, name string) (live workload.Live, err error) {
	err = w.call(ctx, VerbGet, keyOf(kind, name), func() error {
		found, ok := w.live[keyOf(kind, name)]
		if !ok {
			return fmt.Errorf("workload %s/%s: %w", kind, name, mlops.ErrNotFound)
		}
		live = found
		return nil
	})
	return live, err
}

// List returns all of a kind in order of name.
func (w *Workloads) List(ctx context.Context, kind workload.Kind) (all []workload.Live, err error) {
	err = w.call(ctx, VerbList, string(kind), func() error {
		for _, live := range w.live {
			if live.Manifest.Kind == kind {
				all = append(all, live)
			}
		}
		slices.SortFunc(all, func(a, b workload.Live) int { return strings.Compare(a.Manifest.Name, b.Manifest.Name) })
		return nil
	})
	return all, err
}

// Delete removes a workload of the incarnation that is meant.
func (w *Workloads) Delete(ctx context.Context, kind workload.Kind, name, incarnation string) error {
	key := keyOf(kind, name)
	return w.call(ctx, VerbDelete, key, func() error {
		if live, ok := w.live[key]; ok && (incarnation == "" || incarnation == live.Manifest.Incarnation) {
			delete(w.live, key)
		}
		return nil
	})
}

// Logs writes nothing.
func (w *Workloads) Logs(context.Context, workload.Kind, string, bool, io.Writer) error { return nil }

// Running is always true.
func (w *Workloads) Running(context.Context) (bool, string) { return true, "" }

// Endpoint is an address that nothing listens on.
func (w *Workloads) Endpoint(_ mlops.Project, deployment mlops.Deployment) string {
	return "http://127.0.0.1:1/" + deployment.Name
}

func (w *Workloads) call(ctx context.Context, verb, key string, act func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.Before != nil {
		if err := w.Before(verb, key); err != nil {
			return fmt.Errorf("%s %s: %w", verb, key, err)
		}
	}
	w.mutex.Lock()
	err := act()
	w.mutex.Unlock()
	if err == nil && w.After != nil {
		if err := w.After(verb, key); err != nil {
			return fmt.Errorf("%s %s: %w", verb, key, err)
		}
	}
	return err
}
