package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/project"
)

func newDataset() *cobra.Command {
	return group(&cobra.Command{Use: "dataset", Short: "Publish versions of a dataset"}, newDatasetPublish, newDatasetFromRecords)
}

func newDatasetPublish() *cobra.Command {
	var source string
	var asJSON bool
	var asks asking
	command := &cobra.Command{
		Use:   "publish DATASET --source FILE",
		Short: "Publish a version of a dataset from a file or a folder",
		Long: `Check a file, or all files of a folder, against what the dataset declares, split it once into training and holdout, and
publish it as the next version. CSV with a header, JSON lines and Parquet are read. Where anything is wrong, all of it is
listed and nothing is published. What the newest version holds already is not published again.

Models whose retrain policy listens to new versions start a run.`,
		Example: `  mlops dataset publish flights --source data/2001-02.csv
  mlops dataset publish flights --source exports/february/ --json`,
		Args: takes("DATASET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if source == "" {
				return usageError("name the file or folder: %s (see %s --help)", cmd.UseLine(), cmd.CommandPath())
			}
			in, err := openToWrite(cmd)
			if err != nil {
				return err
			}
			declared, err := declaredDataset(cmd.Context(), in, args[0])
			if err != nil {
				return found(err)
			}
			done := progress(cmd.ErrOrStderr(), "publishing "+source)
			version, err := dataset.Publish(cmd.Context(), dataset.Request{
				Store: in.Store, Dataset: declared, SourcePath: source, Actor: asks.actor(), Now: in.Now, NewWriter: in.NewWriter,
			})
			done()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), version)
			}
			printVersion(cmd.OutOrStdout(), version)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&source, "source", "", "the `file` (CSV, JSON lines or Parquet), or a folder of such files")
	flags.StringVar(&asks.as, "as", "", "`name` to publish as instead of the user's own (nobody checks it on one machine)")
	flags.BoolVar(&asJSON, "json", false, "print the version's manifest as JSON")
	return command
}

// declaredDataset is the live spec of a dataset; where there is none the error says which there are.
func declaredDataset(ctx context.Context, in *project.Project, name string) (mlops.Dataset, error) {
	var declared mlops.Dataset
	_, err := in.Spec(ctx, mlops.KindDataset, name, &declared)
	if !errors.Is(err, mlops.ErrNotFound) {
		return declared, err
	}
	others, listErr := in.Specs(ctx, mlops.KindDataset)
	if listErr != nil {
		return declared, errors.Join(err, listErr)
	}
	if len(others) == 0 {
		return declared, fmt.Errorf("%w: no dataset is declared yet: declare one as mlops_dataset and apply", err)
	}
	names := make([]string, len(others))
	for i, other := range others {
		names[i] = other.Spec.SpecName()
	}
	return declared, fmt.Errorf("%w: there is %s", err, strings.Join(names, ", "))
}

func printVersion(to io.Writer, version dataset.Publication) {
	if version.Published {
		fmt.Fprintf(to, "published version %d of %s\n", version.Number, version.Dataset)
	} else {
		fmt.Fprintf(to, "version %d of %s holds the same already; nothing was published\n", version.Number, version.Dataset)
	}
	lines := newGrid(to, "  ")
	lines.row("training", plural(version.Training.Rows, "row"), bytesText(version.Training.Bytes), during(version.Training))
	lines.row("holdout", plural(version.Holdout.Rows, "row"), bytesText(version.Holdout.Bytes), during(version.Holdout))
	lines.flush()
	fmt.Fprintf(to, "  split: %s\n  source: %s, SHA-256 %s\n", version.SplitRule, version.Source, short(version.SHA256))
}

// during is the time that a split spans; "" where its rows have none.
func during(split mlops.Split) string {
	if split.From.IsZero() {
		return ""
	}
	return when(split.From) + " to " + when(split.To)
}
