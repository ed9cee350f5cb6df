//go:build linux || darwin

package local

import (
	"context"
	"io"

	workloads "github.com/terraform-mlops/terraform-provider-mlops/internal/workload/local"
)

// RunnerOptions are what the runner of a project is started with.
type RunnerOptions = workloads.Options

// RunnerDir is the folder in which the runner of a project keeps its own state, beside the store.
func RunnerDir(path string) string { return workloads.RunnerDir(path) }

// RunWorkloads runs what is declared in a project until ctx ends; another runner of the same project is an error.
func RunWorkloads(ctx context.Context, options RunnerOptions) error {
	return workloads.Run(ctx, options)
}

// StopWorkloads stops the runner of a project and all that it runs, or what a killed one has left.
func StopWorkloads(ctx context.Context, runnerDir string, progress io.Writer) error {
	return workloads.Stop(ctx, runnerDir, progress)
}

// RunPod holds the one pod that a runner has put on record in a folder.
func RunPod(ctx context.Context, folder string) error { return workloads.RunPod(ctx, folder) }
