package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/artifact"
)

// newFetch is the first step of a pod: hidden, because people do not type it.
func newFetch() *cobra.Command {
	var request artifact.FetchRequest
	var exclude []string
	command := &cobra.Command{
		Use:    "fetch",
		Short:  "Put a model or a dataset's split where a container finds it (a pod's first step)",
		Hidden: true,
		Args:   takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, text := range exclude {
				version, err := artifact.ParseDatasetVersion(text)
				if err != nil {
					return usageError("--exclude: %v", err)
				}
				request.Exclude = append(request.Exclude, version)
			}
			opened, err := openProject(cmd)
			if err != nil {
				return err
			}
			note, err := artifact.Fetch(cmd.Context(), opened, request)
			if err != nil {
				return fmt.Errorf("fetch: %w", err)
			}
			if note.ArtifactSHA256 != "" {
				cmd.Printf("fetched model %.12s\n", note.ArtifactSHA256)
			}
			if note.Dataset != "" {
				cmd.Printf("fetched %s of %s version %d: %d rows, %d left out\n", note.Split, note.Dataset, note.DatasetVersion, note.InputRows, note.ExcludedRows)
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&request.ArtifactSHA256, "artifact", "", "SHA-256 of a version's model")
	flags.StringVar(&request.ModelTo, "model-to", "", "folder that the model is unpacked to")
	flags.StringVar(&request.Dataset, "dataset", "", "dataset to take rows from")
	flags.Int64Var(&request.DatasetVersion, "dataset-version", 0, "its version")
	flags.StringVar(&request.Split, "split", "", "training or holdout")
	flags.StringVar(&request.InputTo, "input-to", "", "folder that gets data.csv")
	flags.StringArrayVar(&exclude, "exclude", nil, "dataset/number whose training rows are left out of the holdout; may be repeated")
	flags.StringVar(&request.Output, "output", "", "folder that is made and emptied for the container's output")
	flags.StringVar(&request.Note, "note", "", "file that says what was fetched, for mlops publish")
	return command
}
