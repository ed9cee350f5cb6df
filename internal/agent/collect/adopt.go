package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// adopt ships what instances have left below a folder whose processes are gone, and closes them, in the name of by. The folder
// own is left alone. Those of another deployment wait for a collector of theirs, whose redaction counts.
func (s *shipper) adopt(ctx context.Context, root, deployment, by, own string, options journal.Options) (adopted int, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return 0, fmt.Errorf("log folder %q: %w", root, err)
	}
	var faults []error
	for _, entry := range entries {
		folder := filepath.Join(root, entry.Name())
		if !entry.IsDir() || folder == own || ctx.Err() != nil {
			continue
		}
		took, err := s.adoptOne(ctx, folder, deployment, by, options)
		if took {
			adopted++
		}
		faults = append(faults, err)
	}
	return adopted, errors.Join(errors.Join(faults...), ctx.Err())
}

func (s *shipper) adoptOne(ctx context.Context, folder, deployment, by string, options journal.Options) (bool, error) {
	lock, err := journal.TryLock(folder)
	if errors.Is(err, mlops.ErrConflict) {
		return false, nil // it runs
	}
	if err != nil {
		return false, err
	}
	h := &home{lock: lock}
	if h.owner, err = readOwner(folder); errors.Is(err, fs.ErrNotExist) {
		return false, abandon(lock)
	}
	if err != nil || h.owner.Deployment != deployment {
		return false, errors.Join(err, lock.Release())
	}
	if runs, err := h.mayRun(); err != nil || runs {
		s.logger.Debug("a log is left alone: not long ago its collector ran on another machine", "instance", h.owner.Instance)
		return false, errors.Join(err, lock.Release())
	}
	options.Lost = func(reason journal.Reason, count int64) {
		s.metrics.lost.WithLabelValues(string(reason)).Add(float64(count))
	}
	if err := h.open(options); err != nil {
		return false, errors.Join(err, lock.Release())
	}
	_, records := h.log.Backlog()
	if err := s.deliver(ctx, h, by); err != nil {
		return false, errors.Join(err, h.told.close(), h.log.Close())
	}
	s.logger.Info("shipped what another collector has left", "instance", h.owner.Instance, "records", records)
	return true, nil
}

// abandon removes a folder in which nobody had begun; one that holds a log without saying whose it is stays.
func abandon(lock *journal.Lock) error {
	if logs, _ := filepath.Glob(filepath.Join(lock.Folder, "*.wal")); len(logs) > 0 {
		return errors.Join(fmt.Errorf("log folder %q: %w: it does not say whose log it holds", lock.Folder, mlops.ErrInvalid), lock.Release())
	}
	return lock.Remove()
}

// Recovery is what Recover needs.
type Recovery struct {
	Store      platform.Store
	Deployment string
	WAL        string   // the folder that the collectors were given
	Redact     []string // columns that are never stored, also where they were when the record was captured
	Logger     hclog.Logger
}

// Recover ships what collectors have left below a folder whose processes are gone, and says how many they were.
func Recover(ctx context.Context, recovery Recovery) (instances int, records int64, err error) {
	if err := mlops.ValidateName(recovery.Deployment); err != nil {
		return 0, 0, fmt.Errorf("deployment: %w", err)
	}
	if recovery.Logger == nil {
		recovery.Logger = hclog.NewNullLogger()
	}
	redact := record.NewRedaction(recovery.Redact...)
	s := newShipper(Options{Store: recovery.Store, Logger: recovery.Logger, Clock: time.Now, LongestRetry: 5 * time.Second},
		newMetrics(func() *wal { return nil }, &budget{}), func() record.Redaction { return redact })
	var limits Options
	limits.setDefaults()
	instances, err = s.adopt(ctx, recovery.WAL, recovery.Deployment, "recover", "", limits.journal())
	return instances, s.metrics.sum(s.metrics.shipped), err
}
