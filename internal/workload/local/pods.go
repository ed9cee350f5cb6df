//go:build linux || darwin

package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Pods that have ended are kept for their logs: so many of each service and schedule, and so many of all workloads that
// were deleted. A job's pod is kept as long as the job is declared.
const (
	keptPerWorkload = 5
	keptOfDeleted   = 20
)

// startPod puts a pod on record and starts its process. A pod whose folder is there already is never made again.
func (r *runner) startPod(now time.Time, record podRecord) error {
	record.Created, record.Place = now.UTC(), r.options.Place
	record.Executable, record.Path = r.options.Executable, r.options.Path
	dir := r.folder.pod(record.Name)
	if err := makePod(dir, record); err != nil {
		return err
	}
	p := &pod{record: record, dir: dir, seen: now}
	r.pods[record.Name] = p
	return p.refresh(now, r.changed)
}

// makePod makes the folder of a pod at once or not at all.
func makePod(dir podDir, record podRecord) error {
	parent := filepath.Dir(string(dir))
	temporary, err := os.MkdirTemp(parent, ".new-*")
	if err != nil {
		return fmt.Errorf("pod %s: %w", record.Name, err)
	}
	err = replaceJSON(podDir(temporary).record(), record)
	if err == nil {
		err = os.Chmod(temporary, 0o755)
	}
	if err == nil {
		err = os.Rename(temporary, string(dir)) // fails where a pod of that name is
	}
	if err != nil {
		_ = os.RemoveAll(temporary)
		return fmt.Errorf("pod %s: %w", record.Name, err)
	}
	return syncDir(parent)
}

// freePodName is a name that no replica has had.
func (r *runner) freePodName(service string) string {
	for {
		name := service + "-" + uuid.NewString()[:8]
		if _, err := os.Lstat(string(r.folder.pod(name))); errors.Is(err, os.ErrNotExist) {
			return name
		}
	}
}

// endUnwanted stops the pods of workloads that are declared no more.
func (r *runner) endUnwanted(now time.Time) {
	for _, p := range r.pods {
		if !p.live() {
			if p.health != nil {
				p.health.stop()
			}
			continue
		}
		if r.wanted(p) {
			continue
		}
		var err error
		if p.record.Kind == workload.KindService {
			err = p.retire(now)
		} else {
			err = p.stop(now)
		}
		if err != nil {
			r.complain("pod "+p.record.Name, err)
		}
	}
}

// wanted says that a workload is declared that looks after the pod.
func (r *runner) wanted(p *pod) bool {
	declared, ok := r.documents[key{kind: p.record.Kind, name: p.record.Workload}]
	if !ok {
		return false
	}
	// A service replaces the replicas of its earlier life one by one; a job or schedule has nothing to do with them.
	return p.record.Kind == workload.KindService || declared.broken != nil || declared.UID == p.record.UID
}

// pruneStates removes what deleted services have kept, once no pod of theirs is left and no file: what their last pods could
// not hand on stays until somebody takes it.
func (r *runner) pruneStates() {
	entries, err := os.ReadDir(r.folder.states())
	if err != nil {
		return // there is none yet
	}
	for _, entry := range entries {
		name := entry.Name()
		inUse := slices.ContainsFunc(r.replicasOf(name), func(p *pod) bool { return p.present() })
		if _, declared := r.documents[key{kind: workload.KindService, name: name}]; !declared && !inUse {
			removeEmpty(r.folder.state(name))
		}
	}
}

// removeEmpty removes a folder and those below it as far as they hold no file.
func removeEmpty(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if entry.IsDir() {
			removeEmpty(filepath.Join(dir, entry.Name()))
		}
	}
	_ = os.Remove(dir) // refused where something is left
}

// prune removes the folders of pods that ended long ago.
func (r *runner) prune() {
	ended := map[key][]*pod{}
	var deleted []*pod
	for _, p := range r.pods {
		k := key{kind: p.record.Kind, name: p.record.Workload}
		switch {
		case p.live():
		case !r.wanted(p):
			deleted = append(deleted, p)
		case p.record.Kind != workload.KindJob:
			ended[k] = append(ended[k], p)
		}
	}
	for _, pods := range ended {
		r.removeOldest(pods, keptPerWorkload)
	}
	r.removeOldest(deleted, keptOfDeleted)
	r.pruneStates()
}

func (r *runner) removeOldest(pods []*pod, keep int) {
	if len(pods) <= keep {
		return
	}
	slices.SortFunc(pods, func(a, b *pod) int { return b.record.Created.Compare(a.record.Created) })
	for _, p := range pods[keep:] {
		p.sweep()
		if err := os.RemoveAll(string(p.dir)); err != nil {
			r.complain("pod "+p.record.Name, err)
			continue
		}
		delete(r.pods, p.record.Name)
	}
}
