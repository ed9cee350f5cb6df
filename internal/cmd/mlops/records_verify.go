package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/platform"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/version"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

func newRecordsVerify() *cobra.Command {
	var w window
	var read, asJSON bool
	command := &cobra.Command{
		Use:   "verify --deployment NAME",
		Short: "Prove from the collectors' manifests that every record is there, or name what is not",
		Long: `Every collector numbers its records, says in the project that it has opened, by the hour what it shipped and lost, and at its end
its last number. verify adds that up: it names each gap with its reason, each segment that is missing, and each collector that
has opened and never closed: what such a one had not shipped is lost without a number, unless it still runs.

It ends with 1 where anything is lost, missing or unknown. With a window it looks at the collectors that have records in it,
and at those that never closed.`,
		Example: "  mlops records verify --deployment flight-delay --read",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, from, to, err := w.open(cmd)
			if err != nil {
				return err
			}
			of := record.Verification{Deployment: w.deployment, From: from, To: to, Read: read}
			if err := circumstances(cmd, &of); err != nil {
				return err
			}
			audit, err := record.Verify(cmd.Context(), store, of)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), audit)
			} else {
				printVerification(cmd.OutOrStdout(), audit)
			}
			if err == nil && !audit.Complete {
				return exitError{code: 1}
			}
			return err
		},
	}
	w.addFlags(command)
	command.Flags().BoolVar(&read, "read", false, "also read every segment and compare its hash")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// circumstances are which collectors run, and for how long records are kept, where a project says so.
func circumstances(cmd *cobra.Command, of *record.Verification) error {
	on, err := openPlatform(cmd.Context(), projectPlace(cmd), "--project")
	if err != nil {
		return err
	}
	if of.Running, err = runningInstances(cmd.Context(), on, of.Deployment); err != nil {
		return err
	}
	var declared mlops.Deployment
	_, err = project.Open(on, version.Version).Spec(cmd.Context(), mlops.KindDeployment, of.Deployment, &declared)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil
	}
	if days := declared.DataCollection.RetentionDays; err == nil && days > 0 {
		of.Expired = time.Now().AddDate(0, 0, -int(min(days, 36600)))
	}
	return err
}

func runningInstances(ctx context.Context, on platform.Platform, deployment string) (map[string]bool, error) {
	running := map[string]bool{}
	if runs, _ := on.Workloads.Running(ctx); !runs {
		return running, nil
	}
	live, err := on.Workloads.Get(ctx, workload.KindService, deployment)
	if errors.Is(err, mlops.ErrNotFound) {
		return running, nil
	}
	for _, replica := range live.Status.Replicas {
		running[replica.Name] = true
	}
	return running, err
}

func printVerification(to io.Writer, audit record.Audit) {
	fmt.Fprintf(to, "%d records of %d collectors are accounted for, %d are lost\n", audit.Records, len(audit.Instances), audit.Lost)
	table := newGrid(to, "  ")
	for _, one := range audit.Instances {
		words := fmt.Sprintf("%d records of %d", one.Records, one.Last)
		if one.Lost > 0 {
			words += fmt.Sprintf(", %d lost", one.Lost)
		}
		switch one.State {
		case record.StateUnknown:
			words += "; it opened at " + when(one.Opened) + " and never closed: what it had not shipped is lost without a number, unless it still runs"
		case record.StateRunning:
			words += " shipped so far"
		case record.StateComplete, record.StateLoss:
		}
		table.row(one.Instance, string(one.State), words)
	}
	table.flush()
	for _, one := range audit.Instances {
		for _, gap := range one.Gaps {
			fmt.Fprintf(to, "%s: numbers %d to %d are lost: %s\n", one.Instance, gap.First, gap.Last, gapWords(gap.Reason))
		}
		for _, problem := range one.Problems {
			fmt.Fprintf(to, "%s: %s\n", one.Instance, problem)
		}
		if one.Expired > 0 {
			fmt.Fprintf(to, "%s: %d segments have gone after their time\n", one.Instance, one.Expired)
		}
		if one.Note != "" {
			fmt.Fprintf(to, "%s: %s\n", one.Instance, one.Note)
		}
	}
}

// gapWords say for people why records are not there.
func gapWords(reason string) string {
	switch reason {
	case "log_full":
		return "the log was full while the store was away"
	case "log_write":
		return "the disk did not take them"
	case "log_corrupt":
		return "the log could not be read back"
	default:
		return "nobody knows why"
	}
}
