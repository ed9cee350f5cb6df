//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What the demo reads from the answers of `mlops ... --json`, and from nothing else. Fields that it does not need are left out.

// statusView is `mlops status --json`.
type statusView struct {
	Models []modelView `json:"models"`
}

type modelView struct {
	Name     string `json:"name"`
	Champion *struct {
		Version int64 `json:"version"`
	} `json:"champion"`
	Deployments []deploymentView `json:"deployments"`
}

type deploymentView struct {
	Name   string  `json:"name"`
	Ready  int64   `json:"ready"`
	Served []int64 `json:"served_versions"` // by the ready replicas
}

// listedRun is one entry of `mlops runs MODEL --json`.
type listedRun struct {
	Run runView `json:"run"`
}

type runView struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Version int64  `json:"version"`
	Guard   string `json:"guard"`  // of a refused run
	Reason  string `json:"reason"` // of its state
	Causes  []struct {
		Kind string `json:"kind"`
	} `json:"causes"`
}

// settled says that a run is over or waits for something outside.
func (r runView) settled() bool {
	return slices.Contains([]string{stateRefused, "rejected", "declined", "superseded", "expired", "promoted", "rolled_back", "failed", "cancelled"}, r.State)
}

// countView is `mlops records count --json`.
type countView struct {
	Rows int `json:"rows"`
}

// reportView is a drift report, as `mlops drift run --json` prints it in a list.
type reportView struct {
	Verdict   string    `json:"verdict"`
	Summary   string    `json:"summary"`
	Rows      int       `json:"rows"`
	WindowEnd time.Time `json:"window_end"`
	Quality   []struct {
		Feature string `json:"feature"`
		Rule    string `json:"rule"`
		Message string `json:"message"`
	} `json:"quality"`
}

// notificationView is one message to the owners.
type notificationView struct {
	Topic     string   `json:"topic"`
	Subject   string   `json:"subject"`
	Summary   string   `json:"summary"`
	Receivers []string `json:"receivers"`
}

// replayView is the line that `flight-delay replay` prints.
type replayView struct {
	Requests int            `json:"requests"`
	Rows     int            `json:"rows"`
	Failed   int            `json:"failed"`
	Versions map[string]int `json:"versions"`
	Labels   int            `json:"labels"`
	Seconds  float64        `json:"seconds"`
}

// model is the view of the demo's model, empty as long as there is none.
func (s statusView) model() modelView {
	for _, m := range s.Models {
		if m.Name == modelName {
			return m
		}
	}
	return modelView{}
}

// champion is the version that the alias names, 0 for none.
func (m modelView) champion() int64 {
	if m.Champion == nil {
		return 0
	}
	return m.Champion.Version
}

// serves says whether so many replicas are ready and all serve this version.
func (m modelView) serves(version, replicas int64) bool {
	return len(m.Deployments) == 1 && m.Deployments[0].Ready == replicas &&
		!slices.ContainsFunc(m.Deployments[0].Served, func(served int64) bool { return served != version })
}

func (m modelView) words() string {
	words := []string{fmt.Sprintf("champion %d", m.champion())}
	for _, d := range m.Deployments {
		words = append(words, fmt.Sprintf("%d ready with versions %v", d.Ready, d.Served))
	}
	return strings.Join(words, ", ")
}

// runs lists the runs of the model, newest first.
func (d *demo) runs(ctx context.Context) ([]runView, error) {
	var listed []listedRun
	err := d.query(ctx, &listed, "runs", modelName)
	runs := make([]runView, len(listed))
	for i, one := range listed {
		runs[i] = one.Run
	}
	return runs, err
}

// hasCause says whether a run was started, or joined, by a kind of cause.
func (r runView) hasCause(kind string) bool {
	for _, cause := range r.Causes {
		if cause.Kind == kind {
			return true
		}
	}
	return false
}

// notifications are all messages to the owners so far: the store keeps each as a document.
func (d *demo) notifications() ([]notificationView, error) {
	var all []notificationView
	err := filepath.WalkDir(filepath.Join(d.project, "alerts"), func(path string, entry os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var n notificationView
		if err := json.Unmarshal(content, &n); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, n)
		return nil
	})
	return all, err
}

// notified counts the messages of a topic and returns the last.
func (d *demo) notified(topic string) (int, notificationView, error) {
	all, err := d.notifications()
	count, last := 0, notificationView{}
	for _, n := range all {
		if n.Topic == topic {
			count, last = count+1, n
		}
	}
	return count, last, err
}
