package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// Client declares workloads to the runner of one folder. Any number of clients in any number of processes may do so at
// once, whether the runner runs or not.
type Client struct {
	folder folder
	now    func() time.Time
}

var _ platform.Workloads = (*Client)(nil)

// New returns the client of a runner's folder (see RunnerDir); the folder need not be there yet.
func New(runnerDir string) (*Client, error) {
	absolute, err := filepath.Abs(runnerDir)
	if err != nil {
		return nil, fmt.Errorf("runner folder %s: %w", runnerDir, err)
	}
	return &Client{folder: folder(absolute), now: time.Now}, nil
}

// Apply implements platform.Workloads.
func (c *Client) Apply(ctx context.Context, manifest workload.Manifest, revision string) (workload.Live, error) {
	if err := manifest.Check(); err != nil {
		return workload.Live{}, fmt.Errorf("workload %s/%s: %w", manifest.Kind, manifest.Name, err)
	}
	lock, err := waitLock(ctx, c.folder.workloadsLock())
	if err != nil {
		return workload.Live{}, err
	}
	defer lock.release()
	current, err := c.folder.readDocument(manifest.Kind, manifest.Name)
	if err != nil && !errors.Is(err, mlops.ErrNotFound) {
		return workload.Live{}, err
	}
	live := workload.Live{Manifest: current.Manifest, Revision: current.revision, AppliedHash: current.AppliedHash}
	if err := workload.MayReplace(live, manifest, revision); err != nil {
		return workload.Live{}, fmt.Errorf("workload %s/%s: %w", manifest.Kind, manifest.Name, err)
	}
	next := document{
		Schema: documentSchema, UID: current.UID, Written: current.Written + 1, Created: current.Created,
		Incarnation: manifest.Incarnation, AppliedHash: manifest.Hash(), Manifest: manifest,
	}
	if current.broken != nil && next.UID == "" { // spoilt beyond reading: its status still knows which life this is
		var observed statusDocument
		if readJSON(c.folder.status(manifest.Kind, manifest.Name), &observed) == nil {
			next.UID, next.Created = observed.UID, c.now().UTC()
		}
	}
	if next.UID == "" {
		next.UID, next.Created = uuid.NewString(), c.now().UTC()
	}
	if err := writeJSON(c.folder.workload(manifest.Kind, manifest.Name), next); err != nil {
		return workload.Live{}, err
	}
	return c.Get(ctx, manifest.Kind, manifest.Name)
}

// Get implements platform.Workloads.
func (c *Client) Get(_ context.Context, kind workload.Kind, name string) (workload.Live, error) {
	if err := workload.CheckName(kind, name); err != nil {
		return workload.Live{}, err
	}
	doc, err := c.folder.readDocument(kind, name)
	if err != nil {
		return workload.Live{}, err
	}
	live := workload.Live{Manifest: doc.Manifest, Revision: doc.revision, AppliedHash: doc.AppliedHash}
	var observed statusDocument
	// A status that is not there yet, or is of an earlier life of this name, says nothing about this one.
	err = readJSON(c.folder.status(kind, name), &observed)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		observed.UID, observed.Status.Message = doc.UID, err.Error()
	}
	if observed.UID == doc.UID {
		live.Status = observed.Status
	}
	if live.Status.Phase == "" && kind == workload.KindJob {
		live.Status.Phase = workload.PhasePending
	}
	if doc.broken != nil {
		live.Status.Message = doc.broken.Error()
	}
	return live, nil
}

// List implements platform.Workloads.
func (c *Client) List(ctx context.Context, kind workload.Kind) ([]workload.Live, error) {
	names, err := documentNames(c.folder.workloads(kind))
	if err != nil {
		return nil, err
	}
	var all []workload.Live
	for _, name := range names {
		live, err := c.Get(ctx, kind, name)
		if errors.Is(err, mlops.ErrNotFound) || errors.Is(err, mlops.ErrInvalid) {
			continue // deleted since the listing, or a file that nobody of ours has put there
		}
		if err != nil {
			return nil, err
		}
		all = append(all, live)
	}
	return all, nil
}

// Delete implements platform.Workloads. The runner stops what runs once it sees that nothing is declared any more.
func (c *Client) Delete(ctx context.Context, kind workload.Kind, name, incarnation string) error {
	if err := workload.CheckName(kind, name); err != nil {
		return err
	}
	lock, err := waitLock(ctx, c.folder.workloadsLock())
	if err != nil {
		return err
	}
	defer lock.release()
	doc, err := c.folder.readDocument(kind, name)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	// The document's own note is asked, not the manifest, which a hand edit may have changed; one that a hand edit has
	// spoilt (no applied hash can be read) stands in nobody's way.
	if incarnation != "" && doc.Incarnation != incarnation && doc.AppliedHash != "" {
		return nil
	}
	path := c.folder.workload(kind, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("workload %s/%s: %w", kind, name, err)
	}
	return syncDir(filepath.Dir(path))
}

// Running implements platform.Workloads.
func (c *Client) Running(context.Context) (bool, string) {
	if lockHeld(c.folder.runnerLock()) {
		return true, ""
	}
	return false, "nothing runs: start `mlops local`"
}

// Endpoint implements platform.Workloads.
func (c *Client) Endpoint(project mlops.Project, deployment mlops.Deployment) string {
	port := int64(mlops.DefaultLocalPort)
	if project.Local != nil && project.Local.Port != 0 {
		port = project.Local.Port
	}
	return "http://127.0.0.1:" + strconv.FormatInt(port, 10) + "/" + deployment.Name
}
