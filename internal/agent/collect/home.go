package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// home is the folder of one instance: the log, who it belongs to, and what of it was shipped. It lies below the folder that
// --wal names, and outlives its process; it is removed once everything in it is in the store.
type home struct {
	lock  *journal.Lock
	owner owner
	log   *wal
	told  *account
}

// owner is owner.json: the instance, for good.
type owner struct {
	constants
	Writer string    `json:"writer"`
	Opened time.Time `json:"opened"`
	// Confirmed says that the store has the opening document, so that the name is this instance's own.
	Confirmed bool   `json:"confirmed"`
	Boot      string `json:"boot,omitempty"` // of the machine
	// Stopped says that its process ended in order; Interrupted that the machine once ended under one that had not.
	Stopped     bool `json:"stopped,omitempty"`
	Interrupted bool `json:"interrupted,omitempty"`
}

const (
	ownerName    = "owner.json"
	settingsName = "settings.json"
)

// mostNames are tried before an instance gives up finding one of its own.
const mostNames = 1000

// openHome takes the folder of an instance and goes on where its predecessor of the same name stopped.
func openHome(root string, wanted constants, options journal.Options, clock func() time.Time) (*home, error) {
	lock, err := journal.TryLock(filepath.Join(root, wanted.Instance))
	if err != nil {
		return nil, err
	}
	h := &home{lock: lock}
	h.owner, err = readOwner(lock.Folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.owner = owner{Writer: uuid.NewString(), Opened: clock().UTC()}
	case err != nil:
		return nil, errors.Join(err, lock.Release())
	default:
		wanted.Instance = h.owner.Instance
		h.owner.Interrupted = h.owner.interrupted()
	}
	h.owner.constants, h.owner.Boot, h.owner.Stopped = wanted, bootID(), false
	if err := errors.Join(h.saveOwner(), h.mark(), h.open(options)); err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return h, nil
}

// open opens the log and the account of a home.
func (h *home) open(options journal.Options) error {
	options.Header = func() []byte { return h.owner.header() }
	log, err := journal.Open(h.lock, options)
	if err != nil {
		return err
	}
	h.log = &wal{Journal: log}
	if h.told, err = openAccount(h.lock.Folder); err != nil {
		return errors.Join(err, log.Close())
	}
	return nil
}

func readOwner(folder string) (owner, error) {
	content, err := os.ReadFile(filepath.Join(folder, ownerName))
	if err != nil {
		return owner{}, fmt.Errorf("log folder %q: %w", folder, err)
	}
	var read owner
	if err := json.Unmarshal(content, &read); err != nil || read.Instance == "" || mlops.ValidateName(read.Deployment) != nil {
		return owner{}, fmt.Errorf("log folder %q: %w: %s does not say whose it is", folder, mlops.ErrInvalid, ownerName)
	}
	return read, nil
}

func (h *home) saveOwner() error {
	content, err := json.Marshal(h.owner)
	if err == nil {
		err = journal.WriteFile(h.lock.Folder, ownerName, content)
	}
	if err != nil {
		return fmt.Errorf("log folder %q: %w", h.lock.Folder, err)
	}
	return nil
}

// claim makes the instance's opening document. Where another collector has the name, it takes the next one.
func (h *home) claim(ctx context.Context, store platform.Store) error {
	if h.owner.Confirmed {
		return nil
	}
	base := h.owner.Instance
	for attempt := 2; attempt < mostNames; attempt++ {
		opening := record.Opening{
			Schema: record.OpeningSchema, Writer: h.owner.Writer, Deployment: h.owner.Deployment, Instance: h.owner.Instance,
			Model: h.owner.Model, ModelVersion: h.owner.ModelVersion, Time: h.owner.Opened,
		}
		if err := record.WriteOnce(ctx, store, record.OpeningKey(opening.Deployment, opening.Instance), opening); err != nil {
			return err
		}
		there, err := record.ReadOpening(ctx, store, opening.Deployment, opening.Instance)
		if err != nil {
			return err
		}
		if there.Writer == opening.Writer {
			h.owner.Confirmed = true
			return h.saveOwner()
		}
		h.owner.Instance = fmt.Sprintf("%s-%d", base, attempt)
		if err := h.saveOwner(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %d collectors had the name %q before", mlops.ErrConflict, mostNames, base)
}

// finish writes what is left to be said of an instance whose log is in the store, and removes its home. by is who does so.
func (h *home) finish(ctx context.Context, store platform.Store, by string, now time.Time) error {
	if !h.owner.Confirmed {
		if err := h.claim(ctx, store); err != nil {
			return err
		}
	}
	h.noteHoles()
	if err := h.told.tell(ctx, store, h, now, true); err != nil {
		return err
	}
	lost := h.losses()
	closing := record.Closing{
		Schema: record.ClosingSchema, Deployment: h.owner.Deployment, Instance: h.owner.Instance, Last: h.log.Next() - 1,
		Manifests: h.told.number - 1, Records: h.told.records, Lost: lost, Ended: h.ended(by), By: by, Time: now.UTC(),
	}
	if err := record.WriteOnce(ctx, store, record.ClosingKey(h.owner.Deployment, h.owner.Instance), closing); err != nil {
		return err
	}
	return errors.Join(h.told.close(), h.log.Destroy())
}

// noteHoles counts numbers as damaged that were given, and stand in no segment that was shipped.
func (h *home) noteHoles() {
	if next := h.log.Next(); h.told.last+1 < next {
		h.log.Damaged(h.told.last+1, next-1)
	}
}

// interrupted says that the machine has ended under a process that had not.
func (o owner) interrupted() bool { return o.Interrupted || !o.Stopped && o.Boot != bootID() }

func (h *home) ended(by string) record.Ended {
	switch {
	case h.owner.interrupted():
		return record.EndedMachine
	case by == h.owner.Instance || h.owner.Stopped:
		return record.EndedStopped
	default:
		return record.EndedKilled
	}
}

func (h *home) losses() []record.Gap {
	var lost []record.Gap
	for _, gap := range h.log.Lost() {
		lost = append(lost, record.Gap{First: gap.First, Last: gap.Last, Reason: string(gap.Reason)})
	}
	return lost
}

// leave gives the home back with what is in it.
func (h *home) leave() error {
	h.owner.Stopped = true
	return errors.Join(h.saveOwner(), h.told.close(), h.log.Close())
}

// bootID names this run of the machine; "" where nobody knows.
func bootID() string {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
