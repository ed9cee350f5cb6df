package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/artifact"
)

// newPublish is the last step of a job's pod: hidden, because people do not type it.
func newPublish() *cobra.Command {
	var request artifact.PublishRequest
	command := &cobra.Command{
		Use:    "publish",
		Short:  "Check and store what a container left behind, once (a job's last step)",
		Hidden: true,
		Args:   takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			opened, err := openProject(cmd)
			if err != nil {
				return err
			}
			output, fenced, err := artifact.Publish(cmd.Context(), opened, request)
			switch {
			case err != nil:
				return fmt.Errorf("publish: %w", err)
			case fenced:
				cmd.Printf("attempt %d of run %s has the output of its %s step already: the first counts, this one is without effect\n",
					request.Attempt, request.RunID, request.Step)
			case output.Output != nil:
				cmd.Printf("published model %.12s, %d bytes\n", output.Output.ArtifactSHA256, output.Output.Bytes)
			default:
				cmd.Printf("published %d metrics on %d rows\n", len(output.Metrics), output.HoldoutRows)
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&request.Model, "model", "", "the model")
	flags.StringVar(&request.RunID, "run", "", "the run")
	flags.Int64Var(&request.Attempt, "attempt", 0, "the attempt of the run")
	flags.StringVar(&request.Step, "step", "", "train, evaluate-candidate or evaluate-champion")
	flags.StringVar(&request.From, "from", "", "folder that the container wrote to")
	flags.StringVar(&request.Note, "note", "", "what mlops fetch noted")
	return command
}
