package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/audit"
)

func newAudit() *cobra.Command {
	return group(&cobra.Command{Use: "audit", Short: "Check that the project's history is what was written"}, newAuditVerify)
}

func newAuditVerify() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "verify",
		Short: "Walk every log and compare it with the heads that are sealed each hour",
		Long: `Every event holds the hash of the one before it, and the heads of all logs are sealed once an hour. This walks all of it:
a changed, missing or re-written event, and a log that was cut short, is named by its key and makes the exit code 1.`,
		Example: "  mlops audit verify\n  mlops audit verify --json",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := openProject(cmd)
			if err != nil {
				return err
			}
			done := progress(cmd.ErrOrStderr(), "reading every event")
			report, err := audit.Verify(cmd.Context(), in)
			done()
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), report)
			} else {
				printAudit(cmd, report)
			}
			if err == nil && !report.Intact() {
				return exitError{code: exitFailed, message: "the history is not what was written: " + plural(int64(len(report.Breaks)), "break")}
			}
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return command
}

func printAudit(cmd *cobra.Command, report audit.Report) {
	to := cmd.OutOrStdout()
	fmt.Fprintf(to, "%s in %s, compared with %s\n", plural(int64(report.Events), "event"), plural(int64(report.Logs), "log"), plural(int64(report.Seals), "hourly seal"))
	if report.Intact() {
		fmt.Fprintln(to, "intact: every event is what was written")
		return
	}
	table := newGrid(to, "  ")
	for _, found := range report.Breaks {
		table.row(found.Key, found.Message)
	}
	table.flush()
}
