package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/dataset"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func newDatasetFromRecords() *cobra.Command {
	var w window
	var asks asking
	var minimum int64
	var dryRun, asJSON bool
	command := &cobra.Command{
		Use:   "from-records DATASET --deployment NAME",
		Short: "Publish a version from a deployment's traffic and the labels that came for it",
		Long: `Join the inference records of a deployment with the labels that came by feedback, by correlation id and row, and publish the
labelled rows as the next version of a dataset. They are checked, split and numbered as with mlops dataset publish, and copied:
retention of the records takes nothing from the version. The same records and labels make the same version.

Of several labels for one row the last by time counts. Of several requests with one correlation id the one that was answered
last has the labels. Rows without a label, failed requests, and columns that the dataset does not declare are left out; all of
it is counted in the version's manifest.`,
		Example: `  mlops dataset from-records flights --deployment flight-delay --from 2001-02-12 --to 2001-02-14 --dry-run
  mlops dataset from-records flights --deployment flight-delay --from 2001-02-12 --minimum-rows 1000`,
		Args: takes("DATASET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if minimum < 0 {
				return usageError("--minimum-rows %d: a number of rows is zero or above", minimum)
			}
			_, from, to, err := w.open(cmd)
			if err != nil {
				return err
			}
			in, err := openToWrite(cmd)
			if err != nil {
				return err
			}
			declared, err := declaredDataset(cmd.Context(), in, args[0])
			if err != nil {
				return found(err)
			}
			done := progress(cmd.ErrOrStderr(), "joining the records of "+w.deployment)
			version, err := dataset.FromRecords(cmd.Context(), dataset.RecordsRequest{
				Request: dataset.Request{
					Store: in.Store, Dataset: declared, Actor: asks.actor(), Now: in.Now, NewWriter: in.NewWriter, DryRun: dryRun,
				},
				Deployment: w.deployment, From: from, To: to, MinimumRows: minimum,
			})
			done()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), version)
			}
			printJoined(cmd.OutOrStdout(), version, dryRun)
			return nil
		},
	}
	w.addFlags(command)
	flags := command.Flags()
	flags.Int64Var(&minimum, "minimum-rows", 1, "least `number` of labelled rows; with fewer nothing is published")
	flags.BoolVar(&dryRun, "dry-run", false, "join and check, and publish nothing")
	flags.StringVar(&asks.as, "as", "", "`name` to publish as instead of the user's own (nobody checks it on one machine)")
	flags.BoolVar(&asJSON, "json", false, "print the version's manifest as JSON")
	return command
}

// printJoined says what the version is, and what was left out of it.
func printJoined(to io.Writer, version dataset.Publication, dryRun bool) {
	if dryRun && version.Number == 0 {
		fmt.Fprintf(to, "the next version of %s would hold %s; nothing was published (--dry-run)\n", version.Dataset, plural(version.Rows, "row"))
	} else {
		printVersion(to, version)
	}
	joined := mlops.JoinedRecords{}
	if version.Records != nil {
		joined = *version.Records
	}
	fmt.Fprintf(to, "  joined: %s of %s with a label, from %s\n", plural(joined.Labelled, "row"), plural(joined.Rows, "row"), plural(joined.Requests, "request"))
	for _, left := range []struct {
		count int64
		why   string
	}{
		{joined.Unlabelled, "rows without a label"}, {joined.Unusable, "rows with a cell that is a list or an object"}, {joined.Failed, "failed requests"},
		{joined.NotCaptured, "requests whose rows were not captured"}, {joined.Duplicates, "requests whose correlation id another one has too"},
		{joined.ReplacedLabels, "labels that a later one replaced"}, {joined.UnplacedLabels, "labels for rows that their request has not"},
		{joined.BrokenLines, "lines that cannot be read"},
	} {
		if left.count > 0 {
			fmt.Fprintf(to, "  left out: %d %s\n", left.count, left.why)
		}
	}
	if len(joined.UndeclaredColumns) > 0 {
		fmt.Fprintf(to, "  left out: columns that the dataset does not declare: %s\n", strings.Join(joined.UndeclaredColumns, ", "))
	}
}
