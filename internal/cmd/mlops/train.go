package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/eventlog"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/lineage"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func newTrain() *cobra.Command {
	var asks asking
	var force, wait bool
	command := &cobra.Command{
		Use:   "train MODEL",
		Short: "Ask for a new version of a model",
		Long: `Ask the controller for a training run. The guards of the model's retrain policy (cool-down, budget, new rows, data
quality) may refuse it; --force passes them. The candidate still has to pass the validation gate, and a person where the
policy says so. Two people who ask at once get one training job.`,
		Example: `  mlops train flight-delay --reason "new airports in the network"
  mlops train flight-delay --force --wait`,
		Args: takes("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if wait && asks.noWait {
				return usageError("--wait and --no-wait: choose one")
			}
			in, err := openModel(cmd, args[0])
			if err != nil {
				return err
			}
			state, err := in.Model(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			result, err := asks.ask(cmd, in, mlops.Request{Action: mlops.ActionTrain, Model: args[0], Force: force})
			if err != nil || !wait || result.Answer == nil || result.Answer.RunID == "" {
				return err
			}
			return awaitRun(cmd, in, state, result.Answer.RunID)
		},
	}
	asks.flags(command)
	command.Flags().BoolVar(&force, "force", false, "pass the guards of the retrain policy")
	command.Flags().BoolVar(&wait, "wait", false, "follow the run until it is over or waits for a person or for data")
	return command
}

// openModel opens the project and makes sure that it has the model.
func openModel(cmd *cobra.Command, model string) (*project.Project, error) {
	in, err := openProject(cmd)
	if err != nil {
		return nil, err
	}
	return in, found(lineage.RequireModel(cmd.Context(), in, model))
}

// awaitRun tells a run's events as they come. The error is for a run that ended without a version in production.
func awaitRun(cmd *cobra.Command, in *project.Project, since mlops.State, id string) error {
	done := progress(cmd.ErrOrStderr(), "following run "+id)
	defer done()
	var last mlops.Event
	head := eventlog.Head{Sequence: since.Sequence, SHA256: since.SHA256}
	err := follow(cmd.Context(), in, since.Model, head, func(event mlops.Event) bool {
		if event.RunID != id || event.Type == mlops.RunJoined {
			return false
		}
		last = event
		cmd.PrintErrf("%s  %s  %s\n", whenExactly(event.Time), typeWords(event.Type), oneLine(lineage.Words(event)))
		return mlops.Terminal(event.Type) || event.Type == mlops.RunAwaitingApproval || event.Type == mlops.RunWaitingForData
	})
	if err != nil {
		return err
	}
	switch last.Type {
	case mlops.RunPromoted, mlops.RunWaitingForData, mlops.RunSuperseded:
		return nil
	case mlops.RunAwaitingApproval:
		fmt.Fprintf(cmd.OutOrStdout(), "to decide: mlops runs show %s, then mlops approve %s --reason \"...\"\n", id, id)
		return nil
	default:
		return exitError{code: exitFailed, message: fmt.Sprintf("run %s %s: see mlops runs show %s", id, typeWords(last.Type), id)}
	}
}
