package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/collect/journal"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
)

// Settings may change while a collector runs.
type Settings struct {
	// SamplingPercentage of the correlation ids are recorded, 0 to 100.
	SamplingPercentage int `json:"sampling_percentage"`
	// Redact names columns that are never written.
	Redact []string `json:"redact,omitempty"`
	// Block makes scoring wait while the log is full; else the oldest records go, and are counted.
	Block bool `json:"block,omitempty"`
	// SyncAlways makes scoring wait until a record is safe against the end of the machine.
	SyncAlways bool `json:"sync_always,omitempty"`
}

// SettingsOf are those that a deployment declares.
func SettingsOf(declared mlops.DataCollection) Settings {
	return Settings{
		SamplingPercentage: int(declared.SamplingPercentage), Redact: declared.Redact,
		Block: declared.OnFull == mlops.OnFullBlock, SyncAlways: declared.Sync == mlops.SyncAlways,
	}
}

func (s Settings) check() error {
	if s.SamplingPercentage < 0 || s.SamplingPercentage > 100 {
		return fmt.Errorf("sampling %d: %w: a percentage lies between 0 and 100", s.SamplingPercentage, mlops.ErrInvalid)
	}
	return nil
}

func (s Settings) equal(other Settings) bool {
	return s.SamplingPercentage == other.SamplingPercentage && s.Block == other.Block && s.SyncAlways == other.SyncAlways && slices.Equal(s.Redact, other.Redact)
}

// inForce is what requests see: settings, made ready.
type inForce struct {
	Settings
	redact record.Redaction
}

// apply brings settings into force, for every request whose answer ends from now on.
func (c *Collector) apply(settings Settings) {
	c.settings.Store(&inForce{Settings: settings, redact: record.NewRedaction(settings.Redact...)})
	c.home.log.SetMode(journal.Mode{Block: settings.Block, SyncAlways: settings.SyncAlways})
}

// follow reads what is declared until ctx ends. What was read last counts while the store is away, also after a restart.
func (c *Collector) follow(ctx context.Context) {
	ticker := time.NewTicker(c.options.FollowInterval)
	defer ticker.Stop()
	for {
		c.lookUp(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// lookUp reads what is declared once.
func (c *Collector) lookUp(ctx context.Context) {
	declared, err := c.options.Follow(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, mlops.ErrNotFound) && c.settings.Load() != nil:
		return // it was deleted, and this collector is about to be told so
	case err == nil:
		err = declared.check()
	}
	if err != nil {
		c.options.Logger.Warn("the deployment's settings cannot be read; the last ones count", "error", err.Error())
		return
	}
	if known := c.settings.Load(); known != nil && known.equal(declared) {
		return
	}
	if err := c.keepSettings(declared); err != nil {
		c.options.Logger.Warn("the settings could not be kept for a restart", "error", err.Error())
	}
	c.apply(declared)
	c.options.Logger.Info("settings in force", "sampling", declared.SamplingPercentage, "redact", declared.Redact, "block", declared.Block, "sync_always", declared.SyncAlways)
}

func (c *Collector) keepSettings(settings Settings) error {
	content, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return journal.WriteFile(c.home.lock.Folder, settingsName, content)
}

// keptSettings are those of the predecessor in this home.
func (h *home) keptSettings() (Settings, bool) {
	content, err := os.ReadFile(filepath.Join(h.lock.Folder, settingsName))
	if err != nil {
		return Settings{}, false
	}
	var kept Settings
	if json.Unmarshal(content, &kept) != nil || kept.check() != nil {
		return Settings{}, false
	}
	return kept, true
}
