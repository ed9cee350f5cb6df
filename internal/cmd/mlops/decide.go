package main

import (
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

const runReference = `RUN is a run's id, a part of its beginning that no other run shares, or "latest".`

func awaitsApproval(run mlops.Run) bool { return run.State == mlops.RunAwaitingApproval }

func newApprove() *cobra.Command {
	return newDecision(decision{
		action: mlops.ActionApprove, use: "approve RUN", short: "Let a candidate into production", latest: awaitsApproval,
		long: `Approve a candidate that waits. The controller then rolls it out, watches it, and moves the alias when it holds. An
approval is void when the champion or the holdout has changed since. See the model card with ` + "`mlops runs show RUN`" + ` first.

` + runReference + " Here latest is the newest that waits for a person.",
		example: `  mlops approve run-3fa9c1d2e4 --reason "better on every slice"
  mlops approve latest --reason "reviewed with the data team"`,
	})
}

func newDecline() *cobra.Command {
	return newDecision(decision{
		action: mlops.ActionDecline, use: "decline RUN", short: "Keep a candidate out of production", latest: awaitsApproval,
		long:    "Decline a candidate that waits. The version stays in the registry and the champion stays in production.\n\n" + runReference + " Here latest is the newest that waits for a person.",
		example: `  mlops decline latest --reason "worse for small airports"`,
	})
}

func newRunsCancel() *cobra.Command {
	return newDecision(decision{
		action: mlops.ActionCancel, use: "cancel RUN", short: "End a run that is under way",
		latest:  func(run mlops.Run) bool { return !mlops.Terminal(run.State) },
		long:    "End a run: its job is stopped, and nothing of it is promoted.\n\n" + runReference + " Here latest is the newest that is not over.",
		example: `  mlops runs cancel latest --reason "wrong parameters"`,
	})
}

func newRunsRetry() *cobra.Command {
	return newDecision(decision{
		action: mlops.ActionRetry, use: "retry RUN", short: "Try a run again that failed",
		latest:  func(run mlops.Run) bool { return mlops.Terminal(run.State) && run.State != mlops.RunPromoted },
		long:    "Try again as a new attempt of the same run: same cause, same data.\n\n" + runReference + " Here latest is the newest that ended without a promotion.",
		example: `  mlops runs retry latest --reason "the disk was full"`,
	})
}

// decision is a command that asks for something about one run.
type decision struct {
	action                    mlops.RequestAction
	use, short, long, example string
	latest                    func(mlops.Run) bool
}

func newDecision(d decision) *cobra.Command {
	var asks asking
	var model string
	var force bool
	command := &cobra.Command{
		Use: d.use, Short: d.short, Long: d.long, Example: d.example, Args: takes("RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := asks.requireReason(cmd); err != nil {
				return err
			}
			in, err := openProject(cmd)
			if err != nil {
				return err
			}
			run, err := lineage.FindRun(cmd.Context(), in, model, args[0], d.latest)
			if err != nil {
				return found(err)
			}
			_, err = asks.ask(cmd, in, mlops.Request{Action: d.action, Model: run.Model, RunID: run.Run.ID, Force: force})
			return err
		},
	}
	asks.flags(command)
	command.Flags().StringVar(&model, "model", "", "look for the run of this model only")
	if d.action == mlops.ActionRetry {
		command.Flags().BoolVar(&force, "force", false, "pass the guards of the retrain policy")
	}
	return command
}
