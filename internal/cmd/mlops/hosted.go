package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/workload"
)

// newHosted stands in a job's pod where a user's container would: hidden, because people do not type it.
func newHosted() *cobra.Command {
	var text, input, output string
	command := &cobra.Command{
		Use:    "hosted",
		Short:  "Have a command run by a service outside of the cluster (in the place of a job's container)",
		Hidden: true,
		Args:   takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			job, err := workload.ParseHostedJob(text)
			if err != nil {
				return usageError("--job: %v", err)
			}
			opened, err := openProject(cmd)
			if err != nil {
				return err
			}
			if opened.Hosted == nil {
				return usageError("a project on one machine has nobody to host its jobs: leave the training's engine out")
			}
			if err := opened.Hosted.Run(cmd.Context(), job, input, output, func(line string) { cmd.Println(line) }); err != nil {
				return fmt.Errorf("hosted job %s: %w", job.Name, err)
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&text, "job", "", "the job as JSON")
	flags.StringVar(&input, "input", "", "folder that it reads")
	flags.StringVar(&output, "output", "", "folder that it fills")
	return command
}
