package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/record/foreign"
)

func newRecordsImport() *cobra.Command {
	var given foreign.Import
	var asJSON bool
	command := &cobra.Command{
		Use:   "import FILE... --deployment NAME",
		Short: "Take records that were logged elsewhere",
		Long: `Read records that another program logged, and keep them as a deployment's. Files are read to the end before anything is
written, and the same files are written once: importing them again does nothing. What can be read:

  JSON lines of mlops records cat    records and labels of another project
  JSON lines of Azure ML's data      model_inputs, with model_outputs joined by correlation id, from the same file
  collector                          or another one of the call; other collections are passed over
  CSV, JSON lines, Parquet of rows   each row is a request of one row: --timestamp-column says when, and the columns
                                     named by --prediction-column, --label-column and --correlation-column are no part of it

Retention counts from the time in the files: what is older than the deployment keeps records goes with the next sweep.`,
		Example: `  mlops records import scored.parquet --deployment flight-delay --timestamp-column scheduled_departure \
    --prediction-column probability --label-column late --model-version 3
  mlops records import inputs.jsonl outputs.jsonl --deployment flight-delay --dry-run`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := mlops.ValidateName(given.Deployment); err != nil {
				return usageError("--deployment: %v", err)
			}
			if given.ModelVersion < 0 {
				return usageError("--model-version %d: versions count from 1", given.ModelVersion)
			}
			on, err := makePlatform(cmd.Context(), projectPlace(cmd), "--project")
			if err != nil {
				return err
			}
			done := progress(cmd.ErrOrStderr(), "importing")
			result, err := given.Files(cmd.Context(), on.Store, args)
			done()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), result)
			}
			printImport(cmd.OutOrStdout(), result, given.DryRun)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&given.Deployment, "deployment", "", "`name` of the deployment whose records they become")
	flags.StringVar(&given.Model, "model", "", "`name` of the model that answered (default: what the file says)")
	flags.Int64Var(&given.ModelVersion, "model-version", 0, "its version (default: what the file says)")
	flags.StringVar(&given.TimestampColumn, "timestamp-column", "", "`column` of the event time; of Azure ML's lines by default their own time")
	flags.StringVar(&given.PredictionColumn, "prediction-column", "", "`column` with the model's answer, of tables")
	flags.StringVar(&given.LabelColumn, "label-column", "", "`column` with the true outcome, of tables; empty where it is not known")
	flags.StringVar(&given.CorrelationColumn, "correlation-column", "", "`column` with the correlation id, of tables (default: one is made from the row's number)")
	flags.BoolVar(&given.DryRun, "dry-run", false, "read and check, and write nothing")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	_ = command.MarkFlagRequired("deployment") // the flag is there
	return command
}

func printImport(to io.Writer, result foreign.Result, dryRun bool) {
	fmt.Fprintf(to, "records       %d\nrows          %d\nlabels        %d\n", result.Records, result.Rows, result.Labels)
	if result.Passed > 0 {
		fmt.Fprintf(to, "passed over   %d (other collections, outputs without inputs)\n", result.Passed)
	}
	if result.Records > 0 {
		fmt.Fprintf(to, "first         %s\nlast          %s\n", result.First.Format(time.RFC3339), result.Last.Format(time.RFC3339))
	}
	switch {
	case dryRun:
		fmt.Fprintln(to, "nothing was written (--dry-run)")
	case result.Segments == 0:
		fmt.Fprintf(to, "all of it was imported before, as %s\n", result.Instance)
	default:
		fmt.Fprintf(to, "written as    %s, %s\n", result.Instance, plural(result.Segments, "segment"))
	}
}
