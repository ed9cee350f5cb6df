package local

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// podDir is the folder of one pod.
type podDir string

func (d podDir) record() string    { return filepath.Join(string(d), "pod.json") }
func (d podDir) status() string    { return filepath.Join(string(d), "status.json") }
func (d podDir) lock() string      { return filepath.Join(string(d), "lock") }
func (d podDir) ownLog() string    { return filepath.Join(string(d), "pod.log") }
func (d podDir) logs() string      { return filepath.Join(string(d), "logs") }
func (d podDir) shared() string    { return filepath.Join(string(d), "shared") }
func (d podDir) home() string      { return filepath.Join(string(d), "home") }
func (d podDir) tmp() string       { return filepath.Join(string(d), "tmp") }
func (d podDir) scratch() []string { return []string{d.shared(), d.home(), d.tmp()} }

// runner is the folder of the runner that made the pod.
func (d podDir) runner() folder { return folder(filepath.Dir(filepath.Dir(string(d)))) }

func (d podDir) log(container string) string { return filepath.Join(d.logs(), container+".log") }
func (d podDir) rotatedLog(container string) string {
	return filepath.Join(d.logs(), container+".log.1")
}

// podRecord is what a pod runs: pod.json. It never changes, so a pod goes on as it was begun whatever is declared later.
type podRecord struct {
	Name     string        `json:"name"`
	Kind     workload.Kind `json:"kind"`
	Workload string        `json:"workload"`
	UID      string        `json:"uid"`      // of the workload
	Template string        `json:"template"` // hash of what replicas of a service must have in common
	Created  time.Time     `json:"created"`
	Slot     time.Time     `json:"slot,omitzero"`      // schedules
	Restarts int64         `json:"restarts,omitempty"` // of the replica that this pod continues
	// Service is the declaration that a replica was made from, without its count.
	Service *workload.Service `json:"service,omitempty"`
	Pod     workload.Pod      `json:"pod"`
	Timeout time.Duration     `json:"timeout,omitempty"` // nanoseconds; 0 for services

	Place      string `json:"place"`      // for agent containers only
	Executable string `json:"executable"` // the mlops binary
	Path       string `json:"path"`       // PATH of user containers
}

func (r podRecord) service() bool { return r.Kind == workload.KindService }

// podPhase is where a pod is in its one life.
type podPhase string

const (
	podStarting  podPhase = "starting" // its init containers run
	podRunning   podPhase = "running"
	podStopping  podPhase = "stopping"
	podSucceeded podPhase = "succeeded" // a job that ended well, or a replica that was stopped
	podFailed    podPhase = "failed"
)

func (p podPhase) done() bool { return p == podSucceeded || p == podFailed }

// podStatus is what became of a pod: status.json. A pod whose status says that it lives, and whose process does not, is lost.
type podStatus struct {
	Process    identity                   `json:"process"`
	Phase      podPhase                   `json:"phase"`
	Ports      map[string]int             `json:"ports,omitempty"`
	Containers map[string]containerStatus `json:"containers,omitempty"`
	Failed     string                     `json:"failed,omitempty"` // the container that is to blame
	ExitCode   int64                      `json:"exit_code,omitempty"`
	TimedOut   bool                       `json:"timed_out,omitempty"`
	Message    string                     `json:"message,omitempty"`
	Started    time.Time                  `json:"started"`
	Finished   time.Time                  `json:"finished,omitzero"`
}

// identity names one process for ever: a number alone is given to others after its process has ended.
type identity struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // as the kernel counts: clock ticks (Linux) or microseconds (macOS)
	Boot  string `json:"boot"`  // of the machine
}

// containerStatus is one container of a pod.
type containerStatus struct {
	PID int `json:"pid,omitempty"`
	// Digest is the SHA-256 of the program file: what stands for an image's digest on one machine.
	Digest   string `json:"digest,omitempty"`
	ExitCode *int64 `json:"exit_code,omitempty"` // nil while it runs; -1 when it was killed
}

// readStatus is false where there is none yet.
func (d podDir) readStatus() (podStatus, bool, error) {
	var status podStatus
	err := readJSON(d.status(), &status)
	if errors.Is(err, fs.ErrNotExist) {
		return podStatus{}, false, nil
	}
	return status, err == nil, err
}
