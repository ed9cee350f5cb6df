package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/terraform-mlops/terraform-provider-mlops/internal/agent/drift"
	"github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"
)

func newDriftRun() *cobra.Command {
	var windowEnd string
	command := &cobra.Command{
		Use:   "run MONITOR",
		Short: "Judge one window now",
		Long: `Judges the window that ends at --window-end, or, without it, what the monitor's schedule would judge next.
The report goes to the project, and episodes open and close as in a scheduled look.`,
		Example: `  mlops drift run flight-delay
  mlops drift run flight-delay --window-end 2001-02-08T00:00:00Z`,
		Args: takes("MONITOR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			looker, err := newLooker(cmd, args[0])
			if err != nil {
				return err
			}
			if windowEnd == "" {
				return printReports(cmd, looker.Look)
			}
			end, err := parseTime(windowEnd)
			if err != nil {
				return err
			}
			return printReports(cmd, func(ctx context.Context) ([]mlops.DriftReport, error) {
				report, err := looker.Judge(ctx, end)
				return []mlops.DriftReport{report}, err
			})
		},
	}
	command.Flags().StringVar(&windowEnd, "window-end", "", "end of the window, as `time` (RFC 3339) or date")
	command.Flags().Bool("json", false, "print the reports as JSON")
	addProjectFlag(command)
	return command
}

func newDriftBackfill() *cobra.Command {
	var between span
	command := &cobra.Command{
		Use:     "backfill MONITOR --from TIME --to TIME",
		Short:   "Judge the past, window by window",
		Example: `  mlops drift backfill flight-delay --from 2001-02-01 --to 2001-03-01`,
		Args:    takes("MONITOR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			start, end, err := between.times()
			if err != nil {
				return err
			}
			looker, err := newLooker(cmd, args[0])
			if err != nil {
				return err
			}
			return printReports(cmd, func(ctx context.Context) ([]mlops.DriftReport, error) { return looker.Backfill(ctx, start, end) })
		},
	}
	between.flags(command, "window")
	command.Flags().Bool("json", false, "print the reports as JSON")
	addProjectFlag(command)
	return command
}

// newDriftLook is what a monitor's schedule runs.
func newDriftLook() *cobra.Command {
	command := &cobra.Command{
		Use:    "look MONITOR",
		Short:  "Judge what the schedule asks for",
		Hidden: true,
		Args:   takes("MONITOR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			looker, err := newLooker(cmd, args[0])
			if err != nil {
				return err
			}
			defer endTelemetry(looker.Project.Platform)
			_, err = looker.Look(cmd.Context())
			return err
		},
	}
	addProjectFlag(command)
	return command
}

func newLooker(cmd *cobra.Command, monitor string) (*drift.Looker, error) {
	on, err := openToWrite(cmd)
	if err != nil {
		return nil, err
	}
	logger := hclog.New(&hclog.LoggerOptions{Name: "drift", Output: os.Stderr, JSONFormat: true, Level: hclog.Info})
	if cmd.Name() != "look" { // a person reads along: words instead of lines for machines
		logger = hclog.NewNullLogger()
	}
	looker, err := drift.NewLooker(cmd.Context(), on, monitor, logger)
	if errors.Is(err, mlops.ErrNotFound) {
		return nil, noMonitor(cmd.Context(), on, monitor)
	}
	if err != nil {
		return nil, err
	}
	if cmd.Name() != "look" {
		looker.Progress = func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text+" ...") }
	}
	return looker, nil
}

func printReports(cmd *cobra.Command, judge func(context.Context) ([]mlops.DriftReport, error)) error {
	reports, err := judge(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(reports)
	}
	if len(reports) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "No window to judge: no record has passed the next slot of the schedule.")
	}
	for _, report := range reports {
		fmt.Fprintf(cmd.OutOrStdout(), "%s to %s: %s (%d rows, version %d)\n", report.WindowStart.Format(shortTime),
			report.WindowEnd.Format(shortTime), report.Verdict, report.Rows, report.ModelVersion)
		paragraph(cmd.OutOrStdout(), "  ", report.Summary)
	}
	return nil
}

const shortTime = "2006-01-02 15:04"

// span is a part of the past that a command is about.
type span struct{ from, to string }

// flags asks for both ends; what is cut into pieces of a kind.
func (s *span) flags(command *cobra.Command, piece string) {
	command.Flags().StringVar(&s.from, "from", "", "start of the first "+piece+", as `time` (RFC 3339) or date")
	command.Flags().StringVar(&s.to, "to", "", "end of the last "+piece+", as `time` (RFC 3339) or date")
}

func (s *span) times() (start, end time.Time, err error) {
	if start, err = parseTime(s.from); err != nil {
		return start, end, err
	}
	end, err = parseTime(s.to)
	return start, end, err
}

// parseTime reads a time as people write it: RFC 3339, or a date, which is its midnight in UTC.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, usageError("%q is not a time: write 2001-02-08T00:00:00Z or 2001-02-08", text)
}
