package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// kindWords are the kinds of workloads as people say them.
var kindWords = map[string]workload.Kind{
	"deployment": workload.KindService, "service": workload.KindService, "job": workload.KindJob, "run": workload.KindJob,
	"monitor": workload.KindSchedule,
}

func newLogs() *cobra.Command {
	var follow bool
	var kind string
	command := &cobra.Command{
		Use:   "logs NAME",
		Short: "Show what a deployment, a job, a drift monitor or the controller wrote",
		Long: `Show the log of a workload, each line marked with replica and container. NAME is a deployment, a drift monitor, a job, a
run (all its jobs; a part of its id, or "latest", will do), or "control" for the controller. A drift monitor has its
deployment's name unless it is given another: where they share one, --kind monitor asks for the monitor.`,
		Example: `  mlops logs flight-delay
  mlops logs control -f
  mlops logs flight-delay --kind monitor
  mlops logs latest --kind run`,
		Args: takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted := []workload.Kind{workload.KindService, workload.KindSchedule, workload.KindJob}
			if kind != "" {
				only, ok := kindWords[kind]
				if !ok {
					return usageError("--kind %q: use deployment, job, run or monitor", kind)
				}
				wanted = []workload.Kind{only}
			}
			in, err := openProject(cmd)
			if err != nil {
				return err
			}
			named, err := findLogs(cmd.Context(), in, args[0], wanted)
			if err != nil {
				return err
			}
			return copyLogs(cmd, in, named, follow)
		},
	}
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is written from now on, until Ctrl-C")
	command.Flags().StringVar(&kind, "kind", "", "where a name is shared: deployment, job, run or monitor")
	return command
}

// named is one workload.
type named struct {
	kind workload.Kind
	name string
}

// findLogs finds what a name means: a workload that is declared, else the jobs of a run.
func findLogs(ctx context.Context, in *project.Project, name string, kinds []workload.Kind) ([]named, error) {
	var declared []named
	for _, kind := range kinds {
		_, err := in.Workloads.Get(ctx, kind, name)
		switch {
		case err == nil:
			declared = append(declared, named{kind, name})
		case !errors.Is(err, mlops.ErrNotFound) && !errors.Is(err, mlops.ErrInvalid):
			return nil, err
		}
	}
	if len(declared) > 0 { // of several the first kind is meant
		return declared[:1], nil
	}
	if !slices.Contains(kinds, workload.KindJob) {
		return nil, nothingFound("nothing runs by the name %q: see mlops status", name)
	}
	run, err := lineage.FindRun(ctx, in, "", name, nil)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, nothingFound("neither a workload nor a run is named %q: see mlops status and mlops runs", name)
	}
	if err != nil {
		return nil, found(err)
	}
	return jobsOf(run.Run), nil
}

// jobsOf are the jobs that a run can have had, in their order.
func jobsOf(run mlops.Run) []named {
	var jobs []named
	for attempt := int64(1); attempt <= max(run.Attempt, 1); attempt++ {
		for _, step := range []string{mlops.StepTrain, mlops.StepEvaluateCandidate, mlops.StepEvaluateChampion} {
			jobs = append(jobs, named{workload.KindJob, mlops.JobName(run.ID, attempt, step)})
		}
	}
	return jobs
}

// copyLogs copies the logs one after another; only the last that is there is followed. Logs of jobs that are kept no
// longer are left out.
func copyLogs(cmd *cobra.Command, in *project.Project, all []named, follow bool) error {
	var kept []named
	for _, one := range all {
		if len(all) > 1 {
			if _, err := in.Workloads.Get(cmd.Context(), one.kind, one.name); follow && errors.Is(err, mlops.ErrNotFound) {
				continue
			}
		}
		kept = append(kept, one)
	}
	shown := 0
	for i, one := range kept {
		err := in.Workloads.Logs(cmd.Context(), one.kind, one.name, follow && i == len(kept)-1, cmd.OutOrStdout())
		if errors.Is(err, mlops.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("log of %s %s: %w", strings.TrimSuffix(string(one.kind), "s"), one.name, err)
		}
		shown++
	}
	if shown == 0 {
		return nothingFound("no log is kept any more: of a run that failed, its end is in mlops runs show")
	}
	return nil
}
