// Package status gathers what a person wants to see of a whole project at a glance: what is in production, what is under
// way, what waits for whom, and what to type next. It reads specs, folded logs and live workloads, each a fixed number of
// times whatever the history, and changes nothing.
package status

import (
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

// View is a project at one moment.
type View struct {
	Project       string         `json:"project"`
	Place         string         `json:"place"`
	Time          time.Time      `json:"time"`
	Runner        Runner         `json:"runner"`
	Models        []Model        `json:"models"`
	Notifications []Notification `json:"notifications"` // the last few, newest first
	// Outdated says that this mlops is older than what is declared: it shows what it understands and changes nothing, nor
	// does a controller of its version.
	Outdated string `json:"outdated,omitempty"`
	// Faults are documents that could not be read; everything else is shown without them.
	Faults []string `json:"faults,omitempty"`
	// Next are commands to type, the most urgent first.
	Next []Step `json:"next"`
}

// Runner says whether anything runs at all.
type Runner struct {
	Running bool `json:"running"`
	// Control says whether the controller is ready: nothing is decided without it.
	Control bool   `json:"control"`
	Message string `json:"message,omitempty"`
}

// Model is one model with all that hangs on it.
type Model struct {
	Name     string        `json:"name"`
	Owner    string        `json:"owner,omitempty"`
	Champion *Champion     `json:"champion"`
	Versions int64         `json:"versions"`
	Frozen   *mlops.Freeze `json:"frozen"`
	Parked   string        `json:"parked,omitempty"`
	// PushedAgain are images of which versions were made that were not the same each time.
	PushedAgain []mlops.PushedAgain `json:"images_pushed_again,omitempty"`
	Open        []Run               `json:"open_runs"` // oldest first
	Last        *Run                `json:"last_run"`  // the last that is over
	Deployments []Deployment        `json:"deployments"`
	Monitors    []Monitor           `json:"monitors"`
}

// Champion is the version in production.
type Champion struct {
	Version        int64              `json:"version"`
	Since          time.Time          `json:"since"`
	RunID          string             `json:"run_id"`
	Dataset        string             `json:"dataset"`
	DatasetVersion int64              `json:"dataset_version"`
	Image          string             `json:"image"`
	Metrics        map[string]float64 `json:"metrics,omitempty"`
}

// Run is one run in a line.
type Run struct {
	ID       string         `json:"id"`
	State    mlops.RunState `json:"state"`
	Cause    string         `json:"cause"`
	Since    time.Time      `json:"since"` // when it came to its state
	Deadline time.Time      `json:"deadline,omitzero"`
	Version  int64          `json:"version,omitempty"`
	// Waits says what it waits for, or why it ended.
	Waits string `json:"waits,omitempty"`
}

// Deployment is what is wanted and what serves.
type Deployment struct {
	Name     string  `json:"name"`
	Wanted   int64   `json:"wanted_version"` // 0 while there is none
	Served   []int64 `json:"served_versions"`
	Ready    int64   `json:"ready"`
	Replicas int64   `json:"replicas"`
	Endpoint string  `json:"endpoint"`
	InSync   bool    `json:"in_sync"`
	// Image is the digest that pods report of the model's own image, "" where that is not known.
	Image string `json:"image_digest,omitempty"`
	// LostRecords are known to be lost of what its collectors captured, ever; mlops records verify names them.
	LostRecords int64  `json:"lost_records"`
	Message     string `json:"message,omitempty"`
}

// Monitor is the last judgement and what is open.
type Monitor struct {
	Name       string          `json:"name"`
	Deployment string          `json:"deployment"`
	Verdict    mlops.Verdict   `json:"verdict,omitempty"`
	WindowEnd  time.Time       `json:"window_end,omitzero"`
	Summary    string          `json:"summary,omitempty"`
	Report     string          `json:"report,omitempty"`
	Episodes   []mlops.Episode `json:"open_episodes"`
	Parked     string          `json:"parked,omitempty"`
}

// Notification is what owners were told.
type Notification struct {
	Time    time.Time   `json:"time"`
	Topic   mlops.Topic `json:"topic"`
	Subject string      `json:"subject"`
	Summary string      `json:"summary"`
}

// Step is a command to type and why.
type Step struct {
	Command string `json:"command"`
	Why     string `json:"why"`
}
