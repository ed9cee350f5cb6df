// Package local wires a project on one machine: a folder as its store, processes as its workloads, a file and webhooks as
// its notifications. Together with platform/azure it is the only place that knows which platform a project is on.
package local

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/store/folder"
	workloads "github.com/terraform-mlops/terraform-provider-mlops/internal/workload/local"
)

// Scheme begins the place of a project on one machine: file:<path>.
const Scheme = "file:"

// Path is the folder of a place. A place of another platform is mlops.ErrInvalid.
func Path(place string) (string, error) {
	path, local := strings.CutPrefix(place, Scheme)
	if !local || path == "" {
		return "", fmt.Errorf("%w: place %q: write file:<folder>", mlops.ErrInvalid, place)
	}
	return path, nil
}

// Open opens the project in a folder and makes the folder where it is missing.
func Open(path string) (platform.Platform, error) {
	store, err := folder.Open(path)
	if err != nil {
		return platform.Platform{}, err
	}
	return wire(path, store)
}

// OpenExisting opens the project in a folder; a missing folder is mlops.ErrNotFound and is not made.
func OpenExisting(path string) (platform.Platform, error) {
	store, err := folder.OpenExisting(path)
	if err != nil {
		return platform.Platform{}, err
	}
	return wire(path, store)
}

// Endpoint is the stable address of a service, known before the project is there.
func Endpoint(project mlops.Project, deployment mlops.Deployment) string {
	var client workloads.Client // asks no folder
	return client.Endpoint(project, deployment)
}

func wire(path string, store platform.Store) (platform.Platform, error) {
	runnerDir := workloads.RunnerDir(path)
	client, err := workloads.New(runnerDir)
	if err != nil {
		return platform.Platform{}, err
	}
	return platform.Platform{
		Place: Scheme + path, Store: store, Workloads: client,
		Notifier:  &notifier{file: filepath.Join(runnerDir, "notifications.jsonl")},
		Telemetry: &telemetry{dir: workloads.MetricsDir(runnerDir)},
	}, nil
}
